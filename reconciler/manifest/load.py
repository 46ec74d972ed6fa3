"""Files and folders → the manifest: every finding of every file comes out in one run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from reconciler.core.names import suggestion
from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest.accept import Misfit, misfits
from reconciler.manifest.check import check
from reconciler.manifest.place import Parsed, Problem, Text
from reconciler.manifest.read import read
from reconciler.manifest.scalars import settle
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.fleet import ChannelSpec, ConnectionSpec, Document, FleetSpec, Kind, Manifest, Metadata
from reconciler.model.origin import NOWHERE, Origin

LARGEST = 32 * 1024 * 1024
"""Bytes of a file at most."""

API = "reconciler/v1"
KINDS: dict[str, type[Kind]] = {"Connection": ConnectionSpec, "Channel": ChannelSpec, "Fleet": FleetSpec}
SUFFIXES = (".yaml", ".yml")


class Loader:
    """Reads the manifests of some paths, as often as asked. `connections` says where Connections come from instead."""

    def __init__(self, paths: Sequence[Path], connections: Path | None = None, *, may_be_empty: bool = False) -> None:
        """Take files and folders; nothing is read yet. Finding nothing is an error unless it may be empty."""
        self.paths = list(paths)
        self.connections = connections
        self.may_be_empty = may_be_empty

    def load(self) -> Manifest:
        """Return the manifest; raise ManifestError with all findings, SettingsError for paths that are not there."""
        run = _Loading()
        for path in self.paths:
            run.take(path)
        if self.connections is not None:
            run.replace_connections(self.connections)
        return run.finish(self.paths, may_be_empty=self.may_be_empty)


class _Loading:
    """One run of loading."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Document]] = {kind: {} for kind in KINDS}
        self.diagnostics: list[Diagnostic] = []
        self.seen: set[Path] = set()
        self.hidden: set[str] = set()
        """Files in which somebody may have written a secret: no line of them, and no wrong value, is ever shown."""
        self.foreign = 0
        self.failed = False

    def take(self, path: Path) -> None:
        """Read a file, or all YAML files below a folder."""
        if path.is_dir():
            for file in _files(path):
                self._file(file, named=False)
        elif path.exists():
            self._file(path, named=True)
        else:
            raise SettingsError(f"there is no file or folder {path}", hint="PATHS are manifests or folders of them")

    def replace_connections(self, path: Path) -> None:
        """Take Connections from here, and only from here."""
        ignored = sorted(self.found["Connection"])
        other = _Loading()
        other.take(path)
        self.diagnostics += other.diagnostics
        self.hidden |= other.hidden
        self.failed = self.failed or other.failed
        self.found["Connection"] = other.found["Connection"]
        if ignored:
            message = f"Connections beside the fleets are ignored, since --connections is given: {', '.join(ignored)}"
            self.diagnostics.append(Diagnostic(code="connections-ignored", message=message, severity=Severity.WARNING))

    def finish(self, paths: Sequence[Path], *, may_be_empty: bool) -> Manifest:
        """Check what everything means together; raise ManifestError when anything is wrong."""
        if not any(self.found.values()) and not self.failed and not may_be_empty:
            where = ", ".join(str(path) for path in paths)
            besides = f" ({self.foreign} other YAML documents were left alone)" if self.foreign else ""
            raise SettingsError(
                f"no manifests in {where}{besides}",
                hint="a manifest is a YAML document with `apiVersion: reconciler/v1`; `reconciler import` writes one",
            )
        manifest = Manifest(
            connections=self.found["Connection"],
            channels=self.found["Channel"],
            fleets=self.found["Fleet"],
            digest=self._digest(),
        )
        self.diagnostics += check(manifest, complete=not self.failed)
        if any(one.severity is Severity.ERROR for one in self.diagnostics):
            in_order = sorted(self.diagnostics, key=lambda one: (one.origin.file, one.origin.line, one.origin.column))
            raise ManifestError([self._excerpted(one) for one in in_order])
        return msgspec.structs.replace(manifest, warnings=tuple(self._excerpted(one) for one in self.diagnostics))

    def _digest(self) -> str:
        values = [
            [kind, name, document.labels, document.spec]
            for kind, documents in sorted(self.found.items())
            for name, document in sorted(documents.items())
        ]
        return sha256(msgspec.json.encode(values, order="deterministic")).hexdigest()

    # --- one file ---------------------------------------------------------------------------------------------------

    def _file(self, path: Path, *, named: bool) -> None:
        if path.resolve() in self.seen:
            return
        self.seen.add(path.resolve())
        content = self._content(path)
        if content is None:
            return
        ours = named or "reconciler/" in content
        documents = read(str(path), content)
        if any(_may_hold_secrets(parsed) for parsed in documents):
            self.hidden.add(str(path))
        for parsed in documents:
            self._document(parsed, ours=ours, named=named)

    def _content(self, path: Path) -> str | None:
        try:
            size = path.stat().st_size
            if size > LARGEST:
                self._wrong(
                    "too-large", f"the file has {size:,} bytes; at most {LARGEST:,} are read", Origin(str(path))
                )
                return None
            return path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._wrong("not-utf-8", f"the file is not UTF-8 text (byte {error.start})", Origin(str(path)))
        except OSError as error:
            self._wrong("unreadable", f"cannot read the file: {error.strerror}", Origin(str(path)))
        return None

    def _document(self, parsed: Parsed, *, ours: bool, named: bool) -> None:
        value = parsed.value
        if not _is_ours(value):
            broken = value is None or not isinstance(value, dict)
            claims = isinstance(value, dict) and isinstance(value.get("kind"), str) and value["kind"] in KINDS
            if (ours and broken and parsed.problems) or named or claims:
                self._not_ours(parsed)
            else:
                self.foreign += 1
            return
        before = len(self.diagnostics)
        for problem in parsed.problems:
            self._problem(parsed, problem)
        self._envelope(parsed, value, clean=len(self.diagnostics) == before)

    def _not_ours(self, parsed: Parsed) -> None:
        for problem in parsed.problems:
            self._problem(parsed, problem)
        if not parsed.problems:
            self._wrong(
                "no-manifest",
                f"this is no manifest: it needs `apiVersion: {API}` and a kind ({', '.join(KINDS)})",
                parsed.locate(()),
            )

    def _envelope(self, parsed: Parsed, value: dict[str, Any], *, clean: bool) -> None:
        if value["apiVersion"] != API:
            self._wrong(
                "api-version", f"apiVersion must be {API}, not {value['apiVersion']!r}", parsed.locate(("apiVersion",))
            )
            return
        kind = value.get("kind")
        spec_kind = KINDS.get(kind) if isinstance(kind, str) else None
        if spec_kind is None or kind is None:
            near = suggestion(str(kind), list(KINDS))
            self._wrong("kind", f"kind must be one of {', '.join(KINDS)}, not {kind!r}{near}", parsed.locate(("kind",)))
            return
        for key in value:
            if key not in {"apiVersion", "kind", "metadata", "spec"} and "\0" not in key:
                near = suggestion(key, ["metadata", "spec"])
                self._wrong("unknown-key", f"unknown key {key!r} in the document{near}", parsed.locate((key,)))
        metadata = self._convert(parsed, "metadata", Metadata)
        spec = self._convert(parsed, "spec", spec_kind)
        if metadata is None or spec is None or not clean:
            self.failed = True
            return
        if isinstance(spec, FleetSpec):
            settle(spec, parsed)
        document = Document(metadata.name, spec, parsed.text.file, parsed.locate, dict(metadata.labels))
        self._add(kind, document)

    def _convert(self, parsed: Parsed, key: str, kind: type[Any]) -> Any:
        if parsed.value.get(key) is None:
            if key not in parsed.value:
                self._wrong("missing-key", f"the document needs {key!r}", parsed.locate(()))
            return None
        value, converted, error = parsed.value[key], None, ""
        try:
            converted = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as wrong:
            error = str(wrong)
        if converted is not None and not parsed.nullish:
            return converted
        found = list(misfits(value, kind, (key,)))
        for misfit in found:
            self._misfit(parsed, misfit)
        if error and not found and not parsed.problems:
            self._wrong("wrong-value", error, parsed.locate((key,)))
        return None if found else converted

    def _add(self, kind: str, document: Document) -> None:
        other = self.found[kind].get(document.name)
        if other is not None:
            self._wrong(
                "duplicate-name",
                f"there are two {kind}s named {document.name!r}",
                document.locate(("metadata", "name")),
                related=(Related("the other one", other.locate(("metadata", "name"))),),
            )
            return
        self.found[kind][document.name] = document

    # --- findings ---------------------------------------------------------------------------------------------------

    def _problem(self, parsed: Parsed, problem: Problem) -> None:
        related = () if problem.related is None else (Related("the first one", parsed.locate(problem.related)),)
        self._wrong(
            problem.code,
            problem.message,
            parsed.text.place(problem.offset),
            hint=problem.hint,
            related=related,
            text=parsed.text,
        )

    def _excerpted(self, one: Diagnostic) -> Diagnostic:
        """Return a finding with the line it is about, where that may be shown."""
        if one.excerpt or not one.origin.line or one.origin.file in self.hidden:
            return one
        try:
            lines = Path(one.origin.file).read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError):
            return one
        return msgspec.structs.replace(one, excerpt="".join(lines[one.origin.line - 1 : one.origin.line]).rstrip("\r"))

    def _misfit(self, parsed: Parsed, misfit: Misfit) -> None:
        text = None if misfit.secret else parsed.text
        message = misfit.message
        if parsed.text.file in self.hidden:
            message = message.partition(", not '")[0].partition(', not "')[0]
        self._wrong(misfit.code, message, parsed.locate(misfit.path), hint=misfit.hint, text=text)

    def _wrong(  # all parts of a finding
        self,
        code: str,
        message: str,
        origin: Origin = NOWHERE,
        *,
        hint: str = "",
        related: tuple[Related, ...] = (),
        text: Text | None = None,
    ) -> None:
        self.failed = True
        self.diagnostics.append(
            Diagnostic(
                code=code,
                message=message,
                origin=origin,
                hint=hint,
                related=related,
                excerpt=text.line(origin.line) if text is not None and text.file not in self.hidden else "",
            )
        )


def _may_hold_secrets(parsed: Parsed) -> bool:
    """Return whether somebody may have written a secret into this file: then no line of it is ever shown."""
    value = parsed.value
    if not isinstance(value, dict):
        return "Connection" in parsed.text.text
    return value.get("kind") not in ("Fleet", "Channel")  # a list: the kind may be no text


def _is_ours(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("apiVersion"), str)
        and value["apiVersion"].startswith("reconciler/")
    )


def _files(folder: Path) -> Iterator[Path]:
    """Yield the YAML files below a folder in sorted order; hidden folders and files are passed over."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(place) / name
