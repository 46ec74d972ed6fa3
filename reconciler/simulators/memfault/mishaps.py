"""Faults that change the world itself while somebody reads or writes it."""

from collections.abc import Mapping

import msgspec

from reconciler.simulators.exchange import Json
from reconciler.simulators.memfault.inventory import DEFAULT, Cohort
from reconciler.simulators.memfault.versions import order_of
from reconciler.simulators.memfault.world import MemfaultWorld, highest_first


def shift(world: MemfaultWorld, route: str) -> None:
    """Before a page of deployments, make one; before any other, swap a device."""
    if route != "deployments.list" or not make_a_deployment(world):
        swap_a_device(world)


def swap_a_device(world: MemfaultWorld) -> None:
    """Delete one device and add another one like it: totals agree, yet rows have moved."""
    devices = list(world.project.devices.values())
    if not devices:
        return
    old = world.faults.random.choice(devices)
    world.delete_device(old.serial)
    world.add_device(old.cohort.slug, old.hardware.name, old.reported, f"{old.serial}-r{world.project.revision}")


def make_a_deployment(world: MemfaultWorld) -> bool:
    """Activate, for some cohort, a release below the highest active one: rows move, and no device does."""
    project = world.project
    choices = [
        (cohort.slug, release.version)
        for cohort in project.cohorts.values()
        for name in project.types
        if (active := highest_first(project, cohort, name))
        for release in project.releases.values()
        if release.base is None and release.software_type == name and release.artifacts
        if all(one.release is not release for one in active)
        if _below(world, release.version, active[0].release.version)
    ]
    if choices:
        world.activate(*world.faults.random.choice(choices))
    return bool(choices)


def _below(world: MemfaultWorld, version: str, other: str) -> bool:
    key = order_of((version, other), world.project.variants["version-order"])
    return key(version) < key(other)


def delete_a_named_cohort(world: MemfaultWorld, path: Mapping[str, str], body: bytes) -> Cohort | None:
    """Delete the cohort that a write names in its path or body; None if it names none that can go."""
    named: Json = path.get("cohort")
    if named is None:
        try:
            parsed: Json = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return None
        named = parsed.get("cohort") if isinstance(parsed, dict) else None
    cohort = world.project.cohort(named)
    if cohort is None or cohort.slug == DEFAULT:
        return None
    world.delete_cohort(cohort.slug)
    return cohort
