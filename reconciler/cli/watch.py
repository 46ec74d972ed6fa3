"""`reconciler watch`: keep comparing, and correcting where allowed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import msgspec

from reconciler.cli import histories, wiring
from reconciler.cli.files import write_file
from reconciler.cli.following import Following, Place, following, place, push_hook
from reconciler.cli.operating import Operating, Operation, operation
from reconciler.cli.options import (
    ALLOW_NEEDS_REASON,
    DATABASE,
    DURATION,
    FILE,
    Secretive,
    Selection,
    concurrency_option,
    result_option,
    selection,
)
from reconciler.cli.output import note
from reconciler.cli.paging import Setting
from reconciler.cli.printing import Lines, result_file
from reconciler.cli.recording import Recorder, RunSoFar, reporting
from reconciler.engine.plan import PlanResult
from reconciler.engine.recent import FULL_EVERY, Recent
from reconciler.engine.run import Options
from reconciler.engine.wake import Wake
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.model.plan import PaceKind
from reconciler.ports import History

STOPPING = "stopping after the running calls; a second time ends at once"


@click.command(
    epilog="""\b
Examples:
  reconciler watch                                   compare every minute, report drift
  reconciler watch --mode apply --interval 5m        and correct it
  reconciler watch --once --mode apply --wait 10m    one complete pass, for a scheduled job
  reconciler watch --once --detailed-exitcode --out plan.json
  reconciler watch --git https://git.example.com/fleets.git --ref main --path fleets --git-token GIT_TOKEN --mode apply
  reconciler watch --mode apply --database postgresql://fleet@db/fleet   for several machines; see `reconciler worker`
  reconciler watch --listen 9464 --notify-config notify.yaml
  reconciler watch --git https://git.example.com/fleets.git --listen 0.0.0.0:9464 --hook-secret HOOK_SECRET

