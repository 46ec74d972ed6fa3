"""GetApp: releases of projects on devices, through a CDN master or one agent, prepared by a delivery server."""
