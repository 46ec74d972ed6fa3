"""A platform's simulator as `simulate` and `demo` run it, and the story that the demo tells about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

Announcement = dict[str, str]
"""What a simulator says of itself: address, names and made-up secrets."""

Row = dict[str, Any]
"""One slot of a simulator's state, as its control surface tells it."""


class Runs(Protocol):
    """A simulator being served."""

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; the first line of standard output is the announcement, as one JSON object."""
        ...


class SimulatorOption(msgspec.Struct, frozen=True):
    """An option of `simulate NAME`: a number, or a duration (given in seconds) where the default is a text."""

    name: str
    default: int | str
    help: str


class Slot(NamedTuple):
    """A slot as the story sees it: the unit's id and name, the workload, what is assigned there (None for nothing)."""

    unit: str
    name: str
    workload: str
    assigned: str | None


class Proposal(NamedTuple):
    """Words for the step in which what `doctor` proposes goes into the connection."""

    title: str
    text: str


class Bad(NamedTuple):
    """A version that no device can start, for the rollout that halts."""

    workload: str
    version: str
    spoil: Callable[[Slot], tuple[str, dict[str, Any]]]
    """How a device comes to fail: a verb of the simulator with its values."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """All that differs between platforms in the demo; the story itself is the same for all."""

    title: str
    """What is running, in words."""
    units: str
    """What units are called."""
    simulator: Callable[[int], Sequence[str]]
    """Options of `simulate`, by the number of devices asked for."""
    connect: Callable[[Announcement], Sequence[str]]
    """Options of `import`."""
    secrets: Callable[[Announcement], dict[str, str]]
    """Environment variables that hold the secrets."""
    slot: Callable[[Row], Slot]
    click: Callable[[Slot, str], Sequence[tuple[str, dict[str, Any]]]]
    """How somebody sets a slot back to an older version by hand: verbs of the simulator with their values."""
    proposal: Proposal | None = None
    bad: Bad | None = None
    """What spreads in waves and halts, as the last act; without one it is left out."""
    note: str = ""
    """What is particular, said where the manifest is changed."""
    order: int = 100
    """Its place among the stories; the first is the default."""


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """A simulator and its options. `shape`, `faults` and `variants` raise ValueError with words for people."""

    help: str
    """What it simulates, and what its first line of output names; the help of its command."""
    example: str
    """Options, as the help shows them."""
    device: str
    """The name of a device, for the help."""
    options: tuple[SimulatorOption, ...]
    """Options besides those that all have: `units` and `workloads`, which are platforms' own things, and more."""
    shape: Callable[..., Any]
    """Makes a shape of the options, by name: units, workloads, versions, seed, settle, offline, failing, and its own."""
    faults: Callable[[int, Sequence[str]], Any]
    """Makes faults of a seed and texts `KIND=RATE`."""
    variants: Callable[[Sequence[str]], Any]
    """Makes answers of texts `QUESTION=ANSWER`."""
    serve: Callable[..., Runs]
    """Called as `serve(shape, port=…, variants=…, faults=…)`."""
    story: Story | None = None
    """What the demo tells about it; without one it has no part in the demo."""
