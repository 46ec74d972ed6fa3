"""Sends one call and says truthfully what came of it. That it was accepted is all an answer says: readings tell the rest.

Right before a step its release is looked at once more: it may install itself as soon as it is downloaded, and people work
on devices (inferred, section 6). One request a call, more where one address cannot name its devices: the master shows one
release on several devices (confirmed, agent-cdn/get-cdn-release-by-catalog), an agent one on its own (confirmed, seed
001). Where the look itself fails, the reading that the plan was made from, a minute old at most, has to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from reconciler.errors import NotFound, PlatformError
from reconciler.model.change import Action, Request
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.model.release import PrepareStatus
from reconciler.platforms.answers import clean, receipt_of
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.compile import PREFIX
from reconciler.platforms.getapp.prepare import preparation
from reconciler.platforms.getapp.routes import Routes, Server, parts
from reconciler.platforms.getapp.stages import GONE, Halt, Stage, stage_of, unknown_value
from reconciler.platforms.getapp.steps import CANCEL, DELETE, DELIVER, DEPLOY, PREPARE, PUSH, STARTS, UNINSTALL, Table
from reconciler.platforms.http import Client
from reconciler.ports import Clock

NOT_ALLOWED = 405
"""What agents answer where the state of a release forbids the step (confirmed code, V1SPEC; meaning inferred)."""

UNDER_WAY = frozenset({Stage.DELIVERING, Stage.DEPLOYING, Stage.UNINSTALLING})
INSTALLED = frozenset({Stage.INSTALLED, Stage.INSTALLED_FAILED})

POINTLESS: Mapping[str, frozenset[Stage]] = {
    **dict.fromkeys((PUSH, DELIVER), frozenset({Stage.DOWNLOADED}) | INSTALLED | UNDER_WAY),
    DEPLOY: frozenset({Stage.INSTALLED}) | UNDER_WAY | GONE,
    CANCEL: frozenset({Stage.DOWNLOADED, Stage.UNINSTALLING}) | INSTALLED | GONE,
    UNINSTALL: frozenset({Stage.UNINSTALLING}) | GONE,
    DELETE: frozenset({Stage.DEPLOYING, Stage.UNINSTALLING, Stage.DELETED}) | INSTALLED,
}
"""Stages in which a step is done already, or was overtaken by another one."""


class Sender:
    """Calls of one connection."""

    def __init__(self, routes: Routes, server: Server | None, table: Table, clock: Clock) -> None:
        self._clock = clock
        self._routes = routes
        self._server = server
        self._table = table

    def execute(self, action: Action, deadline: float) -> Receipt:
        """Send a call at most until `deadline`, in monotonic seconds."""
        step = action.call.removeprefix(PREFIX)
        named = self._table.named(step, action.request) if action.call == PREFIX + step and not action.wide else None
        if named is None:
            text = f"{action.call} {action.request.method} {action.request.path} is no call of this connection"
            return Receipt(ReceiptKind.REJECTED, f"not sent: {text}")
        if step != PREPARE and len(named[1]) != len(action.slots):
            return Receipt(ReceiptKind.REJECTED, f"not sent: it names {len(named[1])} devices for {len(action.slots)}")
        try:
            if self._clock.monotonic() >= deadline:
                return Receipt(ReceiptKind.REJECTED, "nothing was sent: no time was left")
            if step == PREPARE and self._server is not None:
                return _prepare(self._server.client, action.request, named[0], deadline)
            failure = precondition_failure(self._routes, step, *named, fleet=self._table.fleet)
            if failure:
                return Receipt(ReceiptKind.UNPROVED, f"not sent: {failure}")
            sent, operation = action.request, f"{step} {named[0]}"
            answer = self._routes.client.send(sent.path, operation, sent.body, deadline, method=sent.method)
            found = self._routes.client.written(answer, operation, wire.accepted, named[1])
        except PlatformError as error:
            receipt = receipt_of(error)
            if error.sent and error.status == NOT_ALLOWED:
                return msgspec.structs.replace(receipt, error=f"not allowed in this state: {receipt.error}")
            return receipt
        if (about := _about(answer.content)) not in ("", named[0]):
            text = f"the platform answered {answer.status}, but about {clean(about)}; {named[0]} was asked for"
            return Receipt(ReceiptKind.UNKNOWN, text, answer.status)
        return found.receipt(len(named[1]))


def _about(content: bytes) -> str:
    """Return which release an answer names, empty where it names none."""
    try:
        name = wire.fields(content).get("catalogId")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return name if isinstance(name, str) else ""


def _prepare(client: Client, request: Request, catalog_id: str, deadline: float) -> Receipt:
    """Ask for a preparation, again where it runs already: that answers how it stands. An error comes with HTTP 200.

    Both confirmed (section 7.5).
    """
    operation = f"prepare {catalog_id}"
    answer = client.send(request.path, operation, request.body, deadline)
    try:
        found = preparation(wire.prepared(answer.content), catalog_id)
    except msgspec.DecodeError:
        return client.written(answer, operation, wire.prepared).receipt(1)
    if found.status is PrepareStatus.ERROR:
        text = f"the delivery server could not prepare {catalog_id}: {'; '.join((found.error, *found.notes))}"
        return Receipt(ReceiptKind.REJECTED, text, None if found.retryable else answer.status)
    if found.status is PrepareStatus.UNKNOWN:
        text = f"how the preparation of {catalog_id} stands is not known: {'; '.join(found.notes)}"
        return Receipt(ReceiptKind.UNKNOWN, text, answer.status)
    return Receipt(ReceiptKind.ACCEPTED, status=answer.status)


def precondition_failure(routes: Routes, step: str, catalog_id: str, devices: Sequence[str], *, fleet: bool) -> str:
    """Return why a step must not go as planned, naming a device; empty where it may."""
    try:
        rows = _of_fleet(routes, catalog_id, devices) if fleet else _of_agent(routes, catalog_id, devices[0])
    except PlatformError:
        return ""
    for device in devices:
        row = rows.get(device)
        where = device or "the agent's own device"
        if row is None:
            continue
        about = row.about()
        if about is None or about.id != catalog_id:
            return f"asked about {catalog_id}, {where} shows {clean(about.id) if about else 'a release without an id'}"
        if unknown_value(row):
            return f"{where} shows {catalog_id} in a state that this program does not know: {unknown_value(row)}"
        stage, halt = stage_of(row)
        if stage in POINTLESS[step]:
            return f"{catalog_id} on {where} is {stage} by now"
        if step in STARTS and halt in {Halt.PAUSED, Halt.CANCELLED}:
            return f"{catalog_id} on {where} was {halt} by a person"
    return ""


def _of_fleet(routes: Routes, catalog_id: str, devices: Sequence[str]) -> dict[str, wire.Row]:
    rows: dict[str, wire.Row] = {}
    for entry in (one for part in parts(devices) for one in routes.fleet_release(catalog_id, part).items):
        try:
            rows[entry.device_id] = wire.row(entry.data).value
        except msgspec.ValidationError:
            continue
    return rows


def _of_agent(routes: Routes, catalog_id: str, device: str) -> dict[str, wire.Row]:
    """Return the row of an agent's own device; none where it has not got so far, which a 404 says (confirmed, seed 001)."""
    try:
        return {device: routes.release(catalog_id)}
    except NotFound:
        return {}
