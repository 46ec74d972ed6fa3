"""What the engine needs of the world, as protocols. Adapters implement them; `cli.wiring` alone chooses which."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from reconciler.core.track_record import TrackRecord
from reconciler.model.change import NOTHING_REFUSED, Action, Change, Refusals, Review, SlotId, Staging
from reconciler.model.drift import Actor
from reconciler.model.event import AnyEvent
from reconciler.model.fleet import Manifest
from reconciler.model.memory import Holder, Memory
from reconciler.model.notice import Message
from reconciler.model.origin import Origin
from reconciler.model.outcome import Receipt
from reconciler.model.provenance import Placement, Provenance
from reconciler.model.release import Catalog, Preparation, Release, ReleaseList, ReleaseQuery, Wanted
from reconciler.model.repository import Author, Exported, Revision, TakenBack
from reconciler.model.ruling import RolloutId
from reconciler.model.snapshot import Query, Snapshot
from reconciler.model.unit import Ref


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform can do, for messages and for the engine's choices."""

    platform: str
    ids_per_call: int
    wide_calls: bool
    orders_versions: bool
    """Whether one version is later than another, as `core.versions.later` says."""
    retries_itself: bool
    """Whether the platform tries again by itself after a unit failed to take a version."""
    uninstalls: bool
    selectors: frozenset[str]
    """Selector keys that mean something here, of: ids, names, tags, cohorts."""
    steps: bool = False
    """Whether a change may need several calls, each after the one before took effect."""
    staging: Staging | None = None
    """How the platform assigns a version to a share of a unit's devices; None where it cannot."""


class Check(msgspec.Struct, frozen=True):
    """One finding of `doctor`. `status` is ok, warning, failed or unchecked."""

    name: str
    status: str
    message: str
    hint: str = ""
    proposal: Mapping[str, Any] = {}
    """What could be put into the connection, below its platform, once a person has read it: plain values."""


class Clock(Protocol):
    """Time as an argument. Dates come from `now`; deadlines, ages and pauses from `monotonic`."""

    def now(self) -> float:
        """Return seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never steps; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> bool:
        """Wait; return True at once when the run was asked to stop."""
        ...

    def stopping(self) -> bool:
        """Return whether the run was asked to stop."""
        ...


class ReadProgress(Protocol):
    """To whom a platform says how its requests go and how far its reading is, from several threads."""

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None:
        """So many rows of `what` were read by now, in so many pages; `total` is how many there are, where that is known."""
        ...

    def answered(self, status: int | None) -> None:
        """A request was answered with this status, or not at all (None)."""
        ...


class Silent:
    """Nobody wants to know how far a reading is."""

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None:
        """Do nothing."""

    def answered(self, status: int | None) -> None:
        """Do nothing."""


SILENT = Silent()


class Platform(Protocol):
    """One connection of one platform. Methods raise PlatformError; they retry what is safe to retry themselves."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what this platform can do."""
        ...

    @property
    def identity(self) -> str:
        """Return which application this is, without secrets: `PLATFORM:https://host/applications/ID`."""
        ...

    def observe(self, query: Query, since: Snapshot | None = None) -> Snapshot:
        """Read units, workloads and states. Never raises for what merely stays unproved: coverage says that.

        A narrowed query still carries all units and workloads of the inventory; slots outside it stand as UNSEEN-like
        state 0 and must not be judged by the caller. `since` is an earlier whole reading of the same connection: what
        a narrowed query cannot show by itself may be taken from there.

        Where both this query and the one of `since` are `continued`, a platform may read only what changed. It then shows
        what a full reading would show, and says so in `full_at`; at the least doubt, and with `full`, it reads everything.
        """
        ...

    def catalog(self, wanted: Wanted, seen: Snapshot | None = None, *, probe: Collection[Release] = ()) -> Catalog:
        """Look up releases: every wanted one is a key of the answer. `seen` is the reading that asked for them.

        Where the platform decides for each unit what it may get, the answer says so of the units that `wanted` gives.

        Of the releases in `probe` also what cannot be asked without an effect on the platform's own caches (a
        preparation that the question starts); never anything that reaches a unit.
        """
        ...

    def releases(self, query: ReleaseQuery) -> ReleaseList:
        """List releases, as far as the platform can answer."""
        ...

    def review(self, changes: Sequence[Change], snapshot: Snapshot, catalog: Catalog) -> Review:
        """Say which changes may not go, what follows, and what to warn of; pure."""
        ...

    def compile(
        self,
        changes: Sequence[Change],
        snapshot: Snapshot,
        catalog: Catalog,
        *,
        fleet_wide: Collection[str],
        wide: bool = True,
        refused: Refusals = NOTHING_REFUSED,
    ) -> tuple[Action, ...]:
        """Turn changes into the fewest calls of this pass; pure. `Action.slots` are positions in `changes`.

        Changes that `review` holds are never among them.

        `fleet_wide` holds the ids of workloads for which the fleet speaks of every unit of the application alike, whoever
        comes: what a call that acts wide may need. `wide=False` compiles to calls with explicit ids only. `refused` names
        the kinds of call that the platform refused for a slot in this run, where it has another way to the same end.
        """
        ...

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send one call. `deadline` is in seconds of the monotonic clock. Never raises for an answer; says rejected or unknown."""
        ...

    def check(self) -> Iterator[Check]:
        """Examine reachability, credentials, permissions, clock and API, reading only."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A platform whose server gets releases ready before units may fetch them."""

    def preparations(self, references: Collection[str], *, probe: bool) -> tuple[Preparation, ...]:
        """Return how preparations stand, in the order asked; nothing is remembered of those that were started.

        Without `probe` nothing is asked that would start a preparation: they stand as not asked.
        """
        ...


