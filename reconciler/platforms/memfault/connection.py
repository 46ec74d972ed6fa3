"""What a Connection and the settings of a version say of one Memfault project, and what options of `import` make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from reconciler.model.connection import Requests, Secret
from reconciler.model.desired import Scalar
from reconciler.model.kind import Duration, Kind, Text
from reconciler.model.quantity import seconds
from reconciler.plugin import Finding, Option, address, wrong_address

ROLLOUT, ALL = "rollout_percent", 100


class UserKey(Kind, frozen=True, kw_only=True):
    """A Memfault user and a key of theirs, by reference."""

    email: Secret
    key: Secret


Slug = Annotated[
    str, msgspec.Meta(pattern=r"^[-A-Za-z0-9_]{1,128}$(?!\n)", description="Letters, digits, `-`, `_`; at most 128.")
]


class MemfaultConnection(Kind, frozen=True, kw_only=True):
    """One Memfault project, with exactly one of `token` (an organization token) and `user`.

    Devices not seen within `seen_within` are counted but not waited for. `redraw` allows a staged percentage to be
    raised by pulling the activation and making it anew where the server takes no other way: the sample is drawn again.
    """

    organization: Slug
    project: Slug
    token: Secret | None = None
    user: UserKey | None = None
    url: Text = "https://api.memfault.com"
    seen_within: Duration = "1d"
    redraw: bool = False
    requests: Requests = Requests()


TOKEN = Option("token-env", "NAME", "holds the token", variable="MEMFAULT_ORG_TOKEN")
EMAIL = Option("email-env", "NAME", "holds a user's e-mail address, with --key-env instead of a token")
KEY = Option("key-env", "NAME", "holds that user's key")
OPTIONS = (
    Option("url", "URL", "where the platform's API is"),
    Option("organization", "SLUG", "whose project it is", required=True),
    Option("project", "SLUG", "the project to read", required=True),
    TOKEN,
    EMAIL,
    KEY,
)


def connection(given: Mapping[str, str]) -> MemfaultConnection:
    """Return what the options mean; raise ValueError for half a user, or a user and a token."""
    user = None
    if EMAIL.name in given or KEY.name in given:
        if EMAIL.name not in given or KEY.name not in given or TOKEN.name in given:
            raise ValueError("give --email-env and --key-env together, or --token-env alone")
        user = UserKey(email=EMAIL.secret(given), key=KEY.secret(given))
    spec = MemfaultConnection(
        organization=given["organization"],
        project=given["project"],
        token=TOKEN.secret(given) if user is None else None,
        user=user,
    )
    return msgspec.structs.replace(spec, url=given.get("url", spec.url))


def target(spec: MemfaultConnection) -> str:
    """Return which project a connection is to."""
    return f"{address(spec.url)}/{spec.organization}/{spec.project}".lower()


def check(spec: MemfaultConnection) -> Iterator[Finding]:
    """Yield what is wrong with a connection besides its structure."""
    if (spec.token is None) == (spec.user is None):
        message = "exactly one of `token` (an organization token) and `user` is needed"
        yield Finding((), "credentials", message)
    yield from wrong_address(spec.url, ("url",))
    if seconds(spec.seen_within) <= 0:
        yield Finding(("seen_within",), "zero-duration", "`seen_within` must be longer than zero")


def check_share(value: Scalar) -> Iterator[Finding]:
    """Yield why a value is no percentage of a staged rollout."""
    if type(value) is not int or not 1 <= value < ALL:
        hint = "leave it out to mean every device" if value == ALL else ""
        yield Finding((), "setting", f"{ROLLOUT} must be a whole number from 1 to {ALL - 1}", hint)
