"""Findings as code review shows them beside their lines: commands of GitHub's runner, GitLab's code quality report.

The runner's commands: docs.github.com, "Workflow commands"; `%`, line breaks, and in properties `:` and `,`, are escaped
as its toolkit does it. The report: docs.gitlab.com/ci/testing/code_quality, a subset of Code Climate's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

import msgspec

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.origin import NOWHERE, Origin
from reconciler.model.plan import Plan
from reconciler.views.base_words import loosened_words, was_and_now
from reconciler.views.limit_words import violation_words
from reconciler.views.words import RUNNER_COMMAND, visible

Place = Callable[[str], str]
"""Gives the path of a file from the top of the repository."""

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor"}
"""What GitLab calls them."""


class _Lines(msgspec.Struct):
    begin: int


class _Location(msgspec.Struct):
    path: str
    lines: _Lines


class _Issue(msgspec.Struct):
    description: str
    check_name: str
    fingerprint: str
    severity: str
    location: _Location


def findings_of(plan: Plan) -> Iterator[Diagnostic]:
    """Yield what of a plan stands on a line of a manifest: broken limits, mistakes, warnings, what is loosened."""
    for fleet in plan.fleets:
        for broken in fleet.violations:
            message = f"fleet {fleet.fleet}: {violation_words(broken)}; no change of the fleet is applied"
            yield _found(f"limit-{broken.kind.value}", message, Severity.ERROR, broken.origin)
        yield from fleet.diagnostics
        if fleet.error:
            yield Diagnostic(code="not-read", message=f"fleet {fleet.fleet} could not be read: {fleet.error}")
    for one in plan.loosened:
        message = f"fleet {one.fleet}: {loosened_words(one, str)}: {was_and_now(one.was, one.now, str)}"
        yield _found("loosened", message, Severity.WARNING, one.origin)


def _found(code: str, message: str, severity: Severity, origin: Origin | None) -> Diagnostic:
    return Diagnostic(code=code, message=message, severity=severity, origin=origin or NOWHERE)


def github(findings: Sequence[Diagnostic], place: Place) -> Iterator[str]:
    """Yield one command for each, errors first: the runner shows ten of a kind at most."""
    for one in sorted(findings, key=lambda one: one.severity is not Severity.ERROR):
        at = {
            "file": place(one.origin.file) if one.origin.file else "",
            "line": one.origin.line,
            "col": one.origin.column,
        }
        properties = ",".join(
            f"{name}={_property(str(value))}" for name, value in {**at, "title": one.code}.items() if value
        )
        message = _data("\n".join(_texts(one, place)))
        yield f"::{one.severity.value} {properties}::{message}"


def gitlab(findings: Sequence[Diagnostic], place: Place) -> bytes:
    """Return the report. Its fingerprints stay the same when lines move, and distinguish findings with the same text."""
    times: Counter[str] = Counter()
    issues: list[_Issue] = []
    for one in findings:
        path, text = visible(place(one.origin.file)) if one.origin.file else ".", "\n".join(_texts(one, place))
        said = f"{one.code}\0{path}\0{text}"
        times[said] += 1
        fingerprint = sha256(f"{said}\0{times[said]}".encode(errors="surrogatepass")).hexdigest()
        location = _Location(path, _Lines(max(1, one.origin.line)))
        issues.append(_Issue(text, one.code, fingerprint, SEVERITIES[one.severity], location))
    return msgspec.json.encode(issues)


def _texts(one: Diagnostic, place: Place) -> Iterator[str]:
    yield visible(one.message)
    for other in one.related:
        at = Origin(place(other.origin.file), other.origin.line, other.origin.column)
        yield visible(f"{other.message}: {at}")
    if one.hint:
        yield visible(f"hint: {one.hint}")


def _data(text: str) -> str:
    """Return text that stays the message of its command, and makes no other one."""
    text = RUNNER_COMMAND.sub(r"##\1\\x5b", text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
