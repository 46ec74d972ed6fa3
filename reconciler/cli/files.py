"""Files that this program writes and reads back: saved plans and recorded snapshots."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import TextIO

import msgspec

from reconciler.core.digest import checksum, fingerprint
from reconciler.errors import PlanMismatch, SettingsError
from reconciler.model.plan import Plan
from reconciler.model.recorded import FORMAT, RecordedSnapshot, replay
from reconciler.model.release import Catalog
from reconciler.model.snapshot import Snapshot

SUFFIX = ".json"
HEAD = 4096
"""Bytes at the start of a file that identify its kind."""
RECORD_AGAIN = "record it again with `reconciler snapshot --out FILE`"


def read_file(path: Path) -> bytes:
    """Return the content of a file, or of standard input for `-`; raise SettingsError where it cannot be read."""
    from reconciler.manifest.files import STANDARD_INPUT, standard_input

    try:
        return standard_input() if path == STANDARD_INPUT else path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error


def folder_of_user(variable: str, *otherwise: str) -> Path:
    """Return our folder in the one that XDG's variable names, or in the one below the home folder."""
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path.home().joinpath(*otherwise)) / "reconciler"


def make_folder(path: Path) -> None:
    """Make a folder where there is none; raise SettingsError where that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"cannot create the folder {path}: {error.strerror}") from error


def write_file(path: Path, content: bytes) -> None:
    """Write a file; raise SettingsError where that cannot be done, and leave no part of it behind.

    A regular file is written beside its place and moved there, so that it is never half there; links are followed, and
    its mode stays. What cannot be replaced (a pipe, a device, standard output by any name, a file of several names) is
    written to as it is.
    """
    write_files({path: content})


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files as one: all beside their places first, then moved there."""
    partial: dict[Path, Path] = {}
    at = Path()
    try:
        for at, content in contents.items():
            target = Path(os.path.realpath(at))
            if (beside := _beside(at, target, content)) is None:
                _written(at, content)
            else:
                partial[target] = beside
        for at, beside in partial.items():
            try:
                beside.replace(at)
            except OSError as error:
                if error.errno != errno.EBUSY:  # a file that is mounted by itself cannot be replaced
                    raise
                _written(at, beside.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot write {at}: {error.strerror}") from error
    finally:
        for beside in partial.values():
            with suppress(OSError):
                beside.unlink()


def _beside(path: Path, target: Path, content: bytes) -> Path | None:
    """Return a new file with the mode of what a path leads to; None where that can only be written to.

    A pipe without a name has a path (`/dev/stdout`), and no target that could be looked at.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    if found is not None and (not S_ISREG(found.st_mode) or found.st_nlink > 1 or _stream(found) is not None):
        return None
    from secrets import token_hex  # slow to load

    beside = target.with_name(f".{token_hex(8)}.partial")
    try:
        with beside.open("xb") as file:
            file.write(content)
        if found is not None:
            beside.chmod(S_IMODE(found.st_mode))
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        if found is None or error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        return None
    return beside


def _stream(found: os.stat_result) -> TextIO | None:
    """Return our standard output or error where it is redirected to a file: if the file were replaced, output would be lost."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            if os.path.samestat(os.fstat(stream.fileno()), found):
                return stream
    return None


def _written(path: Path, content: bytes) -> None:
    """Write into the existing file: through our own stream, if one is redirected there."""
    stream = _stream(path.stat())
    if stream is not None:
        stream.flush()
    with path.open("wb") if stream is None else os.fdopen(os.dup(stream.fileno()), "wb") as file:
        file.write(content)


def read_plan(path: Path) -> Plan:
    """Return a saved plan; raise PlanMismatch when it was edited, cut or is of another format."""
    from reconciler.views import plan_json

    content = _wanted(path, "plan")
    try:
        found = plan_json.decode(content)
        plan_json.check(found)
    except PlanMismatch as error:
        raise PlanMismatch(f"{path}: {error}{_misshapen('plan.v1', content)}", hint=error.hint) from error
    for name, made in (("checksum", checksum(found)), ("fingerprint", fingerprint(found))):
        if made != getattr(found, name):
            raise PlanMismatch(
                f"{path}: the plan was edited after it was made (its {name} does not match)", hint=plan_json.AGAIN
            )
    return found


def _wanted(path: Path, kind: str) -> bytes:
    """Return the content of a file of a kind; raise SettingsError for one of another kind, saying who takes that."""
    from reconciler.manifest.mistaken import KINDS, MANIFEST, file_kind, mistaken

    if path.is_dir():
        raise mistaken(f"{path}", MANIFEST, KINDS[kind][0])
    content = read_file(path)
    found = file_kind(content[:HEAD].decode(errors="replace"))
    if found not in {"", kind}:
        raise mistaken(f"{path}", found, KINDS[kind][0])
    return content


def is_plan(path: Path) -> bool:
    """Return whether a file begins like a saved plan; nothing is read of what is no regular file."""
    from reconciler.manifest.mistaken import file_kind

    try:
        if not S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return file_kind(file.read(HEAD).decode(errors="replace")) == "plan"
    except OSError:
        return False


def _misshapen(name: str, content: bytes) -> str:
    """Return what of a JSON document does not fit its schema, to be appended to an error."""
    from reconciler.manifest.schema import explain

    return "".join(f"; {line}" for line in explain(name, content).splitlines())


def check_targets(saved: Plan, today: Plan) -> None:
    """Refuse a saved plan that was made for another application."""
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
    content = _wanted(path, "snapshot")
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
