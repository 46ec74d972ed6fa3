"""Templates and what they stand on: one stylesheet and a few scripts, all part of the package."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from reconciler.errors import SettingsError
from reconciler.views.words import harmless_json

if TYPE_CHECKING:
    from jinja2 import Environment

ASSETS = "assets"
MISSING = "HTML needs jinja2, which is not installed"
INSTALL = "install it with: pip install 'fleet-reconciler[web]'"

UNSAFE_IN_SCRIPTS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})
"""What could end a script, or begin a comment, in JSON: all of them can only stand in texts."""
NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


@cache
def asset(name: str) -> str:
    """Return the text of a file of ours."""
    return files("reconciler.web").joinpath(ASSETS, name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return what a content security policy names an inline script or style by."""
    return f"sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def environment() -> Environment:
    """Return the templates; raise SettingsError where jinja2 is not installed."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as missing:
        raise SettingsError(MISSING, hint=INSTALL) from missing
    return Environment(
        autoescape=True,
        loader=FunctionLoader(asset),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def in_script(value: Any) -> str:
    """Return a value as JSON that may stand between `<script>` and `</script>`, in ASCII."""
    text = harmless_json(msgspec.json.encode(value)).translate(UNSAFE_IN_SCRIPTS)
    return NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
