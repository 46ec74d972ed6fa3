"""Titles and bodies as a target wants them: `string.Template`, which can only fill in names."""

from __future__ import annotations

from string import Template

from reconciler.model.notice import Message
from reconciler.model.notifying import FIELDS, Target
from reconciler.model.quantity import iso

LONGEST = 30_000
"""Characters of a body at most."""


def wrong(text: str) -> str:
    """Return what is wrong with a template; nothing where it is right."""
    template = Template(text)
    known = ", ".join(f"${name}" for name in FIELDS)
    if not template.is_valid():
        return f"it has a `$` that begins no name; write `$$` for the sign itself ({known})"
    unknown = [name for name in template.get_identifiers() if name not in FIELDS]
    return f"there is no ${unknown[0]}; there are {known}" if unknown else ""


def filled(target: Target, message: Message) -> tuple[str, str]:
    """Return title and body of a message for a target."""
    said = {
        "kind": message.kind.value,
        "title": message.title,
        "body": message.markdown if target.format == "markdown" else message.text,
        "fleets": ", ".join(message.fleets),
        "run": message.run,
        "time": iso(message.at),
    }
    title = " ".join(Template(target.title).substitute(said).split())
    return title, Template(target.body).substitute(said)[:LONGEST]
