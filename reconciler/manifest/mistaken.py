"""A file of one kind where another is wanted: what it is, and which command takes it."""

from __future__ import annotations

import re
import shlex

from reconciler.errors import SettingsError

MANIFEST = "manifest"
WRITTEN = re.compile(r'\ufeff?\s*\{\s*"format"\s*:\s*"reconciler/(\w+)\.v')
"""How a file begins that this program wrote."""
READ = re.compile(r"""^[\s{,"']*apiVersion["']?[ \t]*:""", re.MULTILINE)

KINDS = {
    MANIFEST: (
        "a manifest",
        "`reconciler validate {file}` checks it, `reconciler plan {file}` shows what it would change",
    ),
    "plan": ("a saved plan", "`reconciler show {file}` shows it, `reconciler apply --plan {file}` applies it"),
    "snapshot": (
        "a recorded snapshot",
        "`reconciler plan --snapshot {file}` plans against it, `reconciler diff {file} OTHER` compares it",
    ),
    "event": ("the result file of a run", "it has one JSON object a line; `reconciler schema event.v1` describes them"),
}
OTHER = ("the output of a command", "give it to what reads JSON, such as jq")


def file_kind(text: str) -> str:
    """Return what a text is by its beginning: manifest, plan, snapshot, event, another format; empty for none of ours."""
    written = WRITTEN.match(text)
    if written is not None:
        return written[1]
    return MANIFEST if READ.search(text) else ""


def mistaken(file: str, kind: str, wanted: str) -> SettingsError:
    """Return that a file is something else than what is wanted (`a manifest`), and which command takes it."""
    what, use = KINDS.get(kind, OTHER)
    return SettingsError(f"{file} is {what}, not {wanted}", hint=use.format(file=shlex.quote(file)))
