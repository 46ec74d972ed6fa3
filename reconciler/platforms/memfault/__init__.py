"""Memfault: releases of software types, activated for cohorts of devices in one project."""
