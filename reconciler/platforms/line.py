"""Connections whose every wait ends with the call that waits: for a name, to connect, to shake hands, to send, to read.

A timeout bounds a single wait; a server that sends a byte now and then passes all of them. So whoever waits looks at its
`Call` again and again. TLS is spoken over the same connections, from memory, so that it waits nowhere else.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from typing import TypeVar, cast

from reconciler.ports import Clock

T = TypeVar("T")

PART = 262_144
"""Bytes read at once: each part costs some work, and larger ones come no sooner."""
RECORD = 16_384
"""Bytes of a record of TLS at most."""
TICK = 0.1
"""Seconds between two looks at a call that waits."""

Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Costs nothing to make, other than what is the system's best for many."""

LATE, STOPPED = "late", "stopped"


class NoAnswer(Exception):
    """No answer came, or only part of one. Its text may be a server's."""


class NotSent(NoAnswer):
    """Nothing of the request was sent: no connection came about."""


class Late(NoAnswer):
    """The time of the call is over, or the run was asked to stop."""


def is_tls(error: BaseException) -> bool:
    """Return whether TLS is what failed, other than that the other side closed the connection in the middle of it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None and not isinstance(cause, ssl.SSLEOFError)


class Call:
    """One request: the time it may take, and whether a stop of the run ends it.

    `until` is in monotonic seconds of the clock. A write is not ended by a stop: its answer is worth waiting for.
    """

    def __init__(self, clock: Clock, until: float, *, stoppable: bool) -> None:
        self._clock = clock
        self._until = until
        self._stoppable = stoppable
        self.sent = False
        """Whether any of the request may have reached the server."""

    @property
    def left(self) -> float:
        """Return how many seconds are left."""
        return self._until - self._clock.monotonic()

    def ended(self) -> str:
        """Return why the call is over: `LATE`, `STOPPED`, or nothing while it may go on."""
        if self._stoppable and self._clock.stopping():
            return STOPPED
        return LATE if self.left <= 0 else ""

    def wait(self) -> float:
        """Return how many seconds to wait before the next look; raise Late when the call is over."""
        left = self.left
        if left <= 0 or self.ended():
            raise Late("no answer in time")
        return min(left, TICK)


class Line:
    """A connection. Its methods raise Late at the end of the call, and NoAnswer where the connection broke."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def read(self, call: Call, most: int = PART) -> bytes:
        """Return what came, at least a byte; nothing once the other side has closed."""
        return self._waiting(call, lambda: self._sock.recv(most), selectors.EVENT_READ)

    def fill(self, place: memoryview, call: Call) -> int:
        """Put there what came, at least a byte, and return how many; 0 once the other side has closed."""
        return self._waiting(call, lambda: self._sock.recv_into(place), selectors.EVENT_READ)

    def write(self, content: bytes, call: Call) -> None:
        """Send all of it."""
        left = memoryview(content)
        while left:
            left = left[self._waiting(call, lambda: self._some_sent(left), selectors.EVENT_WRITE) :]  # noqa: B023 - now

    def _some_sent(self, content: memoryview) -> int:
        return self._sock.send(content)

    def _waiting(self, call: Call, act: Callable[[], T], event: int) -> T:
        """Do it as soon as it can be done."""
        while True:
            seconds = call.wait()
            try:
                return act()
            except BlockingIOError:
                is_ready(self._sock, event, seconds)
            except OSError as error:
                raise NoAnswer(str(error)) from error

    def is_stale(self) -> bool:
        """Return whether a connection that nobody uses has something to read: then its server closed it."""
        return is_ready(self._sock, selectors.EVENT_READ, 0)

    def close(self) -> None:
        """Close it."""
        self._sock.close()


