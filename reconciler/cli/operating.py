"""What a watch offers to those who run it: metrics and health over HTTP or in a file, and messages about troubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import click
import msgspec

from reconciler.cli.files import write_file
from reconciler.cli.notifying import Notifying
from reconciler.cli.options import FILE
from reconciler.cli.output import note
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.event import AnyEvent, Completed
from reconciler.ports import Clock, EventSink, History, ReadProgress

if TYPE_CHECKING:
    from reconciler.web.health import Pulse, WorkerPulse
    from reconciler.web.hook import PushHook
    from reconciler.web.metrics import Metrics
    from reconciler.web.standing import Standing

LOOPBACK = "127.0.0.1"


class Address(msgspec.Struct, frozen=True):
    """Where a server listens."""

    host: str
    port: int


class AddressType(click.ParamType[Address]):
    """A port, `9464`, or an address with one, `0.0.0.0:9464` or `[::]:9464`; a port alone is on the loopback interface."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Return host and port."""
        if isinstance(value, Address):
            return value
        host, colon, port = str(value).rpartition(":")
        if colon and not host:
            self.fail(f"{value!r} names no address; use 0.0.0.0:{port or 'PORT'} for all interfaces", param, ctx)
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in bare and bare == host):
            self.fail(f"{value!r} is not [HOST:]PORT, for example 127.0.0.1:9464 or [::1]:9464", param, ctx)
        return Address(bare or LOOPBACK, int(port))


class Operation(msgspec.Struct, frozen=True):
    """What was asked for."""

    listen: Address | None = None
    metrics_file: Path | None = None
    notify: Path | None = None


def operation(function: Callable[..., int]) -> Callable[..., int]:
    """Add --listen, --metrics-file and --notify-config; the command takes them as one `operated`."""

    @wraps(function)
    def taking(*, listen: Address | None, metrics_file: Path | None, notify_config: Path | None, **others: Any) -> int:
        if listen is not None and others.get("once"):
            raise click.UsageError("--listen is for a continuous watch; with --once use --metrics-file FILE")
        return function(operated=Operation(listen, metrics_file, notify_config), **others)

    options = (
        click.option(
            "--listen",
            type=AddressType(),
            metavar="[HOST:]PORT",
            help="Serve /metrics, /healthz and /readyz over HTTP; without HOST on the loopback interface alone.",
        ),
        click.option(
            "--metrics-file",
            type=FILE,
            metavar="FILE",
            help="Write metrics to a file after each pass, for the textfile collector of node_exporter.",
        ),
        click.option(
            "--notify-config",
            type=FILE,
            metavar="FILE",
            help="Send messages about drift, failures, halts, holds and their end to the targets of this file.",
        ),
    )
    found: Callable[..., int] = taking
    for option in reversed(options):
        found = option(found)
    return found


class Operating:
    """What was asked for, at work until it is closed. `sinks` take every event."""

    def __init__(  # what was asked for, and the world of a watch
        self,
        asked: Operation,
        clock: Clock,
        interval: float,
        history: History,
        *,
        wait: float,
        hook: PushHook | None = None,
    ) -> None:
        """Begin; raises SettingsError for what cannot be done. `wait`: seconds that messages may take at the end."""
        self.sinks: list[EventSink] = []
        self._held = ExitStack()
        self._notifying = None if asked.notify is None else Notifying(asked.notify, clock, history, wait=wait)
        self._standing: Standing | None = None
        if asked.listen is None and asked.metrics_file is None:
            return
        from reconciler.web.health import Pulse
        from reconciler.web.metrics import Metrics
        from reconciler.web.standing import Standing

        self._standing = Standing(clock.now())
        metrics, pulse = Metrics(self._standing), Pulse(interval, clock.monotonic())
        self.sinks = [self._standing, Beating(pulse, clock)]
        if asked.metrics_file is not None:
            self.sinks.append(MetricsFile(asked.metrics_file, metrics))
        if asked.listen is not None:
            self._held.callback(serve(asked.listen, metrics, pulse, clock, hook))

    def heard(self, platform: str, progress: ReadProgress) -> ReadProgress:
        """Return what hears of a platform's requests besides what follows its readings."""
        return progress if self._standing is None else Hearing(platform, progress, self._standing)

    def over(self, events: Iterator[AnyEvent]) -> Iterator[AnyEvent]:
        """Return events, and between them what came of messages."""
        return events if self._notifying is None else self._notifying.over(events)

    def close(self) -> None:
        """End it."""
        self._held.close()


def serve(
    at: Address, metrics: Metrics, pulse: Pulse | WorkerPulse, clock: Clock, hook: PushHook | None = None
) -> Callable[[], None]:
    """Serve in threads; return what ends that."""
    from reconciler.web.server import METRICS_TYPE, Answer, Server, probe

    server = Server(
        at.host,
        at.port,
        {
            "/metrics": lambda: Answer(metrics.text(), type=METRICS_TYPE),
            "/healthz": probe(lambda: pulse.alive(clock.monotonic())),
            "/readyz": probe(lambda: pulse.ready(clock.monotonic())),
        },
        {} if hook is None else {hook.path: hook},
    )
    hooked = "" if hook is None else f", and pushes are taken at {server.url}{hook.path}"
    note(f"metrics and health are served at {server.url}{hooked}")
    return server.close


class Beating:
    """Gives the time of every event to what judges health."""

    def __init__(self, pulse: Pulse, clock: Clock) -> None:
        self._pulse, self._clock = pulse, clock

    def record(self, event: AnyEvent) -> None:
        """Take one event."""
        self._pulse.record(event, self._clock.monotonic())


class Hearing:
    """Hears of the requests of one platform, and passes on what is said of readings."""

    def __init__(self, platform: str, progress: ReadProgress, standing: Standing) -> None:
        self._platform, self._progress, self._standing = platform, progress, standing

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None:
        """Pass it on."""
        self._progress.read(what, rows, total, pages)

    def answered(self, status: int | None) -> None:
        """Count it."""
        self._progress.answered(status)
        self._standing.answered(self._platform, status)


class MetricsFile:
    """Writes metrics to a file after each pass. What cannot be written stops nothing: it is said once, and the file ages."""

    def __init__(self, path: Path, metrics: Metrics) -> None:
        """Check that there is a folder; raises SettingsError."""
        if not path.absolute().parent.is_dir():
            raise SettingsError(f"cannot write {path}: there is no folder {path.parent}")
        self._path, self._metrics, self._failed = path, metrics, False
        self._lock = Lock()

    def record(self, event: AnyEvent) -> None:
        """Write at the end of a pass."""
        if not isinstance(event, Completed):
            return
        with self._lock:  # several passes may end at a time
            try:
                write_file(self._path, self._metrics.text())
                self._failed = False
            except ReconcilerError as error:
                if not self._failed:
                    note(f"warning: metrics are not written: {error}")
                self._failed = True
