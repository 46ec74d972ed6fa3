"""Steps: which calls there are on this connection, how a request is recognized as one, and which steps a slot takes next.

| topology, api | step | call | mark |
|---|---|---|---|
| agent v1 | deliver | POST /delivery/startItem/{catalog_id} | confirmed (V1SPEC) |
| agent v1 | cancel | POST /delivery/cancelItem/{catalog_id} | confirmed (V1SPEC) |
| agent v1 | delete | DELETE /delivery/deleteItem/{catalog_id} | confirmed (V1SPEC) |
| agent v1 | deploy | POST /deploy/item/{catalog_id} | confirmed (V1SPEC) |
| agent v1 | uninstall | POST /deploy/changeItemState/{catalog_id}, requestedStatus Uninstall | confirmed (agent/deploy-change-state); that software goes is unknown |
| agent v2 | deploy | POST /api/v2/deploy/start/{catalog_id} | confirmed path (dependencies-complex-installations.md) |
| cdn | none | POST /api/cdn/devices/action | confirmed path (cdn-configure.md); its body is unknown, so every step is off |

A master's device takes a release only after it was pushed to it (confirmed, DOC a2a-parent-management.md): where push is
off, a delivery goes without. Steps that are off go only with `routes:` of the connection. Where V1 routes stand on current agents, at the root or
below /api/v1, is unknown; the document has them at the root.

The next steps of a slot lead from what is to what is wanted: which now, which later; pure, from the stages alone. Their
mapping is that of getapp.md section 6 (inferred from confirmed states). Nothing is remembered: the next step follows from
what the device shows, so a run that is cut short goes on where it stopped. What is wanted comes first; other versions go
once it is installed, or at once where nothing is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from reconciler.core.versions import semver_first
from reconciler.errors import SettingsError
from reconciler.model.change import Request
from reconciler.model.observation import State
from reconciler.platforms.getapp.connection import GetAppConnection, StepRoute
from reconciler.platforms.getapp.stages import Stage
from reconciler.platforms.http import segment

PREPARE, PUSH = "prepare", "push"
DELIVER, CANCEL, DEPLOY, UNINSTALL, DELETE = "deliver", "cancel", "deploy", "uninstall", "delete"
STEPS = (PUSH, DELIVER, CANCEL, DEPLOY, UNINSTALL, DELETE)
STARTS = frozenset({PUSH, DELIVER, DEPLOY})
"""Steps that a person's Pause or Cancel forbids."""
DEVICES_PER_ACTION = 100
"""Devices in one call of a CDN; no bound is documented, so a modest one is chosen."""

CATALOG_ID, DEVICE_ID, DEVICE_IDS = "{catalog_id}", "{device_id}", "{device_ids}"

_CONFIRMED: dict[tuple[str, str], dict[str, StepRoute]] = {
    ("agent", "v1"): {
        DELIVER: StepRoute(path="/delivery/startItem/{catalog_id}"),
        CANCEL: StepRoute(path="/delivery/cancelItem/{catalog_id}"),
        DELETE: StepRoute(method="DELETE", path="/delivery/deleteItem/{catalog_id}"),
        DEPLOY: StepRoute(path="/deploy/item/{catalog_id}"),
        UNINSTALL: StepRoute(
            path="/deploy/changeItemState/{catalog_id}", body={"deviceId": DEVICE_ID, "requestedStatus": "Uninstall"}
        ),
    },
    ("agent", "v2"): {DEPLOY: StepRoute(path="/api/v2/deploy/start/{catalog_id}")},
}

Named = tuple[str, tuple[str, ...]]
"""The catalogId and the devices that a request names."""


