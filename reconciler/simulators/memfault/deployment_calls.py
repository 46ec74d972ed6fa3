"""Deployments: a release activated for a cohort (confirmed: WEB api/deployments; SW; CLI deploy.py)."""

from collections.abc import Callable

from reconciler.simulators.exchange import Json, Reply
from reconciler.simulators.memfault import fields
from reconciler.simulators.memfault.access import is_user
from reconciler.simulators.memfault.call import NO_CONTENT, Call, data
from reconciler.simulators.memfault.inventory import NORMAL, PULLED, STAGED, Deployment, Release
from reconciler.simulators.memfault.payloads import deployment_payload
from reconciler.simulators.memfault.refusals import Refusal, malformed, not_found

_NEWEST_FIRST = ("-deployed_date",)


def list_deployments(call: Call) -> Reply:
    """By `release`, `cohort`, `since`, `until` (WEB) and `delta_from`, `delta_to` (CLI); the latest first.

    A cohort is meant by slug or name. That `release` finds full releases alone is inferred.
    """
    ask = call.parameters
    release, cohort = _releases(call), ask.any_of("cohort")
    between = ask.between("since", "until")
    found = [
        one
        for one in call.project.deployments.values()
        if release(one.release) and cohort([one.cohort.slug, one.cohort.name]) and between(one.created)
    ]
    rows = ask.sort(found, {"deployed_date": lambda one: (one.created, one.id)}, _NEWEST_FIRST)
    return call.page([deployment_payload(one) for one in rows])


def _releases(call: Call) -> Callable[[Release], bool]:
    ask = call.parameters
    version, base, target = ask.filters("release"), ask.filters("delta_from"), ask.filters("delta_to")
    full = bool(ask.values("release"))
    delta = bool(ask.values("delta_from") or ask.values("delta_to"))

    def wanted(release: Release) -> bool:
        if delta:
            return release.base is not None and base(release.base) and target(release.version)
        return not full or (release.base is None and version(release.version))

    return wanted


def get_deployment(call: Call) -> Reply:
    """One deployment."""
    return data(deployment_payload(call.deployment()))


def make_deployment(call: Call) -> Reply:
    """Activate a release for a cohort; `rollout_percent` belongs to a staged rollout."""
    body = call.body()
    kind = body.get("type")
    if kind not in (NORMAL, STAGED):
        raise malformed(f"type must be {NORMAL} or {STAGED}")
    percent = fields.percent(body, "rollout_percent") if kind == STAGED else None
    cohort = call.cohort_of(body.get("cohort"))
    release = call.project.release(body.get("release"))
    if release is None:
        raise not_found(f"Release {body.get('release')!r}")
    if not release.artifacts and call.variants["activate-empty"] == "reject":
        raise malformed(f"Release {release.name!r} has no artifacts")
    active = call.world.activations.active(cohort, release)
    if active is not None:
        return _again(call, active)
    made = call.world.activations.draft_of_api(cohort, release, percent, body.get("extra_info"))
    made.by_token = not is_user(call.request.headers)
    call.commit(lambda: call.world.activations.put(made), later=call.variants["activation-visible"] == "later")
    return call.created(deployment_payload(made))


def _again(call: Call, active: Deployment) -> Reply:
    """What an activation of what is active already gets; the words are confirmed in code (NCS; BITKEY)."""
    status = int(call.variants["already-active"])
    if status == 200:
        return data(deployment_payload(active))
    raise Refusal(status, f"Release {active.release.name} is already active for cohort {active.cohort.slug}")


def update_deployment(call: Call) -> Reply:
    """Change `extra_info`, and by a variant the percentage of a staged rollout; never anything else (inferred).

    A server that knows no such field may as well take it and do nothing (another variant).
    """
    one, body = call.deployment(), call.body()
    for name in ("status", "type", "release", "cohort"):
        if name in body:
            raise malformed(f"{name} cannot be changed")
    percent = fields.percent(body, "rollout_percent") if "rollout_percent" in body else None
    if call.variants["patch-rollout"] == "ignore":
        percent = None
    if percent is not None and (call.variants["patch-rollout"] == "reject" or one.type != STAGED):
        raise malformed("rollout_percent cannot be changed")
    call.commit(lambda: _update(call, one, percent, body))
    return data(deployment_payload(one))


def _update(call: Call, one: Deployment, percent: int | None, body: dict[str, Json]) -> None:
    if percent is not None:
        call.world.activations.set_percent(one, percent)
    if "extra_info" in body:
        call.world.activations.set_extra_info(one, body["extra_info"])


def delete_deployment(call: Call) -> Reply:
    """Pull a release (confirmed: CLI deploy.py). A second time it is not found (inferred)."""
    one = call.deployment()
    if one.status in {PULLED, "aborted"}:
        raise not_found(f"Active deployment {one.id}")
    call.commit(lambda: call.world.activations.pull(one))
    return NO_CONTENT
