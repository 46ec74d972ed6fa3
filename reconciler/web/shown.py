"""What each page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from reconciler.errors import JournalError, ReconcilerError
from reconciler.model.kept import EventQuery
from reconciler.model.report import SlotExplanation
from reconciler.model.rollout import RolloutPlan, RolloutState
from reconciler.model.ruling import Command
from reconciler.views import plan_text
from reconciler.views.line import plain
from reconciler.views.rollout_words import progress_words, remarks
from reconciler.views.words import clean, count
from reconciler.web import answers
from reconciler.web.answers import STANDINGS, NotThere
from reconciler.web.board import Board
from reconciler.web.chart import charts
from reconciler.web.guarding import Refused
from reconciler.web.heat import totals
from reconciler.web.operations import HistoryQuery, UnitsQuery
from reconciler.web.shapes import FleetSummary
from reconciler.web.telling import KINDS, Told, told

if TYPE_CHECKING:
    from reconciler.web.pages import Viewer

Tile = tuple[str, str, str, str, str]
SPANS = (("1 hour", 1.0), ("1 day", 24.0), ("7 days", 168.0), ("30 days", 720.0))
FEW, READ = 12, 300
"""Lines of what happened on a page that is about something else, and events that are read for them."""
SLICE = 25
"""Units on a page."""
WIDTH = 110


def overview(viewer: Viewer) -> Response:
    """Return the page of all fleets."""
    board = viewer.site.served.board
    one = answers.overview(board)
    return viewer.page(
        "overview.html",
        "overview",
        one=one,
        waiting=answers.proposals(board).proposals,
        tiles=_all(one.fleets),
        events=_events(board, FEW),
    )


def _all(fleets: Sequence[FleetSummary]) -> list[Tile]:
    def of(name: str) -> int:
        return sum(one.standings.get(name, 0) for one in fleets)

    synced = sum(one.sync == "synced" for one in fleets)
    bad, total = of("failed") + of("stuck"), sum(one.total for one in fleets)
    drifted, held = sum(one.drifted for one in fleets), sum(one.held for one in fleets)
    return [
        (f"{synced:,}", "fleets in sync", f"of {len(fleets):,}", "good" if synced == len(fleets) else "warn", ""),
        (f"{of('ready'):,}", "slots ready", f"of {total:,}", "good" if of("ready") == total else "", ""),
        (f"{of('moving'):,}", "moving", "", "info" if of("moving") else "", ""),
        (f"{held:,}", "held", "", "warn" if held else "", ""),
        (f"{bad:,}", "failed or stuck", "", "bad" if bad else "", "×" if bad else ""),
        (f"{drifted:,}", "drifted", "", "warn" if drifted else "", ""),
    ]


def fleet(viewer: Viewer) -> Response:
    """Return the page of one fleet."""
    board, name = viewer.site.served.board, viewer.request.path_params["fleet"]
    try:
        one = answers.fleet(board, name)
    except NotThere as error:
        raise Refused(404, str(error), error.hint) from None
    asked, hours = _asked(viewer.request.query_params)
    known = answers.assessed(board, name)
    found = None
    if known is not None:
        found = answers.units(board, name, **msgspec.structs.asdict(asked))
    heat = answers.heat_map(board, name) if known is not None else None
    document = board.live.manifest.fleets.get(name) if board.live is not None else None
    return viewer.page(
        "fleet.html",
        "overview",
        one=one,
        problems=one.status.problems if one.status is not None else (),
        waiting=[each for each in answers.proposals(board).proposals if each.fleet == name],
        tiles=_of_fleet(one.summary),
        rollouts=[_rollout(each) for each in one.rollouts or ()],
        spans=SPANS,
        chosen=hours,
        charts=charts(answers.course(board, name, hours=hours)),
        found=found,
        asked=asked,
        totals=[(letter, STANDINGS[letter], number) for letter, number in totals(heat).items()] if heat else [],
        plan=_plan(board, name),
        events=_events(board, FEW, fleet=name),
        workloads=list(document.spec.workloads) if document is not None else [],
    )


def _asked(params: Mapping[str, str]) -> tuple[UnitsQuery, float]:
    given = {name: value for name, value in params.items() if name in {"find", "standing", "offset"} and value}
    try:
        hours = float(params.get("hours", "24"))
        chosen = next((each for _, each in SPANS if each == hours), 24.0)
        return msgspec.convert({**given, "limit": SLICE}, UnitsQuery, strict=False), chosen
    except (msgspec.ValidationError, ValueError) as wrong:
        raise Refused(400, str(wrong)) from None


def _of_fleet(one: FleetSummary) -> list[Tile]:
    number = one.standings.get
    bad, ready, total = number("failed", 0) + number("stuck", 0), number("ready", 0), one.total
    found = [(f"{ready:,}", "ready", f"of {count(total, 'slot')}", "good" if ready == total else "", "")]
    for name, tone in (("moving", "info"), ("waiting", "info"), ("out-of-sync", "warn"), ("unknown", "warn")):
        many = number(name, 0)
        found.append((f"{many:,}", name.replace("-", " "), "", tone if many else "", ""))
    return [
        *found,
        (f"{bad:,}", "failed or stuck", "", "bad" if bad else "", "×" if bad else ""),
        (f"{one.held:,}", "held", "", "warn" if one.held else "", ""),
        (f"{one.drifted:,}", "drifted", "", "warn" if one.drifted else "", ""),
    ]


def _rollout(one: RolloutPlan) -> dict[str, Any]:
    whole = max(one.devices, one.attempted, 1)
    way = max(0, one.attempted - one.reporting - one.failed)
    numbers = ((one.reporting, "good"), (one.failed, "bad"), (way, "info"))
    return {
        "plan": one,
        "words": progress_words(one),
        "parts": [(round(number * 1000 / whole, 1), tone) for number, tone in numbers],
        "remarks": [text for text, _ in remarks(one, clean)],
        "commands": [each.value for each in _commands(one)],
    }


def _commands(one: RolloutPlan) -> list[Command]:
    """Return what has an effect on a rollout as it stands."""
    if one.state in {RolloutState.ABORTED, RolloutState.COMPLETE}:
        return []
    if one.state in {RolloutState.HALTED, RolloutState.PAUSED}:
        return [Command.RESUME, Command.ABORT]
    closed = any(wave.closing is not None for wave in one.waves)
    return [Command.PAUSE, *([Command.PROMOTE] if closed else []), Command.ABORT]


def _plan(board: Board, name: str) -> str:
    """Return the open plan of a fleet as `plan` shows it; empty where there is none."""
    found, live = answers.planned(board, name), board.live
    if found is None or live is None or not (found.changes or found.held or found.violations or found.mistakes):
        return ""

    def text() -> str:
        whole = live.planned.plan
        alone = msgspec.structs.replace(whole, fleets=(found,))
        return plain(plan_text.render(alone, now=board.clock.now(), width=WIDTH, context=None))

    return board.made(("text", name), text)


def unit(viewer: Viewer) -> Response:
    """Return the page of one unit."""
    board, name = viewer.site.served.board, viewer.request.query_params.get("id", "")
    if not name:
        raise Refused(400, "which unit is meant?", "/unit?id=ID")
    slots: tuple[SlotExplanation, ...] = ()
    missing, title, identity = "", name, name
    try:
        slots = answers.unit(board, name).slots
    except (NotThere, ReconcilerError) as error:
        missing = f"{error}: only what was recorded is shown"
    if slots:
        title, identity = slots[0].unit.name or slots[0].unit.id, slots[0].unit.id
    events = _events(board, SLICE, unit=identity)
    if not slots and not events:
        raise Refused(404, f"nobody knows of a unit {name!r}")
    return viewer.page("unit.html", "", title=title, id=identity, slots=slots, missing=missing, events=events)


def history(viewer: Viewer) -> Response:
    """Return the page of what happened."""
    board, asked, wrong = viewer.site.served.board, _searched(viewer), ""
    events: list[Told] = []
    older = ""
    try:
        query = asked.asked(board.clock.now())
        query = msgspec.structs.replace(query, kinds=query.kinds or KINDS)
        found = answers.found(board, query, before=asked.before)
        events = told(found.events)
        if found.older:
            older = f"?{urlencode(_with_before(asked, found.events[-1][0]))}"
    except (NotThere, ValueError, JournalError) as error:
        wrong = str(error)
    values = {"asked": asked, "kinds": KINDS, "wrong": wrong, "events": events, "older": older}
    return viewer.page("history.html", "history", **values)


def _with_before(asked: HistoryQuery, number: int) -> dict[str, Any]:
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value}
    return {**given, "before": number}


def _events(board: Board, limit: int, *, fleet: str = "", unit: str = "") -> list[Told]:
    """Return what happened last; nothing where no history is kept or it cannot be read now."""
    query = EventQuery(kinds=KINDS, limit=READ, fleets=(fleet,) if fleet else (), units=(unit,) if unit else ())
    try:
        return board.made(("events", query), lambda: told(answers.found(board, query).events))[:limit]
    except (NotThere, JournalError):
        return []


def _searched(viewer: Viewer) -> HistoryQuery:
    """Return what is searched for; empty fields are none. Raises Refused."""
    given = {name: value for name, value in viewer.request.query_params.items() if value.strip()}
    try:
        return msgspec.convert(given, HistoryQuery, strict=False)
    except msgspec.ValidationError as wrong:
        raise Refused(400, str(wrong)) from None