\b
Exit codes: 0 after SIGINT or SIGTERM; with --once that of the pass: 0 nothing failed, 1 something could not be read,
3 a limit forbids all changes, 4 something failed, is stale or is unknown, or a mistake in a manifest holds some slots.
With --detailed-exitcode these stay, and a pass that would end with 0 ends with the first of these that is so:
1 something was not read completely; 5 a version or workload that the manifests ask for is not available; 3 a limit
forbids changes; 2 there is drift, or a change to make, that was not made, held ones included; 0 nothing is left.""",
)
@click.option(
    "--interval",
    type=DURATION,
    default="60s",
    show_default=True,
    help="Time between passes; longer after failures, with jitter.",
)
@click.option(
    "--full-every",
    type=click.IntRange(1, 10_000),
    default=FULL_EVERY,
    show_default=True,
    metavar="N",
    help="Read everything in one of N passes and at any doubt, in the others only what changed, on platforms that can"
    " tell; what is sent always rests on a full reading. 1: read everything in each.",
)
@click.option("--once", is_flag=True, help="Make one pass and exit.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="With --once: return what was found as the exit code; see below."
)
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    help="With --once: save the plan of the pass, made before its corrections, for show.",
)
@click.option(
    "--wait",
    type=DURATION,
    default="0s",
    show_default=True,
    help="With --once and --mode apply: how long to wait for all steps of changes and for units to settle.",
)
@click.option(
    "--mode",
    type=click.Choice(["observe", "propose", "apply"]),
    default="observe",
    show_default=True,
    help="With `apply`, fleets whose own mode is `apply` are changed, and those whose mode is `propose` once a person"
    " approved the plan; with `propose`, all of them only so.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of events: text groups what is alike, json has each on a line.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also print each slot and call on a line, at level debug.")
@click.option(
    "--allow",
    type=click.Choice([kind.value for kind in PaceKind]),
    multiple=True,
    help="Send outside the `windows` of fleets, against their `keep`, or what failed at once again; needs --reason.",
)
@click.option("--reason", metavar="TEXT", help="Why that is allowed; recorded.")
@click.option(
    "--database",
    type=DATABASE,
    metavar="URL",
    help="Make no pass here: lay passes down as jobs in this PostgreSQL, for any number of `reconciler worker`.",
)
@click.option(
    "--hook-secret",
    metavar="NAME",
    help="With --git and --listen: take pushes from the git host at /hooks/git; the environment variable NAME holds the"
    " secret of its web hook.",
)
@concurrency_option
@result_option
@operation
@histories.KEPT
@histories.keep_option
@selection
@following
def command(  # every option is one of the command line's
    selected: Selection,
    followed: Following | None,
    operated: Operation,
    interval: float,
    full_every: int,
    once: bool,
    detailed_exitcode: bool,
    out: Path | None,
    wait: float,
    mode: str,
    log_format: str,
    verbose: bool,
    allow: tuple[str, ...],
    reason: str | None,
    database: Secretive | None,
    hook_secret: str | None,
    concurrency: int,
    result: Path | None,
    history_at: str | None,
    keep: float,
) -> int:
    """Compare what git says with what platforms report continuously, report drift, and correct it where allowed.

    Manifests are read again in every pass; while they are invalid, the last valid ones stay in force. Limits and holds
    always apply. SIGTERM lets the running call finish and ends with 0; SIGHUP begins the next pass at once, where no
    terminal is attached, and so does a push with --hook-secret. With --git each pass fetches the ref; its newest commit
    takes effect at once, and what is wrong with it leaves the one before in force. Of signatures, that of the newest
    commit is verified.
    """
    one_pass = {"--detailed-exitcode": detailed_exitcode, "--out": out is not None}
    _check_usage(
        once=once,
        may_wait=not wait or (once and mode != "observe"),
        one_pass=one_pass,
        unreasoned=bool(allow) and not (reason or "").strip(),
    )
    clock, run, wake = wiring.SystemClock(), uuid.uuid4().hex, Wake()
    options = _options(concurrency, wait, allow, reason or "")
    passes = Watched(interval=interval, once=once, detailed=detailed_exitcode, full_every=full_every)
    watched = _watched(passes, selected, mode, options)
    hook = push_hook(hook_secret, followed, operated, wake)
    lines, at = Lines(log_format, verbose=verbose), place(selected, followed, clock, run, patient=not once)
    if database is not None:
        from reconciler.cli.distributing import distribute

        here = {"--wait": wait > 0, "--out": out is not None, "--result": result is not None, **one_pass}
        _check_alone({**here, "--history": history_at is not None})
        return distribute(
            database, at.manifests, watched, clock, lines, run=run, keep=keep, operated=operated, wake=wake, hook=hook
        )
    if mode == "observe" and log_format == "text":
        note("only comparing, nothing is sent; use --mode apply to correct drift")
    with histories.kept(history_at, clock, keep, creates=not once) as history:
        setting, patience = _setting(at, histories.readable(history_at), mode, wake), 60.0 if once else 10.0
        work = Operating(operated, clock, interval, history, wait=patience, hook=hook, setting=setting)
        with closing(work):
            watching = _watching(at, work, clock, watched, run, out, history, wake)
            return _watch(watching, clock, history, lines, result, work)


def _watched(passes: Watched, selected: Selection, mode: str, options: Options) -> Watched:
    found: Watched = msgspec.structs.replace(
        passes,
        apply=mode != "observe",
        propose=mode == "propose",
        filters=selected.filters,
        strict=selected.strict,
        options=options,
    )
    return found


def _options(concurrency: int, wait: float, allow: tuple[str, ...], reason: str) -> Options:
    return Options(concurrency=concurrency, wait=wait > 0, deadline=wait, allow=dict.fromkeys(allow, reason))


def _setting(at: Place, where: str | None, mode: str, wake: Wake) -> Setting:
    from reconciler.cli.committing import writes

    return Setting(at.manifests, at.authors, writes(at), where, mode, wake)


def _watching(
    at: Place,
    work: Operating,
    clock: wiring.SystemClock,
    watched: Watched,
    run: str,
    out: Path | None,
    history: History,
    wake: Wake,
) -> Watching:
    return Watching(
        at.manifests,
        lambda manifest: wiring.opener(manifest, clock, at.folder(), work.heard),
        clock,
        watched,
        run=run,
        random=random.random,
        keep=_keeper(out, work),
        history=history,
        wake=wake,
        recent=None if watched.once else Recent(watched.full_every, clock),
        rollbacks=at.rollbacks,
    )


def _watch(
    watching: Watching,
    clock: wiring.SystemClock,
    history: History,
    lines: Lines,
    result: Path | None,
    work: Operating,
) -> int:  # until it is stopped
    so_far = RunSoFar()
    with reporting(so_far), wiring.stoppable(clock, STOPPING, so_far.last_words, watching.wake):
        with result_file(result) as kept, closing(lines):
            recorder = Recorder(clock.stop, so_far, work.history(history), kept, lines, *work.sinks, hold=watching.hold)
            for event in work.over(watching.events()):
                recorder.record(event)
        recorder.end()
    return watching.exit_code


def _check_usage(*, once: bool, may_wait: bool, one_pass: dict[str, bool], unreasoned: bool) -> None:
    """Raise what is wrong with options that only a single pass can mean, or that need another one."""
    if unreasoned:
        raise click.UsageError(ALLOW_NEEDS_REASON)
    if not may_wait:
        raise click.UsageError(
            "--wait needs --once and --mode apply: a continuous watch does the rest in its next passes"
        )
    given = [name for name, present in one_pass.items() if present]
    if given and not once:
        raise click.UsageError(f"{given[0]} needs --once: a continuous watch makes a plan in every pass")


def _check_alone(given: dict[str, bool]) -> None:
    """Raise what is wrong with options about passes that are made elsewhere."""
    for name, present in given.items():
        if present:
            raise click.UsageError(f"{name} does not go with --database: workers make the passes, not this command")


def _keeper(out: Path | None, work: Operating) -> Callable[[PlanResult], None]:
    """Return what shows what a pass saw, and saves its plan as `plan --out` does."""

    def keep(found: PlanResult) -> None:
        work.seen(found)
        if out is not None:
            from reconciler.engine.attribution import named
            from reconciler.views import plan_json

            write_file(out, plan_json.encode(named(found)))

    return keep
