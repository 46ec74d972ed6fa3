"""Options of `import` → the Connection they mean: secrets only by reference, what is at its default left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from reconciler.model.connection import (
    ConnectionSpec,
    DeliveryServer,
    GetAppConnection,
    Login,
    LosantConnection,
    MemfaultConnection,
    Secret,
    UserKey,
)

F = TypeVar("F", bound=Callable[..., Any])

PLATFORMS = ("losant", "getapp", "memfault")

TOKENS = {"losant": "LOSANT_API_TOKEN", "memfault": "MEMFAULT_ORG_TOKEN"}
"""The environment variable that holds a platform's token, where nobody names another."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of an application; None for what was not said."""

    url: str | None = None
    application: str | None = None
    token_env: str | None = None
    organization: str | None = None
    project: str | None = None
    email_env: str | None = None
    key_env: str | None = None
    topology: str | None = None
    api: str | None = None
    delivery: str | None = None
    username_env: str | None = None
    password_env: str | None = None


NEEDED = {
    "losant": {"application": "--application ID says which application to read"},
    "getapp": {"url": "--url URL says where the CDN master, or the agent, answers"},
    "memfault": {
        "organization": "--organization SLUG says whose project it is",
        "project": "--project SLUG says which project to read",
    },
}
KNOWN = {
    "losant": {"url", "application", "token_env"},
    "getapp": {"url", "topology", "api", "delivery", "username_env", "password_env"},
    "memfault": {"url", "organization", "project", "token_env", "email_env", "key_env"},
}
"""What each platform's connection can be told."""


def connection(platform: str, given: Given) -> ConnectionSpec:
    """Return the Connection that the options mean; raise UsageError for options that are missing, or of another platform."""
    for name in Given.__struct_fields__:
        if getattr(given, name) is not None and name not in KNOWN[platform]:
            raise click.UsageError(f"--{name.replace('_', '-')} means nothing for {platform}")
    for name, words in NEEDED[platform].items():
        if getattr(given, name) is None:
            raise click.UsageError(words)
    return BUILD[platform](given)


def _losant(given: Given) -> ConnectionSpec:
    token = Secret(env=given.token_env or TOKENS["losant"])
    spec = LosantConnection(application=given.application or "", token=token)
    return ConnectionSpec(losant=spec if given.url is None else msgspec.structs.replace(spec, url=given.url))


def _getapp(given: Given) -> ConnectionSpec:
    delivery = None
    if given.delivery is not None:
        username = Secret(env=given.username_env or "GETAPP_USERNAME")
        password = Secret(env=given.password_env or "GETAPP_PASSWORD")
        delivery = DeliveryServer(url=given.delivery, login=Login(username=username, password=password))
    elif given.username_env is not None or given.password_env is not None:
        raise click.UsageError("--username-env and --password-env are for the server that --delivery URL names")
    spec = GetAppConnection(agent=given.url or "", delivery=delivery)
    if given.topology is not None:
        spec = msgspec.structs.replace(spec, topology=given.topology)
    return ConnectionSpec(getapp=spec if given.api is None else msgspec.structs.replace(spec, api=given.api))


def _memfault(given: Given) -> ConnectionSpec:
    token, user = Secret(env=given.token_env or TOKENS["memfault"]), None
    if given.email_env is not None or given.key_env is not None:
        if given.email_env is None or given.key_env is None or given.token_env is not None:
            raise click.UsageError("give --email-env and --key-env together, or --token-env alone")
        user = UserKey(email=Secret(env=given.email_env), key=Secret(env=given.key_env))
    spec = MemfaultConnection(
        organization=given.organization or "",
        project=given.project or "",
        token=token if user is None else None,
        user=user,
    )
    return ConnectionSpec(memfault=spec if given.url is None else msgspec.structs.replace(spec, url=given.url))


BUILD = {"losant": _losant, "getapp": _getapp, "memfault": _memfault}


OPTIONS = (
    ("url", "URL", "Where the platform's API is; of GetApp the CDN master, or the agent."),
    ("application", "ID", "Losant: the application to read."),
    ("organization", "SLUG", "Memfault: whose project it is."),
    ("project", "SLUG", "Memfault: the project to read."),
    ("token-env", "NAME", "Holds the token.  [default: LOSANT_API_TOKEN, MEMFAULT_ORG_TOKEN]"),
    ("email-env", "NAME", "Memfault: holds a user's e-mail address, with --key-env instead of a token."),
    ("key-env", "NAME", "Memfault: holds that user's key."),
    ("topology", "cdn|agent", "GetApp: a CDN master with its devices, or one agent alone.  [default: cdn]"),
    ("api", "v1|v2", "GetApp: the version of one agent's interface.  [default: v1]"),
    ("delivery", "URL", "GetApp: the server that prepares releases."),
    ("username-env", "NAME", "Holds the user of that server.  [default: GETAPP_USERNAME]"),
    ("password-env", "NAME", "Holds the password of that user.  [default: GETAPP_PASSWORD]"),
)
"""What `import` can be told of an application: option, what it takes, help."""


def options(function: F) -> F:
    """Add the options that say which application is meant; the command takes them as the fields of `Given`."""
    for name, metavar, text in reversed(OPTIONS):
        function = click.option(f"--{name}", metavar=metavar, help=text)(function)
    return function
