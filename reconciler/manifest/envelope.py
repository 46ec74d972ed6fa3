"""What is wrong with a document around its spec: apiVersion, kind, metadata, keys that stand one level too high."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from reconciler.core.names import suggestion
from reconciler.manifest.accept import Misfit, fields_of
from reconciler.manifest.layout import flow
from reconciler.manifest.ours import API, KINDS
from reconciler.manifest.read import AGAIN
from reconciler.model.connection import ConnectionSpec

KEYS = ("apiVersion", "kind", "metadata", "spec")
RIGHT = f"write `apiVersion: {API}`"
BELOW = "a document has `apiVersion`, `kind`, `metadata` and `spec`; everything else stands below `spec`"


def unnamed(value: Any) -> tuple[str, str]:
    """Return at which key somebody sees best that a document is no manifest, empty for the whole, and what to write."""
    given = {key.casefold(): key for key in value} if isinstance(value, Mapping) else {}
    return given.get("apiversion", ""), RIGHT


def wrong_head(value: Mapping[str, Any]) -> Iterator[Misfit]:
    """Yield why the kind of a document cannot be determined."""
    if value["apiVersion"] != API:
        yield Misfit(("apiVersion",), "api-version", f"apiVersion must be {API}", RIGHT, typed=value["apiVersion"])
        return
    kind = value.get("kind")
    if kind is None:
        given = next((key for key in value if key.casefold() == "kind"), "")
        meant = f"write `kind: {_kind(value, value.get(given))}`"
        yield Misfit((given,) if given else (), "kind", f"the document needs a kind: {', '.join(KINDS)}", meant)
    elif not isinstance(kind, str) or kind not in KINDS:
        meant = f"write `kind: {_kind(value, kind)}`"
        near = suggestion(str(kind), list(KINDS))
        yield Misfit(("kind",), "kind", f"kind must be one of {', '.join(KINDS)}, not {kind!r}{near}", meant)


def wrong_keys(value: Mapping[str, Any], spec: type[msgspec.Struct]) -> Iterator[Misfit]:
    """Yield keys that do not belong into a document, and those that are missing."""
    below = fields_of(spec) if spec is not ConnectionSpec else {}
    needed = [name for name, field in below.items() if field.required]
    for key in value:
        if key in KEYS or AGAIN in key:
            continue
        near = suggestion(key, ["metadata", "spec"])
        if key in below:
            hint = f"indent it below `spec:`; {BELOW}"
        elif key == "name":
            hint = f"write `{_metadata(value)}`"
        elif key in {"labels", "annotations"}:
            hint = f"indent it below `metadata:`; {BELOW}"
        else:
            hint = BELOW
        yield Misfit((key,), "unknown-key", f"unknown key {key!r} in the document{near}", hint)
    for key, form in (("metadata", _metadata(value)), ("spec", "spec:")):
        if key not in value:
            hint = f"write `{form}`" if key == "metadata" else f"write `spec:`, and below it {_list(needed)}"
            yield Misfit((), "missing-key", f"the document needs {key!r}", hint)


def _metadata(value: Mapping[str, Any]) -> str:
    name = value.get("name")
    return f"metadata: {{name: {flow(name) if isinstance(name, str) and name else 'NAME'}}}"


def _kind(value: Mapping[str, Any], said: Any) -> str:
    """Return the kind that a document is most like: by what it is called, else by the keys of its spec."""
    text = str(said).casefold()
    named = next((kind for kind in KINDS if kind.casefold().startswith(text) or text.startswith(kind.casefold())), "")
    keys = value["spec"].keys() if isinstance(value.get("spec"), Mapping) else value.keys()
    looks = "Channel" if "versions" in keys else "Fleet"
    return named or looks


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "the platform and its settings"
