"""Requests that were sent before their answers are wanted: at most one a thread, each of them taken or given up."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, get_ident

from reconciler.platforms.transport import Asked


class Ahead:
    """Keeps them. `give_back` returns the turn that one of them holds."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._lock = Lock()
        self._asked: dict[int, Asked] = {}

    def keep(self, asked: Asked) -> None:
        """Keep a request whose answer this thread takes next."""
        with self._lock:
            self._asked[get_ident()] = asked

    def taken(self, target: str) -> Asked | None:
        """Return the request of this thread, if it is this one; another one is given up."""
        with self._lock:
            asked = self._asked.pop(get_ident(), None)
        if asked is None or (asked.request.target == target and not asked.request.call.ended()):
            return asked
        self._drop(asked)
        return None

    def give_up(self) -> None:
        """Give up all of them; whoever wants their answers asks again."""
        with self._lock:
            asked, self._asked = self._asked, {}
        for one in asked.values():
            self._drop(one)

    def _drop(self, asked: Asked) -> None:
        asked.drop()
        self._give_back()