class Tls(Line):
    """TLS over a line, be it TLS itself: a proxy may be spoken to so."""

    def __init__(self, line: Line, context: ssl.SSLContext, name: str, call: Call) -> None:
        """Shake hands with who must be called `name`."""
        self._line = line
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._tls = context.wrap_bio(self._came, self._goes, server_hostname=name)
            self._waiting(call, self._tls.do_handshake, selectors.EVENT_READ)
        except ValueError as error:  # a name that no certificate can be for
            self.close()
            raise NoAnswer(str(error)) from error
        except BaseException:
            self.close()
            raise

    def read(self, call: Call, most: int = PART) -> bytes:
        """Return what came."""
        place = bytearray(most)
        return bytes(place[: self.fill(memoryview(place), call)])

    def fill(self, place: memoryview, call: Call) -> int:
        """Put there what came."""
        try:
            return self._waiting(call, lambda: self._records(place), selectors.EVENT_READ)
        except NoAnswer as error:
            if isinstance(error.__cause__, ssl.SSLEOFError):  # many servers close without a word
                return 0
            raise

    def _records(self, place: memoryview) -> int:
        """Read what came as one part: the work for a part is more than that of opening a record."""
        found = more = self._record(place)
        while more and found < len(place) and self._came.pending:
            try:
                with place[found:] as rest:
                    more = self._record(rest)
            except ssl.SSLWantReadError:
                break
            found += more
        return found

    def _record(self, place: memoryview) -> int:
        return cast("int", self._tls.read(RECORD, place))  # an int, where it is given a place

    def _some_sent(self, content: memoryview) -> int:
        return self._tls.write(content)

    def _waiting(self, call: Call, act: Callable[[], T], event: int) -> T:
        del event
        while True:
            wants = False
            try:
                done = act()
            except ssl.SSLWantReadError:
                wants = True
            except ssl.SSLEOFError as error:
                raise NoAnswer("the connection was closed in the middle of TLS") from error
            except (ssl.SSLError, ValueError) as error:
                raise NoAnswer(str(error)) from error
            self._line.write(self._goes.read(), call)
            if not wants:
                return done
            if part := self._line.read(call):
                self._came.write(part)
            else:
                self._came.write_eof()

    def is_stale(self) -> bool:
        """Return whether the connection below has something to read."""
        return self._line.is_stale()

    def close(self) -> None:
        """Close the connection below."""
        self._line.close()


def connected(host: str, port: int, call: Call) -> Line:
    """Connect within the time of the call; raise NoAnswer or Late.

    Only a thread can ask for a name and be left alone. Half of the time is left for a second address.
    """
    opening = _Opening(host, port, max(TICK, call.left / 2))
    opening.start()
    sock = opening.wait(call)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:  # where it was reset meanwhile, some systems refuse
        sock.close()
        raise NoAnswer(str(error)) from error
    return Line(sock)


class _Opening(threading.Thread):
    """Opens a connection. What nobody waits for any more is closed when it opens."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._where, self._seconds = (host, port), seconds
        self._lock, self._done = threading.Lock(), threading.Event()
        self._left = False
        self._found: socket.socket | Exception | None = None

    def run(self) -> None:
        try:
            found: socket.socket | Exception = socket.create_connection(self._where, self._seconds)
        except Exception as error:  # noqa: BLE001 - raised by who waits; a name that no IDNA can be is a UnicodeError
            found = error
        with self._lock:
            self._found = found
            if self._left and isinstance(found, socket.socket):
                found.close()
        self._done.set()

    def wait(self, call: Call) -> socket.socket:
        """Return the connection; raise NoAnswer, or Late."""
        try:
            while not self._done.wait(call.wait()):
                pass
        except BaseException:
            with self._lock:
                self._left = True
                if isinstance(self._found, socket.socket):
                    self._found.close()
            raise
        if isinstance(self._found, socket.socket):
            return self._found
        raise NoAnswer(str(self._found)) from self._found


def is_ready(sock: socket.socket, event: int, seconds: float) -> bool:
    """Wait at most so long until a socket can be read from, or written to; return whether it can."""
    with Selector() as selector:
        try:
            selector.register(sock, event)
        except ValueError as error:  # another thread closed it
            raise NoAnswer("the connection was closed") from error
        return bool(selector.select(seconds))
