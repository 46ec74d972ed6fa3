"""What callers asked of the simulated platform: every write with its fate, and how often each read was made."""

from collections import Counter
from dataclasses import asdict, dataclass, field

from reconciler.simulators.exchange import Json


@dataclass(frozen=True, slots=True)
class Write:
    """One write call. `status` is what was answered, 0 where the connection broke; `fault` is what struck it."""

    route: str
    method: str
    path: str
    body: Json
    status: int
    fault: str | None
    at: float


@dataclass(slots=True)
class CallLog:
    """The writes in order, the reads by route."""

    writes: list[Write] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Forget everything."""
        self.writes.clear()
        self.reads.clear()

    def describe(self) -> dict[str, Json]:
        """All of it as JSON-ready values."""
        return {"writes": [asdict(write) for write in self.writes], "reads": dict(self.reads)}
