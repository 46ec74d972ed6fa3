"""GetApp: releases of projects on devices, through a CDN master or one agent, prepared by a delivery server."""

from reconciler.platforms.getapp.platform import GetApp, factory

__all__ = ["GetApp", "factory"]
