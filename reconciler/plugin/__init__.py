"""What a platform brings along so that everything else works with it: one value, found by the registry.

A package adds a platform by naming a `PlatformPlugin` in the entry-point group `reconciler.platforms`. CONTRIBUTING has
the recipe.
"""

from reconciler.plugin.meaning import Finding, address, wrong_address
from reconciler.plugin.platform import Option, PlatformPlugin, Plugins
from reconciler.plugin.simulation import Bad, Proposal, Row, Simulation, SimulatorOption, Slot, Story

__all__ = [
    "Bad",
    "Finding",
    "Option",
    "PlatformPlugin",
    "Plugins",
    "Proposal",
    "Row",
    "Simulation",
    "SimulatorOption",
    "Slot",
    "Story",
    "address",
    "wrong_address",
]
