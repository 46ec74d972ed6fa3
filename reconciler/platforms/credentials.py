"""Who we are to a platform: the header that says so, what must never be shown of it, and where it may be sent."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from typing import Protocol

import httpx

from reconciler.errors import SettingsError
from reconciler.platforms.answers import clean


class Credentials(Protocol):
    """What a client sends besides the request."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all texts that must never be shown, and that no plain http may carry."""
        ...

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the headers for the next request. May ask the platform for a token; raises PlatformError then."""
        ...

    def renew(self) -> bool:
        """Take note of a 401; return whether another try with new headers may help."""
        ...


class Bearer:
    """One token that stays as it is. Raises SettingsError for what no token can be."""

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = checked(token, "token")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the token."""
        return (self._token,)

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of the token."""
        del deadline
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Return that nothing else can be tried."""
        return False


class Basic:
    """A user and a password, sent with each request."""

    def __init__(self, user: str, password: str) -> None:
        """Take both; raise SettingsError for what cannot be one."""
        self._user = checked(user, "user", where="user.email")
        self._password = checked(password, "key", where="user.key")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the password, and both as they are sent."""
        return (self._password, self._both())

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of both."""
        del deadline
        return {"Authorization": f"Basic {self._both()}"}

    def renew(self) -> bool:
        """Return that nothing else can be tried."""
        return False

    def _both(self) -> str:
        return b64encode(f"{self._user}:{self._password}".encode()).decode()


class NoCredentials:
    """No credentials: for interfaces that ask for none."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return that there are none."""
        return ()

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return nothing."""
        del deadline
        return {}

    def renew(self) -> bool:
        """Return that nothing can be tried."""
        return False


def checked(secret: str, what: str, *, where: str = "token") -> str:
    """Return a secret without blanks around it; raise SettingsError where it cannot be one."""
    stripped = secret.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise SettingsError(
            f"the connection's {what} is empty or holds characters that no {what} has",
            hint=f"check the variable or file that `{where}:` names",
        )
    return stripped


def checked_url(text: str, *, secret: bool = True) -> str:
    """Return the base URL without a closing slash; raise SettingsError where a `secret` must not go there."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise SettingsError(f"the connection's url {clean(text)!r} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"the connection's url {clean(text)!r} is not an http or https URL")
    if url.userinfo or url.query or url.fragment:
        raise SettingsError(
            "the connection's url may have no user, query or fragment", hint="give the token as `token:`"
        )
    if secret and url.scheme == "http" and not _is_loopback(url.host):
        raise SettingsError(
            f"the connection's url would send the token to {url.host} in plain http",
            hint="use https; plain http is for this machine (127.0.0.1, localhost) alone",
        )
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
