"""What events are made of: the slots of a call, and what fails alike."""

import msgspec

from reconciler.model.change import Verb
from reconciler.model.unit import Ref


class SlotName(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A slot as people and files name it."""

    unit: Ref
    workload: Ref
    verb: Verb
    size: int
    """Devices in the unit."""
    to: str | None = None
    """The version that it is to have assigned; None for a removal."""
    observed: str = ""
    """The digest that the slot had when this was decided."""
    free: bool = False
    """Whether it counts against no limit: other versions that go, or a further step of what counted before."""


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """Slots of one workload that fail alike: as many as `slots`, a few of which are in `units`."""

    workload: Ref
    version: str | None
    slots: int
    units: tuple[Ref, ...]
    error: str = ""
    """What the platform says of the first of them."""
