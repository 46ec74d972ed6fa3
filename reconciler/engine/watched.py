"""How to watch: what a person gives on the command line of `reconciler watch`."""

from __future__ import annotations

import msgspec

from reconciler.core.assessment import Filters
from reconciler.engine.recent import FULL_EVERY
from reconciler.engine.run import Options


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """How to watch. `interval` in seconds. `apply` lets fleets whose own mode is `apply` be changed."""

    interval: float = 60.0
    once: bool = False
    apply: bool = False
    propose: bool = False
    """Whether fleets whose own mode is `apply` wait for a person as well, as those do whose mode is `propose`."""
    detailed: bool = False
    """Whether the exit code says what was found and not corrected, where nothing went wrong."""
    filters: Filters = Filters()
    strict: bool = False
    options: Options = Options(wait=False)
    full_every: int = FULL_EVERY
    """Passes of which one reads everything."""
