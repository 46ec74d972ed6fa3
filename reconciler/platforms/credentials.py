"""Who we are to a platform: the header that says so, what must never be shown of it, and where it may be sent."""

from __future__ import annotations

import contextlib
import re
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

from reconciler.errors import SettingsError
from reconciler.plugin import wrong_address

_PLAIN = re.compile(
    r"(http://[a-z0-9.-]+(:(?!80(/|$))[1-9][0-9]*)?|https://[a-z0-9.-]+(:(?!443(/|$))[1-9][0-9]*)?)(/[A-Za-z0-9_-]+)*/?"
)
"""Addresses that are in their one form already."""


class Credentials(Protocol):
    """What a client sends besides the request."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all texts that must never be shown, and that no plain http may carry."""
        ...

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the headers for the next request. May ask the platform for a token; raises PlatformError then."""
        ...

    def renew(self, status: int) -> bool:
        """Take note of a 401 or 403; return whether another try with new headers may help."""
        ...


Read = Callable[[], str]
"""Reads a secret: from a variable, or from a file that may hold another one later. Raises SettingsError."""


class Reread:
    """Secrets that are read again when the platform no longer takes them: their files may have been written anew.

    Raises SettingsError for what no secret can be.
    """

    def __init__(self, *reads: Read) -> None:
        self._reads = reads
        self.current = self._read()
        self._sent_by = threading.local()  # what each thread sent last
        self._shown: dict[str, None] = {}
        self._keep()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all that were ever sent."""
        return tuple(self._shown)

    def renew(self, status: int) -> bool:
        """Read them again; return whether they are others than this thread sent. What cannot be read stays as it was."""
        del status
        with contextlib.suppress(SettingsError):
            self.current = self._read()
            self._keep()
        return self.current != getattr(self._sent_by, "sent", self.current)

    def sent(self) -> tuple[str, ...]:
        """Return what this thread sends now."""
        self._sent_by.sent = found = self.current
        return found

    def _read(self) -> tuple[str, ...]:
        return tuple(read() for read in self._reads)

    def _keep(self) -> None:
        self._shown |= dict.fromkeys(self._hidden())

    def _hidden(self) -> tuple[str, ...]:
        return self.current


class Bearer(Reread):
    """One token."""

    def __init__(self, token: str | Read) -> None:
        super().__init__(lambda: checked(token, "token"))

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of the token."""
        del deadline
        return {"Authorization": f"Bearer {self.sent()[0]}"}


class Basic(Reread):
    """A user and a password, sent with each request."""

    def __init__(self, user: str | Read, password: str | Read) -> None:
        super().__init__(
            lambda: checked(user, "user", where="user.email"), lambda: checked(password, "key", where="user.key")
        )

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of both."""
        del deadline
        return {"Authorization": f"Basic {_both(self.sent())}"}

    def _hidden(self) -> tuple[str, ...]:
        return (self.current[1], _both(self.current))


def _both(pair: tuple[str, ...]) -> str:
    return b64encode(":".join(pair).encode()).decode()


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

    def renew(self, status: int) -> bool:
        """Return that nothing can be tried."""
        del status
        return False


def checked(secret: str | Read, what: str, *, where: str = "token") -> str:
    """Return a secret without blanks around it; raise SettingsError where it cannot be one."""
    stripped = (secret if isinstance(secret, str) else secret()).strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise SettingsError(
            f"the connection's {what} is empty or holds characters that no {what} has",
            hint=f"check the variable or file that `{where}:` names",
        )
    return stripped


def checked_url(text: str, *, secret: bool = True) -> str:
    """Return the base URL without a closing slash; raise SettingsError where a `secret` must not go there."""
    for finding in wrong_address(text, (), secret=secret):
        raise SettingsError(f"the connection's url: {finding.message}", hint=finding.hint)
    if _PLAIN.fullmatch(text):
        return text.rstrip("/")
    import httpx  # brings any other address into its one form

    return str(httpx.URL(text)).rstrip("/")
