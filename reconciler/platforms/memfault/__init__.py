"""Memfault: releases of software types, activated for cohorts of devices in one project."""

from reconciler.platforms.memfault.platform import Memfault, factory

__all__ = ["Memfault", "factory"]
