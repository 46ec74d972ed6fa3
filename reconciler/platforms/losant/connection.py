"""What a Connection says of one Losant application, and what options of `import` make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from reconciler.model.connection import Requests, Secret
from reconciler.model.kind import Kind, Text
from reconciler.plugin import Finding, Option, address, wrong_address


class LosantConnection(Kind, frozen=True, kw_only=True):
    """One Losant application."""

    application: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]{24}$(?!\n)", description="The application's id, 24 hex digits.")
    ]
    token: Secret
    url: Text = "https://api.losant.com"
    requests: Requests = Requests()
    wide_calls: Annotated[str, msgspec.Meta(pattern=r"^(never|scope|proved)$(?!\n)")] = "scope"


TOKEN = Option("token-env", "NAME", "holds the token", variable="LOSANT_API_TOKEN")
OPTIONS = (
    Option("url", "URL", "where the platform's API is"),
    Option("application", "ID", "the application to read", required=True),
    TOKEN,
)


def connection(given: Mapping[str, str]) -> LosantConnection:
    """Return what the options mean."""
    spec = LosantConnection(application=given["application"], token=TOKEN.secret(given))
    return msgspec.structs.replace(spec, url=given.get("url", spec.url))


def target(spec: LosantConnection) -> str:
    """Return which application a connection is to."""
    return f"{address(spec.url)}/applications/{spec.application.lower()}"


def check(spec: LosantConnection) -> Iterator[Finding]:
    """Yield what is wrong with a connection besides its structure."""
    yield from wrong_address(spec.url, ("url",))
