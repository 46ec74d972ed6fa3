"""Files that this program writes and reads back: saved plans and recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reconciler.core.digest import fingerprint
from reconciler.errors import PlanExpired, PlanMismatch, SettingsError
from reconciler.model.plan import Plan
from reconciler.model.quantity import moment
from reconciler.model.recorded import FORMAT, RecordedSnapshot, replay
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Snapshot

SUFFIX = ".json"
RECORD_AGAIN = "record it again with `reconciler snapshot --out FILE`"


def read_file(path: Path) -> bytes:
    """Return the content of a file; raise SettingsError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file through a temporary one beside it, so that it is never half there."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from error


def read_plan(path: Path) -> Plan:
    """Return a saved plan; raise PlanMismatch when it was edited, cut or is of another format."""
    from reconciler.views import plan_json

    content = read_file(path)
    try:
        found = plan_json.decode(content)
        plan_json.check(found)
    except PlanMismatch as error:
        raise PlanMismatch(f"{path}: {error}{_misshapen('plan.v1', content)}", hint=error.hint) from error
    if fingerprint(found) != found.fingerprint:
        raise PlanMismatch(
            f"{path}: the plan was edited after it was made (its fingerprint does not match)", hint=plan_json.AGAIN
        )
    return found


def _misshapen(name: str, content: bytes) -> str:
    """Return what of a JSON document does not fit its schema, to go behind an error."""
    from reconciler.manifest.schema import explain

    return "".join(f"; {line}" for line in explain(name, content).splitlines())


def check_saved(saved: Plan, today: Plan, now: float) -> None:
    """Refuse a saved plan that expired, or that was made for another application."""
    if now > moment(saved.times.expires).timestamp():
        raise PlanExpired(f"the plan expired at {saved.times.expires}", hint="make a new plan and have it reviewed")
    targets = {one.fleet: one.basis.target for one in today.fleets if not one.error}
    for fleet in saved.fleets:
        here = targets.get(fleet.fleet)
        if here is not None and fleet.basis.target and here != fleet.basis.target:
            raise PlanMismatch(
                f"the plan of fleet {fleet.fleet!r} was made for {fleet.basis.target}, but its connection is {here}",
                hint="make a new plan with these connections",
            )


def read_snapshots(path: Path) -> dict[str, RecordedSnapshot]:
    """Return what a file, or a folder of them, holds, by connection; raise SettingsError for two of one connection."""
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    kept = {one.connection: one for one in map(read_snapshot, files)}
    if len(kept) < len(files):
        raise SettingsError(f"{path} holds two snapshots of one connection", hint="name one of the files")
    return kept


def read_snapshot(path: Path) -> RecordedSnapshot:
    """Return what a file holds; raise SettingsError when that is no snapshot of ours."""
    content = read_file(path)
    try:
        return msgspec.json.decode(content, type=RecordedSnapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(
            f"{path} is not a recorded snapshot ({FORMAT}): {wrong}{_misshapen('snapshot.v1', content)}",
            hint=RECORD_AGAIN,
        ) from wrong


def replayed(kept: RecordedSnapshot, path: Path) -> tuple[Snapshot, Catalog]:
    """Return the reading and the catalogue of a record; raise SettingsError when they do not belong together."""
    try:
        return replay(kept)
    except ValueError as wrong:
        raise SettingsError(f"{path} cannot be used as a snapshot: {wrong}", hint=RECORD_AGAIN) from wrong