class Table:
    """The calls of one connection. Raises SettingsError for a route that could hit what nobody named."""

    def __init__(self, spec: GetAppConnection) -> None:
        self.fleet = spec.topology == "cdn"
        self.source = spec.delivery.source if spec.delivery is not None else None
        confirmed = _CONFIRMED.get((spec.topology, spec.api), {})
        self.steps = STEPS if self.fleet else STEPS[1:]
        self._own = {step: route for step in STEPS if (route := getattr(spec.routes, step)) is not None}
        self._routes = {**confirmed, **self._own}
        for step, route in self._own.items():
            _check(step, route, fleet=self.fleet)

    def on(self, step: str) -> bool:
        """Return whether a step has a call."""
        return step in self._routes or (step == PREPARE and self.source is not None)

    def route(self, step: str) -> StepRoute | None:
        """Return the call of a step; None where there is none."""
        return self._routes.get(step)

    def origin(self, step: str) -> str:
        """Return where the call of a step comes from: confirmed, set (by the connection), or off."""
        return "set" if step in self._own else "confirmed" if step in self._routes else "off"

    def devices_per_call(self, step: str) -> int:
        """Return how many devices one call of a step can name."""
        many = DEVICE_IDS in self._routes[step].body.values()
        return DEVICES_PER_ACTION if many else 1

    def request(self, step: str, catalog_id: str, devices: Sequence[str]) -> Request:
        """Return the request of a step."""
        if step == PREPARE:
            body = {"catalogId": catalog_id, "deviceId": devices[0], "itemType": "software"}
            return Request("POST", f"/api/v1/delivery/prepareDelivery?source={self.source}", body)
        return render(self._routes[step], catalog_id, devices)

    def named(self, step: str, request: Request) -> Named | None:
        """Return what a request names if it is one of a step, None if it is none of this connection's."""
        if not self.on(step):
            return None
        found = _prepared(request.body) if step == PREPARE else _read(self._routes[step], request)
        if found is None or self.request(step, *found) != request:
            return None
        return found


def render(route: StepRoute, catalog_id: str, devices: Sequence[str]) -> Request:
    """Return a route with what it is about; `{device_ids}` in the body becomes a list."""
    path = route.path.replace(CATALOG_ID, segment(catalog_id)).replace(DEVICE_ID, segment(devices[0]))
    body = {key: _filled(value, catalog_id, devices) for key, value in route.body.items()}
    return Request(route.method, path, body or None)


def _filled(value: Any, catalog_id: str, devices: Sequence[str]) -> Any:
    if value == DEVICE_IDS:
        return list(devices)
    return {CATALOG_ID: catalog_id, DEVICE_ID: devices[0]}.get(value, value)


def _check(step: str, route: StepRoute, *, fleet: bool) -> None:
    """Refuse a route that names no release, or, on a CDN, no device: it could act on all of them."""
    where = f"the connection's routes.{step}"
    texts = [route.path, *(value for value in route.body.values() if isinstance(value, str))]
    if not route.path.startswith("/") or "?" in route.path or "#" in route.path:
        raise SettingsError(f"{where}: the path {route.path!r} must begin with / and have no query")
    if not any(CATALOG_ID in text for text in texts):
        raise SettingsError(f"{where} names no release", hint=f"put {CATALOG_ID} into its path or body")
    if step == PUSH and not fleet:
        raise SettingsError(f"{where}: one agent alone is pushed nothing", hint="remove it; topology cdn has this step")
    if fleet and not any(DEVICE_ID in text or DEVICE_IDS in text for text in texts):
        raise SettingsError(f"{where} names no device", hint=f"put {DEVICE_IDS} into its body, or {DEVICE_ID}")
    if DEVICE_IDS in route.path:
        raise SettingsError(f"{where}: {DEVICE_IDS} is a list and can stand in the body alone")
    partly = [text for text in texts[1:] if "{" in text and text not in (CATALOG_ID, DEVICE_ID, DEVICE_IDS)]
    if partly:
        raise SettingsError(f"{where}: {partly[0]!r} mixes text and a name in braces", hint="give the name alone")


def _read(route: StepRoute, request: Request) -> Named | None:
    """Return what a request names, read back from the places where the route has names."""
    pattern = re.escape(route.path)
    for name, group in ((CATALOG_ID, "catalog"), (DEVICE_ID, "device")):
        escaped = re.escape(name)
        pattern = pattern.replace(escaped, f"(?P<{group}>[^/]+)", 1).replace(escaped, f"(?P={group})")
    found = re.fullmatch(pattern, request.path)
    body = request.body if isinstance(request.body, dict) else {}
    if found is None:
        return None
    named = found.groupdict()
    catalog_id = unquote(named.get("catalog") or "")
    devices: tuple[str, ...] = (unquote(named["device"]),) if named.get("device") else ()
    for key, value in route.body.items():
        given = body.get(key)
        if value == CATALOG_ID and isinstance(given, str):
            catalog_id = given
        elif value == DEVICE_ID and isinstance(given, str):
            devices = (given,)
        elif value == DEVICE_IDS and isinstance(given, list):
            devices = tuple(one for one in given if isinstance(one, str))
    return (catalog_id, devices or ("",)) if catalog_id else None


def _prepared(body: object) -> Named | None:
    try:
        named = msgspec.convert(body, dict[str, str])
    except msgspec.ValidationError:
        return None
    if not named.get("catalogId") or not named.get("deviceId"):
        return None
    return named["catalogId"], (named["deviceId"],)


