"""Which documents are ours, and which were probably meant to be."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import msgspec

from reconciler.manifest.files import PUBLIC
from reconciler.manifest.parsed import Parsed
from reconciler.model.connection import ConnectionSpec
from reconciler.model.fleet import ChannelSpec, FleetSpec

API = "reconciler/v1"
KINDS: dict[str, type[msgspec.Struct]] = {"Connection": ConnectionSpec, "Channel": ChannelSpec, "Fleet": FleetSpec}

HEAD = re.compile(r"""^[\s{,"']*(apiVersion|kind)["']?[ \t]*:[ \t]*["']?([\w./-]+)""", re.IGNORECASE | re.MULTILINE)
TEMPLATE = re.compile(r"\{\{|\{%|<%")
"""Marks of templates, which are no YAML before somebody renders them."""
DIVIDER = re.compile(r"^---(?=\s|$)", re.MULTILINE)


def is_ours(value: Any) -> bool:
    """Return whether a document says that it is one of ours."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("apiVersion"), str)
        and value["apiVersion"].startswith("reconciler/")
    )


def seems_ours(value: Any) -> bool:
    """Return whether a document that is not ours was meant to be: by its kind, by keys and kinds nearly like ours, or cut off."""
    if isinstance(value, str):
        return bool(value) and "apiVersion".startswith(value)
    if not isinstance(value, dict):
        return False
    texts = {key.casefold(): text.casefold() for key, text in value.items() if isinstance(text, str)}
    kind, api = texts.get("kind", ""), texts.get("apiversion", "")
    if value.get("kind") in KINDS or api.startswith(API.partition("/")[0]):
        return True
    if not kind and not api:
        return "apiVersion" in value or {"metadata", "spec"} <= value.keys()
    if not kind and API.startswith(api):  # cut off in the middle of it
        return True
    near_kind = bool(get_close_matches(kind, [one.casefold() for one in KINDS], cutoff=0.75))
    near_api = bool(get_close_matches(api, [API], cutoff=0.75))
    return near_api or (near_kind and not api)


def shows_another(content: str, offset: int) -> bool:
    """Return whether text that is no YAML from somewhere on shows that it is none of ours: by another kind, or as a template.

    What cannot be read proves nothing by itself: it may be a fleet that somebody broke.
    """
    dividers = [found.start() for found in DIVIDER.finditer(content)]
    start = max((one for one in dividers if one < offset), default=0)
    ends = [one for one in dividers if one > start]
    broken, *others = (
        {key.casefold(): text for key, text in HEAD.findall(content, at, end)}
        for at, end in zip([start, *ends], [*ends, len(content)], strict=True)
    )
    if any(map(_says_ours, [broken, *others])):
        return False
    return bool(broken) or TEMPLATE.search(content, start, (*ends, len(content))[0]) is not None


def _says_ours(head: dict[str, str]) -> bool:
    """Return whether the heads found in a document that cannot be read are ours."""
    given = {"apiversion": "apiVersion"}
    return bool(head) and seems_ours({given.get(key, key): text for key, text in head.items()})


def kind_of(parsed: Parsed) -> str | None:
    """Return the kind a document says it is, nothing when that is no text, None where it cannot be read."""
    if not isinstance(parsed.value, dict):
        return None
    kind = parsed.value.get("kind")
    return kind if isinstance(kind, str) else ""


def is_public(parsed: Parsed) -> bool:
    """Return whether what was typed in a document may be shown."""
    return kind_of(parsed) in {None, *PUBLIC}
