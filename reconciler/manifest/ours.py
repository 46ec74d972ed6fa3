"""Which documents are ours, and which were probably meant to be."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import msgspec

from reconciler.manifest.files import PUBLIC
from reconciler.manifest.parsed import Parsed
from reconciler.model.connection import ConnectionSpec
from reconciler.model.fleet import ChannelSpec, FleetSpec

API = "reconciler/v1"
KINDS: dict[str, type[msgspec.Struct]] = {"Connection": ConnectionSpec, "Channel": ChannelSpec, "Fleet": FleetSpec}


def is_ours(value: Any) -> bool:
    """Return whether a document says that it is one of ours."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("apiVersion"), str)
        and value["apiVersion"].startswith("reconciler/")
    )


def seems_ours(value: Any) -> bool:
    """Return whether a document that is not ours was meant to be: by its kind, or by keys and kinds nearly like ours."""
    if not isinstance(value, dict):
        return False
    texts = {key.casefold(): text.casefold() for key, text in value.items() if isinstance(text, str)}
    kind, api = texts.get("kind", ""), texts.get("apiversion", "")
    if value.get("kind") in KINDS or api.startswith(API.partition("/")[0]):
        return True
    if not kind and not api:
        return {"metadata", "spec"} <= value.keys()
    near_kind = bool(get_close_matches(kind, [one.casefold() for one in KINDS], cutoff=0.75))
    near_api = bool(get_close_matches(api, [API], cutoff=0.75))
    return near_api or (near_kind and not api)


def kind_of(parsed: Parsed) -> str | None:
    """Return the kind a document says it is, nothing when that is no text, None where it cannot be read."""
    if not isinstance(parsed.value, dict):
        return None
    kind = parsed.value.get("kind")
    return kind if isinstance(kind, str) else ""


def is_public(parsed: Parsed) -> bool:
    """Return whether what was typed in a document may be shown."""
    return kind_of(parsed) in {None, *PUBLIC}
