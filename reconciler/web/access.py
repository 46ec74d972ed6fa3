"""Who looks at a page and what they may do: tokens, sessions, a proxy's word, and how often somebody may guess.

Time is an argument, in seconds of the monotonic clock. A token is compared by its digest, in constant time; nothing here
keeps or gives one back. Sessions live in this process and end with it.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from enum import IntEnum
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from threading import Lock

import msgspec

from reconciler.errors import SettingsError

SHORTEST = 16
"""Characters that a token must have: a shorter one can be guessed."""
LASTS = 12 * 3600.0
"""Seconds that a session lasts."""
MOST_SESSIONS = 1000
GUESSES, EVERYBODYS, SPAN = 10, 100, 60.0
"""Wrong tokens from one address, and from all of them, within so many seconds; then nobody's token is looked at."""
LONGEST_NAME = 100

Network = IPv4Network | IPv6Network


class Role(IntEnum):
    """What somebody may do; each role may do what those before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2


class Person(msgspec.Struct, frozen=True):
    """Who asks. `key` is what their forms are bound to; empty where a browser adds nothing by itself, as with a bearer token."""

    role: Role
    name: str = ""
    key: str = ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what. The tokens are digests."""

    viewer: bytes | None = None
    operator: bytes | None = None
    loopback: bool = True
    """Whether only this machine can reach the page: then everybody who can may look, where no viewer's token is set."""
    proxies: tuple[Network, ...] = ()
    """Addresses of proxies whose word is taken."""
    header: str = "x-forwarded-user"
    """The header in which they name who asks."""
    operators: frozenset[str] = frozenset()
    """Names of operators, where a proxy names them."""

    def __post_init__(self) -> None:
        """Raise SettingsError where nobody could tell viewers from operators."""
        if self.viewer is not None and self.viewer == self.operator:
            raise SettingsError("viewers and operators have the same token", hint="give each role its own")

    @property
    def open(self) -> bool:
        """Return whether everybody who can reach the page may look."""
        return self.loopback and self.viewer is None and not self.proxies

    @property
    def reachable(self) -> bool:
        """Return whether anybody may look at all."""
        return self.open or self.viewer is not None or self.operator is not None or bool(self.proxies)


class TooManyGuesses(Exception):
    """Wrong tokens came so often that none is looked at for `wait` seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.wait = wait


def digest(token: str, name: str) -> bytes:
    """Return what is kept of a token; raise SettingsError for one that can be guessed."""
    if len(token) < SHORTEST:
        raise SettingsError(f"the {name} token has fewer than {SHORTEST} characters", hint="openssl rand -hex 24")
    return sha256(token.encode()).digest()


class Access:
    """Decides who asks. Threads may share it."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._secret = secrets.token_bytes(32)
        self._sessions: OrderedDict[str, tuple[Person, float]] = OrderedDict()
        self._wrong: dict[str, deque[float]] = {}
        self._lock = Lock()

    def who(self, *, peer: str, headers: Mapping[str, str], session: str, now: float) -> Person:
        """Return who asks, from an address, with these headers (names in lower case) and the cookie of a session.

        Raises TooManyGuesses.
        """
        given = headers.get("authorization", "")
        if given:
            scheme, _, token = given.partition(" ")
            role = self._role(token.strip(), peer, now) if scheme.lower() == "bearer" else Role.NOBODY
            return Person(role, f"{role.name.lower()} token" if role else "")
        name = headers.get(self.rules.header, "").strip()[:LONGEST_NAME]
        if name and self._from_proxy(peer):
            role = Role.OPERATOR if name in self.rules.operators else Role.VIEWER
            return Person(role, name, f"proxy:{name}")
        found = self._of_session(session, now)
        if found is not None:
            return found
        return Person(Role.VIEWER if self.rules.open else Role.NOBODY)

    def enter(self, token: str, name: str, *, peer: str, now: float) -> str:
        """Begin a session for a token, and return its id; empty for a wrong one. Raises TooManyGuesses."""
        role = self._role(token, peer, now)
        if role is Role.NOBODY:
            return ""
        session = secrets.token_urlsafe(32)
        with self._lock:
            shown = name.strip()[:LONGEST_NAME] or f"{role.name.lower()} token"
            self._sessions[_kept(session)] = Person(role, shown, session), now + LASTS
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    def leave(self, session: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_kept(session), None)

    def proof(self, key: str) -> str:
        """Return what a form must bring along so that it is known to be one of ours."""
        return hmac.new(self._secret, key.encode(), sha256).hexdigest()

    def proved(self, key: str, given: str) -> bool:
        """Return whether a form is one that we gave to whom this key belongs."""
        return bool(key) and hmac.compare_digest(self.proof(key).encode(), given.encode())

    # --- tokens -----------------------------------------------------------------------------------------------------

    def _role(self, token: str, peer: str, now: float) -> Role:
        """Return the role that a token has, looking at both of them whatever the first one says."""
        self._check(peer, now)
        given = sha256(token.encode(errors="surrogateescape")).digest()
        operator = hmac.compare_digest(given, self.rules.operator or b"")
        viewer = hmac.compare_digest(given, self.rules.viewer or b"")
        if operator or viewer:
            return Role.OPERATOR if operator else Role.VIEWER
        with self._lock:
            for whose in (peer, ""):
                self._wrong.setdefault(whose, deque()).append(now)
        return Role.NOBODY

    def _check(self, peer: str, now: float) -> None:
        """Raise TooManyGuesses where wrong tokens came too often; what is long ago is forgotten."""
        with self._lock:
            for whose, times in list(self._wrong.items()):
                while times and times[0] <= now - SPAN:
                    times.popleft()
                if not times:
                    del self._wrong[whose]
            for whose, most in ((peer, GUESSES), ("", EVERYBODYS)):
                times = self._wrong.get(whose, deque())
                if len(times) >= most:
                    raise TooManyGuesses(times[0] + SPAN - now)

    # --- sessions and proxies -----------------------------------------------------------------------------------------

    def _of_session(self, session: str, now: float) -> Person | None:
        with self._lock:
            found = self._sessions.get(_kept(session)) if session else None
            if found is None:
                return None
            person, ends = found
            if now >= ends:
                del self._sessions[_kept(session)]
                return None
            return person

    def _from_proxy(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.rules.proxies)


def _kept(session: str) -> str:
    """Return what a session is found by: not the id itself, so that looking it up tells nothing by its time."""
    return sha256(session.encode(errors="surrogateescape")).hexdigest()
