"""Files and folders → the manifest: every finding of every file comes out in one run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from os.path import realpath
from pathlib import Path
from typing import Any

import msgspec

from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest import check, connections
from reconciler.manifest.accept import Misfit, misfits
from reconciler.manifest.envelope import unnamed, wrong_head, wrong_keys
from reconciler.manifest.files import STANDARD_INPUT, Skipped, Text, Unreadable, below, called, text_of
from reconciler.manifest.mistaken import MANIFEST, file_kind, mistaken
from reconciler.manifest.ours import API, KINDS, is_ours, is_public, kind_of, seems_ours, shows_another
from reconciler.manifest.parsed import Parsed, Problem, settle
from reconciler.manifest.read import collector_paused, read
from reconciler.model.connection import ConnectionSpec
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import Document, FleetSpec, Manifest
from reconciler.model.kind import Metadata
from reconciler.model.origin import NOWHERE, Origin
from reconciler.plugin import Plugins

SAMPLE = 3
IMPORTED = {
    "Connection": "; `reconciler import --connection NAME` chooses it",
    "Fleet": "; `reconciler import --fleet NAME` chooses it",
}
"""How names are chosen that `import` wrote: several imports into one repository give the same ones by themselves."""


class Loader:
    """Reads the manifests of some paths, as often as asked. `connections` says where Connections come from instead."""

    def __init__(
        self,
        paths: Sequence[Path],
        plugins: Plugins,
        connections: Path | None = None,
        *,
        may_be_empty: bool = False,
        root: Path | None = None,
    ) -> None:
        """Take files and folders, and the platforms there are; nothing is read yet.

        Finding nothing is an error unless it may be empty. Files below `root` are named from there.
        """
        self.paths = list(paths)
        self.plugins = plugins
        self.connections = connections
        self.may_be_empty = may_be_empty
        self.root = root

    def load(self) -> Manifest:
        """Return the manifest; raise ManifestError with all findings, SettingsError for paths that are not there."""
        with collector_paused():
            run = _Loading(self.plugins, self.root)
            for path in self.paths:
                run.take(path)
            if self.connections is not None:
                run.replace_connections(self.connections)
            return run.finish(self.paths, may_be_empty=self.may_be_empty)


def connections_in(paths: Sequence[Path], plugins: Plugins) -> dict[str, Document]:
    """Return the Connections of some paths that can be read, whatever is wrong with the rest; paths may not be there."""
    run = _Loading(plugins)
    for path in paths:
        if path.exists():
            run.take(path)
    return run.found["Connection"]


class _Loading:
    """One run of loading."""

    def __init__(self, plugins: Plugins, root: Path | None = None) -> None:
        self.plugins = plugins
        self.root = root
        self.found: dict[str, dict[str, Document]] = {kind: {} for kind in KINDS}
        self.diagnostics: list[Diagnostic] = []
        self.texts: dict[str, Text] = {}
        self.seen: set[str] = set()
        self.foreign: list[tuple[Origin, str]] = []
        """Documents of other kinds, and what they say they are."""
        self.ignored: dict[str, Document] = {}
        self.others = 0
        self.failed = False

    def take(self, path: Path) -> None:
        """Read a file, or all YAML files below a folder."""
        try:
            folder, there = path.is_dir(), path.exists()
        except OSError as error:
            raise SettingsError(f"cannot read {path}: {error.strerror}") from None
        if folder:
            for file in below(path):
                if isinstance(file, Skipped):
                    self._warn("skipped", f"it is not read: {file.why}", Origin(called(file.path, self.root)))
                else:
                    self._file(file, named=False)
        elif there or path == STANDARD_INPUT:
            self._file(path, named=True)
        else:
            raise SettingsError(f"there is no file or folder {path}", hint="PATHS are manifests or folders of them")

    def replace_connections(self, path: Path) -> None:
        """Take Connections from here, and only from here."""
        self.ignored = self.found["Connection"]
        other = _Loading(self.plugins)
        other.take(path)
        self.diagnostics += other.diagnostics
        self.foreign += other.foreign
        self.failed = self.failed or other.failed
        self.texts |= other.texts
        self.found["Connection"] = other.found["Connection"]
        if self.ignored:
            names = ", ".join(sorted(self.ignored))
            message = f"Connections beside the fleets are ignored, since --connections is given: {names}"
            self._warn("connections-ignored", message)

    def finish(self, paths: Sequence[Path], *, may_be_empty: bool) -> Manifest:
        """Check what everything means together; raise ManifestError when anything is wrong."""
        if not any(self.found.values()) and not self.failed and not may_be_empty:
            where = ", ".join("standard input" if path == STANDARD_INPUT else str(path) for path in paths)
            besides = f" ({self.others} other YAML documents were ignored)" if self.others else ""
            skipped = "".join(f"; {one.origin}: {one.message}" for one in self.diagnostics[:SAMPLE])
            raise SettingsError(
                f"no manifests in {where}{besides}{skipped}{self._foreign()}",
                hint="a manifest is a YAML document with `apiVersion: reconciler/v1`; `reconciler import` writes one",
            )
        if self.foreign:
            self._warn("foreign", self._foreign().removeprefix("; "), self.foreign[0][0])
        manifest = Manifest(
            connections=self.found["Connection"],
            channels=self.found["Channel"],
            fleets=self.found["Fleet"],
            digest=self._digest(),
            ignored=self.ignored,
        )
        self.diagnostics += connections.meanings(manifest, self.plugins)
        self.diagnostics += map(self._excerpted, check.fleets(manifest, self.plugins, complete=not self.failed))
        self.diagnostics.sort(key=lambda one: (one.origin.file, one.origin.line, one.origin.column))
        if any(one.severity is Severity.ERROR for one in self.diagnostics):
            raise ManifestError(self.diagnostics)
        return msgspec.structs.replace(manifest, warnings=tuple(self.diagnostics))

    def _foreign(self) -> str:
        """Return which documents are not ours; nothing where all are."""
        if not self.foreign:
            return ""
        shown = ", ".join(f"{origin} ({kind})" for origin, kind in self.foreign[:SAMPLE])
        more = f" and {len(self.foreign) - SAMPLE:,} more" if len(self.foreign) > SAMPLE else ""
        return f"; documents of other kinds are not read: {shown}{more}"

    def _excerpted(self, one: Diagnostic) -> Diagnostic:
        """Return a finding about a fleet with the line it is about."""
        text = self.texts[one.origin.file]
        return msgspec.structs.replace(one, excerpt=text.excerpt(one.origin.line, "Fleet"))

    def _digest(self) -> str:
        values = [
            [kind, name, document.labels, document.spec]
            for kind, documents in sorted(self.found.items())
            for name, document in sorted(documents.items())
        ]
        return sha256(msgspec.json.encode(values, order="deterministic")).hexdigest()

    # --- one file ---------------------------------------------------------------------------------------------------

    def _file(self, path: Path | Unreadable, *, named: bool) -> None:
        try:
            if isinstance(path, Unreadable):
                raise path
            name = realpath(path)
            if name in self.seen:
                return
            self.seen.add(name)
            content = text_of(path)
        except Unreadable as wrong:
            self._wrong(wrong.code, str(wrong), Origin(called(wrong.path, self.root)))
            return
        file = called(path, self.root)
        kind = file_kind(content) if named else ""
        if kind not in {"", MANIFEST}:
            raise mistaken(file, kind, "a manifest")
        ours = named or "reconciler/" in content
        for parsed in read(file, content):
            self.texts[file] = parsed.text
            self._document(parsed, ours=ours, named=named)

    def _document(self, parsed: Parsed, *, ours: bool, named: bool) -> None:
        value = parsed.value
        if not is_ours(value):
            broken = bool(parsed.problems) and not isinstance(value, dict)
            unreadable = broken and value is None and not shows_another(parsed.text.text, parsed.problems[0].offset)
            if (ours and broken) or unreadable or named or seems_ours(value):
                self._not_ours(parsed)
            else:
                self.others += 1
                if isinstance(value, dict) and isinstance(value.get("kind"), str):
                    self.foreign.append((parsed.locate(("kind",)), value["kind"]))
                elif value is None and parsed.problems:
                    self.foreign.append((parsed.text.place(parsed.problems[0].offset), "no readable YAML"))
            return
        before = len(self.diagnostics)
        for problem in parsed.problems:
            self._problem(parsed, problem)
        self._envelope(parsed, value, clean=len(self.diagnostics) == before)

    def _not_ours(self, parsed: Parsed) -> None:
        for problem in parsed.problems:
            self._problem(parsed, problem)
        if not parsed.problems:
            at, hint = unnamed(parsed.value)
            message = f"this is not a manifest: it needs `apiVersion: {API}` and a kind ({', '.join(KINDS)})"
            self._wrong("no-manifest", message, parsed.locate((at,) if at else ()), hint=hint, parsed=parsed)

    def _envelope(self, parsed: Parsed, value: dict[str, Any], *, clean: bool) -> None:
        head = list(wrong_head(value))
        for misfit in head:
            self._misfit(parsed, misfit)
        if head:
            return
        kind: str = value["kind"]
        spec_kind = KINDS[kind]
        for misfit in wrong_keys(value, spec_kind):
            self._misfit(parsed, misfit)
        metadata = self._convert(parsed, "metadata", Metadata)
        spec = self._convert(parsed, "spec", spec_kind)
        if metadata is None or spec is None or not clean:
            self.failed = True
            return
        if isinstance(spec, FleetSpec):
            settle(spec, parsed)
        document = Document(metadata.name, spec, parsed.text.file, parsed.locate, dict(metadata.labels))
        self._add(kind, document, parsed)

    def _convert(self, parsed: Parsed, key: str, kind: type[Any]) -> Any:
        if parsed.value.get(key) is None:
            return None
        value, converted, error = parsed.value[key], None, ""
        connects = kind is ConnectionSpec
        try:
            if connects:
                converted = connections.convert(value, self.plugins)
            else:
                converted = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as wrong:
            error = str(wrong)
        if converted is not None and not parsed.nullish:
            return converted
        found = list(connections.unfit(value, self.plugins, (key,)) if connects else misfits(value, kind, (key,)))
        for misfit in found:
            self._misfit(parsed, misfit if misfit.hint or connects else _advised(misfit, kind, value))
        if error and not found and not parsed.problems:
            self._wrong("wrong-value", error, parsed.locate((key,)), parsed=parsed)
        return None if found else converted

    def _add(self, kind: str, document: Document, parsed: Parsed) -> None:
        other = self.found[kind].get(document.name)
        if other is not None:
            self._wrong(
                "duplicate-name",
                f"there are two {kind}s named {document.name!r}",
                document.locate(("metadata", "name")),
                hint=f"give one of them another name{IMPORTED.get(kind, '')}",
                related=(Related("the other one", other.locate(("metadata", "name"))),),
                parsed=parsed,
            )
            return
        self.found[kind][document.name] = document

    # --- findings ---------------------------------------------------------------------------------------------------

    def _problem(self, parsed: Parsed, problem: Problem) -> None:
        related = () if problem.related is None else (Related("the first one", parsed.locate(problem.related)),)
        self._wrong(
            problem.code,
            problem.message if is_public(parsed) else problem.quiet,
            parsed.text.place(problem.offset),
            hint=problem.hint,
            related=related,
            parsed=parsed,
        )

    def _misfit(self, parsed: Parsed, misfit: Misfit) -> None:
        typed = misfit.typed is not None and (is_public(parsed) or misfit.path[0] != "spec")
        message = f"{misfit.message}, not {misfit.typed!r}" if typed else misfit.message
        self._wrong(misfit.code, message, parsed.locate(misfit.path), hint=misfit.hint, parsed=parsed)

    def _warn(self, code: str, message: str, origin: Origin = NOWHERE) -> None:
        self.diagnostics.append(Diagnostic(code=code, message=message, severity=Severity.WARNING, origin=origin))

    def _wrong(  # all parts of a finding
        self,
        code: str,
        message: str,
        origin: Origin = NOWHERE,
        *,
        hint: str = "",
        related: tuple[Related, ...] = (),
        parsed: Parsed | None = None,
    ) -> None:
        self.failed = True
        self.diagnostics.append(
            Diagnostic(
                code=code,
                message=message,
                origin=origin,
                hint=hint,
                related=related,
                excerpt=parsed.text.excerpt(origin.line, kind_of(parsed)) if parsed is not None else "",
            )
        )


def _advised(misfit: Misfit, kind: type[Any], value: Any) -> Misfit:
    """Return a misfit with how to write it right."""
    from reconciler.manifest.habits import advice  # seldom needed

    return msgspec.structs.replace(misfit, hint=advice(kind, value, misfit))
