"""The page of a watch or of a history: builds what is shown and what serves it, and joins it to the events of the watch."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from reconciler.cli import wiring
from reconciler.cli.output import note
from reconciler.cli.page_options import Address, PageOptions
from reconciler.engine.manifests import Manifests
from reconciler.engine.plan import PlanResult
from reconciler.engine.wake import Wake
from reconciler.errors import JournalError
from reconciler.model.event import AnyEvent
from reconciler.ports import Authors, Clock, EventSink, History

if TYPE_CHECKING:
    from reconciler.journal.looking import Looking
    from reconciler.web.access import Access
    from reconciler.web.acting import Acts, Writes
    from reconciler.web.board import Board
    from reconciler.web.guarding import Site
    from reconciler.web.server import Page, Taker
    from reconciler.web.serving import Serving
    from reconciler.web.standing import Standing

NEEDED = ("jinja2", "starlette", "uvicorn")
EXTRA = "fleet-reconciler[web]"
LOOK = 2.0
"""Seconds between two looks whether a history has something new."""


def missing() -> list[str]:
    """Return what a page needs and is not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


class Setting(NamedTuple):
    """The watch that a page is about: where its manifests are, what it may do, and what begins a pass.

    `where` is its history for those who read it, None where none is kept.
    """

    manifests: Manifests
    authors: Authors | None
    """Who wrote their lines, where they are in a work tree."""
    writes: Writes
    where: str | None
    mode: str
    wake: Wake


class Beside(NamedTuple):
    """What is served beside the page, by path, and what folds the events of the watch."""

    probes: Mapping[str, Page]
    takers: Mapping[str, Taker]
    standing: Standing | None


class Elsewhere:
    """Gives a history all events but those that were recorded in it before they came here."""

    def __init__(self, history: EventSink, recorded: list[AnyEvent]) -> None:
        self._history, self._recorded = history, recorded

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        if any(one is event for one in self._recorded):
            self._recorded[:] = [one for one in self._recorded if one is not event]
        else:
            self._history.record(event)


class Said:
    """What people did on a page: recorded there and then, and heard by everybody else at the next event of the watch."""

    def __init__(self) -> None:
        self.recorded: list[AnyEvent] = []
        self._queue: SimpleQueue[AnyEvent] = SimpleQueue()

    def happened(self, event: AnyEvent) -> None:
        """Take an event that the history has; for threads of the page."""
        self._queue.put(event)

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Yield the events of a watch, and before each what people did."""
        for event in events:
            yield from self._heard()
            yield event
        yield from self._heard()

    def _heard(self) -> Iterator[AnyEvent]:
        while True:
            try:
                event = self._queue.get_nowait()
            except Empty:
                return
            self.recorded.append(event)
            yield event


class Nobody:
    """Says of no line who wrote it: these manifests are in no work tree here."""

    def blame(self, origin: object) -> None:
        """Return that git cannot say."""
        del origin


class WatchPage:
    """The page beside a watch."""

    def __init__(
        self, at: Address, options: PageOptions, beside: Beside, clock: Clock, history: History, setting: Setting
    ) -> None:
        """Begin to serve. Raises SettingsError."""
        from reconciler.web.acting import Acts
        from reconciler.web.board import Board

        self.said = Said()
        self._setting = setting
        with ExitStack() as opening:
            looking = None if setting.where is None else _looking(setting.where)
            if looking is not None:
                opening.callback(looking.close)
            self.board = Board(clock, beside.standing, looking)
            acts = Acts(
                self.board,
                history,
                setting.writes,
                clock,
                run=lambda: uuid.uuid4().hex,
                happened=self.said.happened,
                wake=setting.wake.set,
            )
            setting.wake.shared = True
            opening.callback(_served(at, options, beside, self.board, acts).close)
            self._held = opening.pop_all()

    def seen(self, planned: PlanResult) -> None:
        """Show what a pass saw."""
        from reconciler.web.board import Live

        setting = self._setting
        manifest = setting.manifests.manifest
        if manifest is not None:
            authors = setting.authors or Nobody()
            self.board.hand_over(Live(planned=planned, manifest=manifest, authors=authors, mode=setting.mode))

    def close(self) -> None:
        """End it."""
        self._held.close()


class HistoryPage:
    """The page of a history that others write."""

    def __init__(self, at: Address, options: PageOptions, clock: Clock, where: str) -> None:
        """Begin to serve. Raises SettingsError, JournalError."""
        from reconciler.web.board import Board

        self._over = Flag()
        with ExitStack() as opening:
            looking = _looking(where)
            opening.callback(looking.close)
            self._board = Board(clock, None, looking)
            self._board.refresh()
            serving = _served(at, options, Beside({}, {}, None), self._board, None)
            opening.callback(serving.close)
            self._held = opening.pop_all()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        """Look again and again whether there is something new; what cannot be read now may be later."""
        while not self._over.wait(LOOK):
            try:
                self._board.refresh()
            except JournalError:
                continue

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join()
        self._held.close()


def _looking(where: str) -> Looking:
    from reconciler.journal.looking import Looking

    return Looking(wiring.database(where, writes=False))


def _served(at: Address, options: PageOptions, beside: Beside, board: Board, acts: Acts | None) -> Serving:
    """Serve it, and say where."""
    from reconciler.web.access import Access
    from reconciler.web.api import Served
    from reconciler.web.app import application
    from reconciler.web.guarding import Site
    from reconciler.web.serving import Serving

    access = Access(options.rules(loopback=at.loopback))
    serving = Serving(at.host, at.port)
    site = Site(
        port=serving.port,
        names=frozenset(name.lower() for name in options.hosts),
        secure=not at.loopback,
        probes=frozenset({*beside.probes, *beside.takers}),
    )
    try:
        serving.start(application(Served(board, acts, access, site), beside.probes, beside.takers))
    except BaseException:
        serving.close()
        raise
    note(*_where(serving.url, access, site, beside, acting=acts is not None))
    return serving


def _where(url: str, access: Access, site: Site, beside: Beside, *, acting: bool) -> Iterator[str]:
    """Yield what is served where, and who may do what."""
    rules = access.rules
    hooked = "".join(f", and pushes are taken at {url}{path}" for path in beside.takers)
    if not rules.reachable:
        yield f"metrics and health are served at {url}{hooked}; the page needs --token-viewer or --token-operator there"
        return
    yield f"{'the page, metrics and health are' if beside.probes else 'the page is'} served at {url}{hooked}"
    if acting and rules.operator is None and not rules.operators:
        yield "nobody may act on the page: --token-operator says who may"
    if site.secure:
        yield "the page is not encrypted here: let people reach it through a proxy with TLS, or cookies do not hold"