@runtime_checkable
class Attributes(Protocol):
    """A platform that says who assigned what a slot has."""

    def attribute(self, slots: Mapping[SlotId, str | None], before: Snapshot | None = None) -> Mapping[SlotId, Actor]:
        """Return who assigned these versions (None: nothing is assigned), since an earlier reading or ever, in a few requests.

        What the platform does not say for sure is missing. Raises PlatformError where nothing can be asked.
        """
        ...


class Source(Protocol):
    """Where manifests come from."""

    def load(self) -> Manifest:
        """Read them now; raise ManifestError with all findings."""
        ...


class Fetched(msgspec.Struct, frozen=True):
    """What a repository elsewhere gives: the manifests in force and their commit."""

    manifest: Manifest
    revision: Revision
    problem: str = ""
    """Why these stay in force although there may be newer ones; empty where these are the newest."""
    warnings: tuple[str, ...] = ()
    """What is to be said of this commit when it comes into force."""


@runtime_checkable
class RemoteSource(Protocol):
    """A ref of a git repository elsewhere: nobody can be in the middle of writing what it says."""

    def fetch(self) -> Fetched:
        """Ask it now. Raises ReconcilerError where nothing is in force, and nothing can come into force."""
        ...


class Authors(Protocol):
    """Who wrote the manifests."""

    def blame(self, origin: Origin) -> Author | None:
        """Return who last changed a line, None where git cannot say (outside git, not committed)."""
        ...


class Repository(Authors, Protocol):
    """The git repository around the manifests, if there is one: where these come from, and what became of them."""

    def head(self) -> str:
        """Return the commit checked out; empty outside git and before the first commit."""
        ...

    def author(self, commit: str) -> Author | None:
        """Return who made a commit, None where git does not know it."""
        ...

    def trouble(self) -> str:
        """Return why git refuses the repository that is there; nothing where it does not, or there is none."""
        ...

    def changed(self, paths: Sequence[str], files: Sequence[str] = ()) -> bool:
        """Return whether manifests below `paths`, or the `files` that were read, are not as the commit checked out has them."""
        ...

    def export(self, ref: str, paths: Sequence[str], into: str) -> Exported:
        """Write manifests of `paths` as they were at `ref` below the folder `into`; raise SettingsError for an unknown ref."""
        ...

    def top(self) -> str:
        """Return the folder that the work tree begins with; empty outside git."""
        ...

    def identity(self) -> str:
        """Return what all work trees of one repository share; empty outside git."""
        ...

    def known(self, ref: str) -> str:
        """Return the commit of a ref; empty where git knows none."""
        ...

    def commit(self, ref: str) -> str:
        """Return the commit of a ref; raise SettingsError that says how to fetch one that is not here."""
        ...

    def merge_base(self, ref: str) -> str:
        """Return the newest commit that a ref and what is checked out have in common; raise SettingsError for none."""
        ...

    def names(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return paths from the top of the repository; raise SettingsError for one outside."""
        ...

    def patches(self, base: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """Return digests of what the commits since a base changed below `names`: all together, and each by itself."""
        ...

    def placement(self, saved: Provenance, commit: str) -> Placement:
        """Return how the commit of a saved plan lies to the one that is checked out."""
        ...


class Rollbacks(Protocol):
    """Takes versions back in git, and never on a platform."""

    def take_back(self, rollout: RolloutId, workload: Ref, reason: str, record: TrackRecord) -> TakenBack:
        """Commit on a branch what takes a version back to one of a good record; raise ReconcilerError where that cannot be done."""
        ...


class EventSink(Protocol):
    """Where events go: the result file of a run, a history."""

    def record(self, event: AnyEvent) -> None:
        """Append one event; raise JournalError when it cannot be kept."""
        ...


class History(EventSink, Protocol):
    """Events that are kept, and asked for what neither git nor a platform can answer."""

    def memory(self, fleets: Mapping[str, str], since: float) -> Memory:
        """Return what is remembered of fleets, what went since then included (seconds since 1970).

        `fleets` gives for each the identity of its application, empty where that is not known.

        Raises JournalError when it cannot be read: nothing may then go that rests on it.
        """
        ...

    def claim(self, targets: Collection[str]) -> Holder | None:
        """Take applications for this process, all or none, until it ends; return who else acts on one of them.

        Asked before anything is read that is acted on. Raises JournalError when that cannot be known.
        """
        ...


class Notifier(Protocol):
    """Where messages to people go."""

    def notify(self, message: Message) -> None:
        """Deliver one message; raise NotifyError where that did not work. Called from a thread of its own."""
        ...
