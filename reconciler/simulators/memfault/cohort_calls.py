"""Cohorts: groups of devices (confirmed: WEB api/cohorts; SW)."""

from reconciler.simulators.exchange import Reply
from reconciler.simulators.memfault import fields
from reconciler.simulators.memfault.call import NO_CONTENT, Call, data
from reconciler.simulators.memfault.device_calls import encoded
from reconciler.simulators.memfault.inventory import DEFAULT, Cohort, Device
from reconciler.simulators.memfault.listing import device_listing
from reconciler.simulators.memfault.payloads import cohort_payload, deployment_brief
from reconciler.simulators.memfault.refusals import Refusal, malformed, not_found


def list_cohorts(call: Call) -> Reply:
    """By `name` and `slug`, sorted by `created_date`."""
    ask = call.parameters
    name, slug = ask.filters("name"), ask.filters("slug")
    found = [cohort for cohort in call.project.cohorts.values() if name(cohort.name) and slug(cohort.slug)]
    rows = ask.sort(found, {"created_date": lambda cohort: cohort.created})
    return call.page([cohort_payload(call.project, cohort) for cohort in rows])


def get_cohort(call: Call) -> Reply:
    """One cohort; that it lists its deployments is confirmed (WEB api/cohorts; NCS), and a variant nevertheless."""
    cohort = call.cohort()
    payload = cohort_payload(call.project, cohort)
    if call.variants["deployments-in-cohort"] == "shown":
        mine = [one for one in call.project.deployments.values() if one.cohort is cohort]
        payload["deployments"] = [deployment_brief(one) for one in mine]
    return data(payload)


def make_cohort(call: Call) -> Reply:
    """A cohort of a name, and of a slug that is made of it where it is not given; 409 where it exists."""
    body = call.body()
    name = fields.text(body, "name").strip()
    if not name:
        raise malformed("name is required")
    slug = fields.required(body, "slug", fields.SLUG) if "slug" in body else None
    try:
        made = call.project.new_cohort(name, slug)
    except ValueError as error:
        raise Refusal(409, str(error)) from None
    call.commit(lambda: call.project.put_cohort(made))
    return call.created(cohort_payload(call.project, made))


def update_cohort(call: Call) -> Reply:
    """Change name, `updates_enabled` or `bypass_version_checks`; that the flags can be changed here is inferred."""
    cohort, body = call.cohort(), call.body()
    _take(Cohort(0, "", "", 0, 0), body)
    call.commit(lambda: _update(call, cohort, body))
    return data(cohort_payload(call.project, cohort))


def _update(call: Call, cohort: Cohort, body: fields.Body) -> None:
    _take(cohort, body)
    cohort.updated = call.project.now()
    for device in cohort.devices.values():
        device.row = None
    call.project.revision += 1
    call.world.updates.cohort_changed(cohort)


def _take(cohort: Cohort, body: fields.Body) -> None:
    cohort.name = fields.text(body, "name", cohort.name)
    cohort.updates_enabled = fields.flag(body, "updates_enabled", cohort.updates_enabled)
    cohort.bypass_version_checks = fields.flag(body, "bypass_version_checks", cohort.bypass_version_checks)


def delete_cohort(call: Call) -> Reply:
    """Delete a cohort, though not the default one; its devices join that (both inferred)."""
    cohort = call.cohort()
    if cohort.slug == DEFAULT:
        raise malformed("the default cohort cannot be deleted")
    call.commit(lambda: _delete(call, cohort))
    return NO_CONTENT


def _delete(call: Call, cohort: Cohort) -> None:
    if call.project.cohorts.get(cohort.slug) is cohort:
        call.world.delete_cohort(cohort.slug)


def list_members(call: Call) -> Reply:
    """The devices of a cohort (confirmed: SW), or by a variant nothing."""
    cohort = call.cohort()
    if call.variants["cohort-devices"] == "404":
        raise not_found("The page")
    members = call.listings.members(call.project.revision, cohort.id, lambda: list(cohort.devices.values()))
    return device_listing(members, encoded(call), call.parameters, call.variants)


def move_members(call: Call) -> Reply:
    """Move devices into a cohort. The body is undocumented: `{"devices": [serials]}` is inferred."""
    cohort = call.cohort()
    serials = call.body().get("devices")
    if not isinstance(serials, list) or not all(isinstance(serial, str) for serial in serials):
        raise malformed("devices must be a list of device serials")
    devices = [call.device_of(serial) for serial in serials]
    staying = call.world.faults.some_of(list(range(len(devices)))) if call.partial else set()
    call.commit(lambda: _move(call, [device for n, device in enumerate(devices) if n not in staying], cohort))
    return NO_CONTENT


def _move(call: Call, devices: list[Device], cohort: Cohort) -> None:
    there = call.project.cohorts.get(cohort.slug) is cohort
    for device in devices:
        if there and call.project.devices.get(device.serial) is device:
            call.world.move_device(device.serial, cohort.slug)
