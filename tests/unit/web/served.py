"""A page over real HTTP: what is shown is a platform in memory and a history in a file, and time passes only when told to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from reconciler.core.decide import PlanRequest
from reconciler.core.news import Moment
from reconciler.core.tally import passed
from reconciler.engine.plan import plan
from reconciler.journal.address import address
from reconciler.journal.database import Database
from reconciler.journal.looking import Looking
from reconciler.journal.store import Store
from reconciler.model.event import AnyEvent, Completed
from reconciler.model.fleet import Failure, Rollout, Selector, Wave
from reconciler.web.access import Access, Rules, digest
from reconciler.web.acting import Acts, Written
from reconciler.web.api import Served
from reconciler.web.app import application
from reconciler.web.board import Board, Live
from reconciler.web.guarding import Site
from reconciler.web.server import Answer
from reconciler.web.serving import Serving
from reconciler.web.standing import Standing
from tests.unit.engine.memory import NOW, Clock, Memory, request

VIEWER, OPERATOR = "viewer-token-0123456789", "operator-token-0123456789"
TOKENS = Rules(viewer=digest(VIEWER, "viewer's"), operator=digest(OPERATOR, "operator's"))
WAVES = Rollout(waves=[Wave(units=Selector(ids=["u0"])), "100%"], failure=Failure(percent="50%", minimum=1))
ASKED = request(rollout=WAVES)


class Nobody:
    def blame(self, origin: object) -> None:
        del origin


class Book:
    """Remembers what was to be written into manifests."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, dict[str, str], str]] = []
        self.branch = ""

    def write(self, fleet: str, key: str, entry: Mapping[str, str], by: str) -> Written:
        self.entries.append((fleet, key, dict(entry), by))
        return Written(lines="+  suspend: <b>", branch=self.branch, commit="c" * 40 if self.branch else "")


class World:
    """What a page shows, and what came of what was done on it."""

    def __init__(self, folder: Path, rules: Rules = TOKENS, *, count: int = 4, asked: PlanRequest = ASKED) -> None:
        self.clock, self.asked = Clock(), asked
        self.memory = Memory(self.clock, count)
        self.store = Store(Database(address(str(folder / "history.db")), writes=True).opened())
        self.looking = Looking(Database(address(str(folder / "history.db")), writes=False).opened())
        self.standing = Standing(NOW)
        self.board = Board(self.clock, self.standing, self.looking)
        self.heard: list[AnyEvent] = []
        self.woken = 0
        self.book = Book()
        self.rules = rules
        self.number = 0
        self.url = ""
        self.port = 0
        self.acts: Acts | None = Acts(
            self.board,
            self.store,
            self.book,
            self.clock,
            run=lambda: "run",
            happened=self.heard.append,
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    def record(self, *events: AnyEvent) -> None:
        """Let everybody hear of events, as a watch does."""
        for event in events:
            self.store.record(event)
            self.standing.record(event)
            self.board.record(event)
        self.store.flush()

    def turn(self) -> None:
        """Make one pass, which sends nothing."""
        self.number += 1
        found = plan(self.asked, lambda name: self.memory, self.clock, self.store)
        found.close()
        live = Live(planned=found, manifest=self.asked.manifest, authors=Nobody(), mode="apply")
        self.board.hand_over(live)
        moment = Moment(self.clock.now(), "run")
        for fleet in found.plan.fleets:
            one = found.assessments.get(fleet.fleet)
            self.record(passed(fleet, one, moment, number=self.number, waited=False, outcomes=Counter()))
        self.record(Completed(at=moment.at, run="run", number=self.number, fleets=1, seconds=0.1, pause=60.0))

    def close(self) -> None:
        self.store.close()
        self.looking.close()


@contextmanager
def serving(world: World, **site: Any) -> Iterator[httpx.Client]:
    """Serve a page until the end of the block; give a client that knows no token."""
    served = Serving("127.0.0.1", 0)
    how = {"names": frozenset[str](), "secure": False, "probes": frozenset({"/healthz"}), **site}
    world.url, world.port = served.url, served.port
    made = Served(world.board, world.acts, Access(world.rules), Site(port=served.port, **how))
    served.start(application(made, {"/healthz": lambda: Answer(b"ok\n")}))
    try:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            yield client
    finally:
        served.close()
        world.close()


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def proof_of(page: httpx.Response) -> str:
    """The proof that the forms of a page bring along."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


def enter(client: httpx.Client, token: str = OPERATOR, name: str = "Ann") -> httpx.Response:
    """Fill the form for entering."""
    form = {"csrf": proof_of(client.get("/login")), "token": token, "name": name, "next": "/"}
    return client.post("/login", data=form)
