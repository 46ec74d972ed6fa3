"""Who we are to a delivery server: a user who logs in, and whose token is renewed when the server no longer takes it."""

from __future__ import annotations

import threading

import msgspec

from reconciler.errors import PlatformError, SettingsError, UnexpectedAnswer, Unreachable
from reconciler.platforms.credentials import NoCredentials, Read, Reread
from reconciler.platforms.getapp import wire
from reconciler.platforms.http import Client
from reconciler.ports import Clock

PATIENCE = 60.0
"""Seconds that a login may take where the request it is for has no deadline."""


class LoginRequest(NoCredentials):
    """What a login is sent with: no header, but secrets that must not be shown, nor go over plain http."""

    def __init__(self, login: Login) -> None:
        self._login = login

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the password and tokens of the login."""
        return self._login.secrets


class _User(Reread):
    """A user, which may be shown, and a password."""

    def _hidden(self) -> tuple[str, ...]:
        return self.current[1:]


class Login:
    """A user's tokens. Safe to use from several threads.

    POST, not GET, confirmed (API modules/login). How tokens say when they expire is not relied on: a 401 tells.
    """

    def __init__(self, user: str | Read, password: str | Read, clock: Clock) -> None:
        """Take user and password, or what reads them; raise SettingsError for what neither can be. `use` must follow."""
        self._user = _User(lambda: _filled(user, "username"), lambda: _filled(password, "password"))
        self._tried = self._user.current
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: wire.Tokens | None = None
        self._access: str | None = None
        self._sent_by = threading.local()  # the token that each thread was given last
        self._client: Client

    def use(self, client: Client) -> None:
        """Take the client that logs in, one with `LoginRequest`."""
        self._client = client

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the password and the tokens as they are now."""
        tokens = self._tokens
        both = () if tokens is None else (tokens.access_token, tokens.refresh_token)
        return (*self._user.secrets, *(token for token in both if token))

    def headers(self, deadline: float | None) -> dict[str, str]:
        """Return the header of a token, asked for where there is none. Raises PlatformError, with `sent` False."""
        with self._lock:
            self._sent_by.token = None
            if self._access is None:
                until = self._clock.monotonic() + PATIENCE if deadline is None else deadline
                try:
                    self._tokens = self._asked(until)
                except PlatformError as error:
                    error.sent = False  # what the token was for was not sent
                    raise
                self._access = self._tokens.access_token
            self._sent_by.token = self._access
            return {"Authorization": f"Bearer {self._access}"}

    def renew(self, status: int) -> bool:
        """Forget the token this thread was refused; return whether it had one: a refused password is not sent twice.

        Another thread may have been refused the same one and have renewed it: the new one is kept. A 403 refuses the
        user, not the token: only another user or password helps.
        """
        with self._lock:
            refused = getattr(self._sent_by, "token", None)
            self._user.renew(status)
            others = self._user.current != self._tried
            if others:
                self._tokens = self._access = None
            elif status == 401 and self._access == refused:
                self._access = None
            return others or (refused is not None and self._access != refused)

    def _asked(self, until: float) -> wire.Tokens:
        """Return new tokens, by the refresh token where there is one that is still good."""
        refresh = self._tokens.refresh_token if self._tokens is not None else None
        if refresh:
            try:
                return self._sent("/api/v1/login/refresh", {"refreshToken": refresh}, until)
            except Unreachable:
                raise
            except PlatformError:
                self._tokens = None  # no longer good: the user logs in anew
        user, password = self._tried = self._user.current
        return self._sent("/api/v1/login", {"username": user, "password": password}, until)

    def _sent(self, path: str, body: dict[str, str], until: float) -> wire.Tokens:
        """Log in. What an answer held is never shown: it may be a token."""
        answer = self._client.send(path, "log in", body, until)
        try:
            found = wire.tokens(answer.content).value
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = wire.Tokens("")
        if not found.access_token or not found.access_token.isascii() or not found.access_token.isprintable():
            raise UnexpectedAnswer(
                "the server took the login but gave no token that can be used",
                operation="getapp: log in",
                retryable=True,
                hint="check that the connection's delivery.url is the server's API",
            )
        return found


def _filled(text: str | Read, what: str) -> str:
    """Return a secret without the line end that files have; raise SettingsError for an empty one."""
    kept = (text if isinstance(text, str) else text()).rstrip("\r\n")
    if not kept.strip():
        raise SettingsError(
            f"the {what} of the connection's delivery.login is empty",
            hint=f"check the variable or file that `{what}:` names",
        )
    return kept
