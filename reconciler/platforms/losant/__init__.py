"""Losant: edge workflows on Edge Compute devices, released through the edge deployments of one application."""
