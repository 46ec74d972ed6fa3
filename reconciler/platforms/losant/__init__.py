"""Losant: edge workflows on Edge Compute devices, released through the edge deployments of one application."""

from reconciler.platforms.losant.platform import Losant, factory

__all__ = ["Losant", "factory"]
