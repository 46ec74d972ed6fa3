"""What `requires:` of fleets means: findings about names, ranges, joins and cycles. Pure."""

from __future__ import annotations

import msgspec

from reconciler.core.names import suggestion
from reconciler.core.versions import parse_range
from reconciler.manifest.finding import Findings
from reconciler.model.diagnostic import Diagnostic, Related
from reconciler.model.fleet import Document, Manifest, Requirement, WorkloadSpec
from reconciler.model.kind import is_one_line
from reconciler.model.origin import Path

Place = tuple[str, str]
"""(connection, workload name)."""


def requirements(manifest: Manifest, *, complete: bool = True) -> Findings:
    """Yield what is wrong with requirements. `complete` False: documents are missing, so missing names are no findings."""
    lines = [
        _Line(document, ("spec", "workloads", name, "requires", required), name, required, _full(said))
        for document in manifest.fleets.values()
        for name, spec in document.spec.workloads.items()
        for required, said in spec.requires.items()
    ]
    for line in lines:
        yield from _findings(line, manifest, complete=complete)
    yield from _cycles(lines)


class _Line(msgspec.Struct, frozen=True):
    """One requirement, and where it is written."""

    document: Document
    path: Path
    workload: str
    required: str
    said: Requirement

    @property
    def holder(self) -> Place:
        return self.document.spec.connection, self.workload

    @property
    def goal(self) -> Place:
        return self.said.connection or self.document.spec.connection, self.required

    def finding(self, code: str, message: str, hint: str = "", *more: str) -> Diagnostic:
        """Return a finding about the line, or about a key under it."""
        return Diagnostic(code=code, message=message, hint=hint, origin=self.document.locate((*self.path, *more)))


def _full(said: str | list[str] | Requirement) -> Requirement:
    return said if isinstance(said, Requirement) else Requirement(version=said)


def _findings(line: _Line, manifest: Manifest, *, complete: bool) -> Findings:
    said = line.said
    if (said.connection is None) != (said.tag is None):
        have, lacks = ("connection", "tag") if said.tag is None else ("tag", "connection")
        hint = "together they name a unit: the one on that connection with the same value of that tag"
        yield line.finding("requirement-join", f"`{have}` also needs `{lacks}`", hint)
        return
    if line.holder == line.goal:
        yield line.finding("requirement-on-itself", f"{line.workload!r} requires itself")
        return
    if said.connection is not None and said.connection not in manifest.connections:
        if complete:
            near = suggestion(said.connection, list(manifest.connections))
            message = f"there is no Connection named {said.connection!r}{near}"
            yield line.finding("unknown-connection", message, "", "connection")
        return
    entries = _entries(line, manifest)
    if line.required in entries:
        yield from _versions(line, entries[line.required])
    elif said.connection is None:
        near = suggestion(line.required, [name for name in entries if name != line.workload])
        message = f"{line.workload!r} requires {line.required!r}, which this fleet does not list{near}"
        yield line.finding("unknown-workload", message, "list it; with `unmanaged: true` it is left as it is")
    elif complete:
        message = f"{line.workload!r} requires {line.required!r}, which no fleet of {said.connection} lists"
        yield line.finding("unknown-workload", message + suggestion(line.required, list(entries)))


def _entries(line: _Line, manifest: Manifest) -> dict[str, list[WorkloadSpec]]:
    """Return the entries among which the required workload must be, by name."""
    found: dict[str, list[WorkloadSpec]] = {}
    for document in manifest.fleets.values():
        beside = document.spec.connection == line.said.connection
        if beside if line.said.connection is not None else document is line.document:
            for name, spec in document.spec.workloads.items():
                found.setdefault(name, []).append(spec)
    return found


def _versions(line: _Line, entries: list[WorkloadSpec]) -> Findings:
    version = line.said.version
    if not version:
        yield line.finding(
            "empty-requirement", "an empty list matches no version", "list the versions that do, or give a range"
        )
    if not isinstance(version, str):
        return
    if not is_one_line(version):
        message = f"{version!r} must not have blanks around it, line breaks or control characters"
        yield line.finding("wrong-value", message)
        return
    try:
        parse_range(version)
    except ValueError as wrong:
        hint = "" if version.strip()[:1] in {"<", ">", "="} else f"for exactly one version, write [{version}]"
        yield line.finding("range", str(wrong), hint)
        return
    if not any(spec.order == "semver" for spec in entries):
        yield line.finding(
            "range-without-order",
            f"{version!r} is a range, but the versions of {line.required!r} have no order",
            f"add `order: semver` to {line.required}, or list the versions",
        )


# --- cycles -------------------------------------------------------------------------------------------------------------


def _cycles(lines: list[_Line]) -> Findings:
    """Yield one finding for each cycle met first by a walk in the order of the manifests; it names every line."""
    graph: dict[Place, list[_Line]] = {}
    for line in lines:
        if line.holder != line.goal:
            graph.setdefault(line.holder, []).append(line)
    done: set[Place] = set()
    for start in graph:
        yield from _walk(start, graph, done)


def _walk(start: Place, graph: dict[Place, list[_Line]], done: set[Place]) -> Findings:
    """Walk in depth from a place. `done` are places whose cycles are all reported; a chain may be as long as it likes."""
    path: list[_Line] = []
    places = {start: 0}
    turns = [iter(graph[start])] if start not in done else []
    while turns:
        line = next(turns[-1], None)
        if line is None:
            done.add(places.popitem()[0])
            turns.pop()
            del path[-1:]
        elif line.goal in places:
            yield _cycle([*path[places[line.goal] :], line])
        elif line.goal not in done:
            path.append(line)
            places[line.goal] = len(path)
            turns.append(iter(graph.get(line.goal, ())))


def _cycle(lines: list[_Line]) -> Diagnostic:
    first, *others = lines
    names = " → ".join([first.workload, *(line.required for line in lines)])
    return Diagnostic(
        code="requirement-cycle",
        message=f"circular requirements: {names}; none of these could be deployed first",
        origin=first.document.locate(first.path),
        related=tuple(
            Related(f"{line.workload} requires {line.required}", line.document.locate(line.path)) for line in others
        ),
        hint="remove one of these lines",
    )
