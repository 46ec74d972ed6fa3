"""The file of `--notify-config` → who is notified of problems: every finding at once, as with manifests. Nothing typed in it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest.accept import misfits
from reconciler.manifest.files import Unreadable, called, text_of
from reconciler.manifest.parsed import Parsed
from reconciler.manifest.read import read
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.notifying import Notifications
from reconciler.model.origin import Path as Where
from reconciler.plugin.meaning import wrong_parts

EXAMPLE = "targets: [{name: ops, apprise: {env: OPS_URL}}]"


def load(path: Path) -> Notifications:
    """Read the file; raises ManifestError with all findings, SettingsError where it cannot be read."""
    try:
        documents = list(read(called(path), text_of(path)))
    except Unreadable as unreadable:
        raise SettingsError(f"cannot read {path}: {unreadable}") from None
    if len(documents) != 1 or not isinstance(documents[0].value, dict | None):
        raise SettingsError(f"{path} is not one YAML mapping", hint=f"write {EXAMPLE}")
    parsed = documents[0]
    found, wrong = None, list(_problems(parsed))
    if not wrong:
        found = _converted(parsed, wrong)
    if found is None:
        raise ManifestError(wrong)
    meant = [_at(parsed, where, code, message) for where, code, message in _meanings(found)]
    if meant:
        raise ManifestError(meant)
    return found


def _problems(parsed: Parsed) -> Iterator[Diagnostic]:
    for problem in parsed.problems:
        origin = parsed.text.place(problem.offset)
        yield Diagnostic(code=problem.code, message=problem.quiet, origin=origin, hint=problem.hint)


def _converted(parsed: Parsed, wrong: list[Diagnostic]) -> Notifications | None:
    value: Any = parsed.value or {}
    found, error = None, ""
    try:
        found = msgspec.convert(value, Notifications, strict=False)
    except msgspec.ValidationError as unfit:
        error = str(unfit)
    if found is not None and not parsed.nullish:
        return found
    some = list(misfits(value, Notifications, ()))
    wrong += [_at(parsed, one.path, one.code, one.message, one.hint) for one in some]
    if error and not some:
        wrong.append(_at(parsed, (), "wrong-value", error, f"write {EXAMPLE}"))
    return None if wrong else found


def _meanings(found: Notifications) -> Iterator[tuple[Where, str, str]]:
    """Yield what is wrong besides the structure."""
    names: set[str] = set()
    for position, target in enumerate(found.targets):
        where: Where = ("targets", position)
        if target.name in names:
            yield (*where, "name"), "duplicate-name", f"there are two targets named {target.name!r}"
        names.add(target.name)
        if (target.apprise is None) == (target.webhook is None):
            yield where, "target", "a target has exactly one of `apprise` and `webhook`"
        for finding in wrong_parts(target, where):
            yield finding.path, finding.code, finding.message


def _at(parsed: Parsed, where: Where, code: str, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, origin=parsed.locate(where), hint=hint)