WAIT = "wait"

_TOWARD: dict[Stage | None, tuple[str, ...]] = {
    None: (DELIVER, DEPLOY),
    Stage.UNINSTALLED: (DELIVER, DEPLOY),
    Stage.DELETION_STOPPED: (DELIVER, DEPLOY),
    Stage.UNINSTALLING: (WAIT, DELIVER, DEPLOY),
    Stage.DELIVERING: (WAIT, DEPLOY),
    Stage.DELIVERY_STOPPED: (DELIVER, DEPLOY),
    Stage.DELIVERY_HALTED: (DELIVER, DEPLOY),
    Stage.DOWNLOADED: (DEPLOY,),
    Stage.DEPLOYING: (WAIT,),
    Stage.DEPLOY_STOPPED: (DEPLOY,),
    Stage.DEPLOY_HALTED: (DEPLOY,),
    Stage.INSTALLED: (),
    Stage.INSTALLED_FAILED: (DEPLOY,),
}
_AWAY: dict[Stage, tuple[str, ...]] = {
    Stage.DELIVERING: (CANCEL, DELETE),
    Stage.DELIVERY_STOPPED: (DELETE,),
    Stage.DELIVERY_HALTED: (DELETE,),
    Stage.DOWNLOADED: (DELETE,),
    Stage.DEPLOYING: (WAIT, UNINSTALL, DELETE),
    Stage.DEPLOY_STOPPED: (DELETE,),
    Stage.DEPLOY_HALTED: (DELETE,),
    Stage.INSTALLED: (UNINSTALL, DELETE),
    Stage.INSTALLED_FAILED: (UNINSTALL, DELETE),
    Stage.UNINSTALLING: (WAIT, DELETE),
    Stage.UNINSTALLED: (DELETE,),
    Stage.DELETION_STOPPED: (DELETE,),
}


class VersionStep(NamedTuple):
    """One step of one version."""

    step: str
    version: str


class StepPlan(NamedTuple):
    """The step that can be done now, None where the device must first finish what it does, and those that follow."""

    now: VersionStep | None
    later: tuple[VersionStep, ...] = ()
    waits: str = ""


def next_steps(state: State, to: str | None) -> StepPlan:
    """Return the steps that bring a slot to a version, or to nothing."""
    stages = {version: Stage(text) for version, text in state.stages}
    leaving = {state.assigned, *state.extra_versions} - {to}  # what others depend on is among the stages, and stays
    unwanted = sorted(
        (one for one, stage in stages.items() if one in leaving or (stage is Stage.UNINSTALLING and one != to)),
        key=semver_first,
    )
    if to is not None:
        ahead = [VersionStep(step, to) for step in _TOWARD[stages.get(to)]]
        if ahead and ahead[0].step != WAIT:
            return StepPlan(ahead[0], tuple(ahead[1:]))
        if ahead:
            return _meanwhile(stages, unwanted, ahead, to)
    away = [[VersionStep(step, version) for step in _steps_away(stages[version], to)] for version in unwanted]
    ready = sorted((steps for steps in away if steps), key=lambda steps: steps[0].step == WAIT)
    steps = [step for one in ready for step in one]
    if not steps or steps[0].step == WAIT:
        busy = next((f"{step.version} is {stages[step.version]}" for step in steps), "nothing of it is there")
        return StepPlan(None, _sent(steps), busy)
    return StepPlan(steps[0], _sent(steps[1:]))


def _steps_away(stage: Stage, to: str | None) -> tuple[str, ...]:
    """Return the steps that take a version away; beside a wanted one the remains of an uninstalled one may stay."""
    steps = _AWAY[stage]
    return tuple(step for step in steps if step != DELETE or to is None or steps[0] in (DELETE, CANCEL))


def _meanwhile(stages: dict[str, Stage], unwanted: list[str], ahead: list[VersionStep], to: str) -> StepPlan:
    """While the wanted version is on its way, end deliveries of others: agents deliver one after another.

    One delivery at a time is the default (`max_parallel_deliveries`), confirmed (DOC config-yaml.md).
    """
    rivals = [version for version in unwanted if stages[version] is Stage.DELIVERING]
    if rivals:
        return StepPlan(VersionStep(CANCEL, rivals[0]), _sent(ahead))
    return StepPlan(None, _sent(ahead), f"{to} is {stages[to]}")


def _sent(steps: list[VersionStep]) -> tuple[VersionStep, ...]:
    """Return the steps that are calls."""
    return tuple(one for one in steps if one.step != WAIT)
