"""The command line: one small file a command. This module only knows their names, so that `--help` is instant."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

import click
from click.core import ParameterSource

from reconciler import __version__
from reconciler.cli import streams
from reconciler.cli.output import QUIET, clear, say
from reconciler.cli.stopping import interrupted, on_signals
from reconciler.model.exit_code import INCOMPLETE

COMMANDS = {
    "plan": ("plan", "Show what apply would do, and why; changes nothing."),
    "apply": ("apply", "Carry out a plan with the fewest calls, and watch it settle."),
    "status": ("status", "Show how fleets are doing: sync, health, failures."),
    "top": ("top", "Look through fleets, rollouts and units on a full screen."),
    "explain": ("explain", "Explain why a unit has the versions it has."),
    "releases": ("releases", "List the versions that the platforms have."),
    "deliveries": ("deliveries", "Show the progress of servers that prepare releases."),
    "watch": ("watch", "Compare continuously, and correct drift where allowed."),
    "approve": ("approve", "Let a watch carry out the plan that it proposed."),
    "rollback": ("rollback", "Take a version back, on a branch in git."),
    "worker": ("worker", "Make passes that `watch --database` lays down, on any machine."),
    "history": ("history", "Show what happened, from the events that were kept."),
    "serve": ("serve", "Serve the page of a history, read-only."),
    "rollout": ("rollout", "See rollouts; pause, resume, promote or abort one."),
    "validate": ("validate", "Check manifests offline."),
    "show": ("show", "Show a saved plan as text, Markdown or JSON."),
    "comment": ("comment", "Write a saved plan on a pull or merge request."),
    "reviewed": ("reviewed", "Fetch the plan that was reviewed for a merge."),
    "diff": ("diff", "Show how two plans, snapshots or manifests differ."),
    "snapshot": ("snapshot", "Record the state of platforms, to plan offline."),
    "import": ("import_", "Write a manifest from what is running."),
    "schema": ("schema", "Print the JSON Schema of manifests, for an editor."),
    "doctor": ("doctor", "Check connections, credentials and permissions."),
    "simulate": ("simulate", "Run a simulated platform as an HTTP server."),
    "demo": ("demo", "See everything in half a minute, with a simulator."),
    "completion": ("completion", "Print the completion script of bash, zsh or fish."),
    "help": ("help", "Show the help of a command."),
    "version": ("version", "Show the version."),
}
PREFIX = "RECONCILER"
"""How environment variables begin that stand for options."""

HELD = "\u2011"
"""A hyphen that no line is broken at; click's wrapper breaks at the plain one, also within the name of an option."""

USAGE = 64
"""Exit code for a wrong command line (click's own 2 would read as "there are changes")."""


class Help(click.HelpFormatter):
    """Wraps help at spaces only, so that `--key-env` and `v1-beta` stay whole."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(_held(text))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean."""
        super().write_dl([(name, _held(text)) for name, text in rows], col_max, col_spacing)

    def write(self, string: str) -> None:
        """Write a piece that is wrapped already."""
        super().write(string.replace(HELD, "-"))


click.Context.formatter_class = Help


def _held(text: str) -> str:
    return text.replace("-", HELD)


class Commands(click.Group):
    """Imports a command's module only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order help shows them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command, importing its module."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"reconciler.cli.{COMMANDS[cmd_name][0]}").command
        return equipped(command, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, suggesting a near miss."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from reconciler.core.names import suggestion

            ctx.fail(f"there is no command {args[0]!r}{suggestion(args[0], list(COMMANDS))}")
        return super().resolve_command(ctx, args)


def equipped(command: click.Command, name: str) -> click.Command:
    """Return a command, and those below it, with what all commands have: options, and variables that stand for them."""
    for inner, one in (command.commands if isinstance(command, click.Group) else {}).items():
        equipped(one, f"{name}_{inner}")
    if not any(one.name == "quiet" for one in command.params):
        command.params += _everywhere()
        for param in command.params:
            param.envvar = param.envvar or _variables(name, param)
    return command


def _everywhere() -> list[click.Parameter]:
    """Return the options that every command has, before its name and behind it."""

    def hush(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        del param
        ctx.meta[QUIET] = ctx.meta.get(QUIET, False) or value

    def plain(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        del ctx, param
        if value:
            os.environ["NO_COLOR"] = "1"  # which everything that draws obeys
            os.environ.pop("FORCE_COLOR", None)

    quiet = "Print results and errors only: no warnings, notes or progress."
    return [
        click.Option(["-q", "--quiet"], is_flag=True, expose_value=False, callback=hush, help=quiet),
        click.Option(
            ["--no-color"], is_flag=True, expose_value=False, callback=plain, help="Use no colour, as NO_COLOR."
        ),
    ]


def _variables(command: str, one: click.Parameter) -> list[str] | None:
    """Return the variables that stand for an option: its own for a command, then the one for all commands."""
    if not isinstance(one, click.Option):
        return None
    name = max(one.opts, key=len).lstrip("-").replace("-", "_").upper()
    return [f"{PREFIX}_{command.upper()}_{name}", f"{PREFIX}_{name}"]


@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 110,
        "auto_envvar_prefix": PREFIX,
    },
    epilog="Every option can be given by an environment variable: RECONCILER_CONNECTIONS for --connections of every "
    "command, RECONCILER_PLAN_EXPIRES for --expires of plan; flags are 1 or 0, several values are separated by blanks "
    "(paths by colons). Exit codes of every command: 64 wrong usage, 1 error. See `reconciler plan --help` and "
    "`reconciler apply --help` for theirs.",
)
@click.version_option(__version__, message="reconciler %(version)s", allow_from_autoenv=False)
def root() -> None:
    """GitOps for fleets of edge devices.

    Commit a YAML manifest that says which version every device should run; reconciler shows the difference as a plan,
    applies it with the fewest and safest API calls, and keeps watching.

    New here? Run `reconciler demo`.
    """


root.params += _everywhere()


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code. No user's mistake ends in a traceback."""
    with streams.prepared():
        code = _run(args)
    sys.exit(code)


def _run(args: Sequence[str] | None) -> int:
    try:
        with on_signals(interrupted):
            result = root.main(args=None if args is None else list(args), prog_name="reconciler", standalone_mode=False)
            if result != INCOMPLETE:  # a run that ends so has said what it knows, or that it could not
                sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort as abort:  # which click makes of an interrupt, too
        cause = abort.__cause__
        number = cause.args[0] if isinstance(cause, KeyboardInterrupt) and cause.args else signal.SIGINT
        say("interrupted; nothing more was sent", err=True)
        return 128 + int(number)
    except click.ClickException as wrong:
        say(*_usage(wrong), err=True)
        return USAGE
    except Exception as error:  # noqa: BLE001 - Python would write its text as it is, and that may be a platform's
        return _explained(error)
    finally:
        clear()
    return result if isinstance(result, int) else 0


def _usage(wrong: click.ClickException) -> Iterator[str]:
    """Yield what click says of a wrong command line."""
    ctx = wrong.ctx if isinstance(wrong, click.UsageError) else None
    if ctx is not None:
        yield from ctx.get_usage().split("\n")
        yield f"Try '{ctx.command_path} {ctx.help_option_names[0]}' for help."
        yield ""
    yield f"Error: {wrong.format_message()}{_from_environment(wrong)}"


def _from_environment(wrong: click.ClickException) -> str:
    """Return which variable gave a wrong value, where nobody typed it."""
    if not isinstance(wrong, click.BadParameter) or wrong.ctx is None or wrong.param is None or not wrong.param.name:
        return ""
    if wrong.ctx.get_parameter_source(wrong.param.name) is not ParameterSource.ENVIRONMENT:
        return ""
    known = wrong.param.envvar or []
    given = [name for name in ([known] if isinstance(known, str) else known) if os.environ.get(name)]
    return f" It comes from the environment: {given[0]}." if given else " It comes from the environment."


def _explained(error: Exception) -> int:
    """Say what went wrong, where, and what to do, and return the exit code."""
    from reconciler.errors import ManifestError, ReconcilerError  # here, so that help does not load them

    if isinstance(error, OSError) and error.strerror:
        say(f"error: {': '.join(str(part) for part in (error.filename, error.strerror) if part)}", err=True)
        return 1
    if not isinstance(error, ReconcilerError):  # a mistake of this program; its text may be a platform's
        import traceback

        say(*(line for part in traceback.format_exception(error) for line in part.splitlines()), err=True)
        return 1
    if isinstance(error, ManifestError):
        from reconciler.manifest.finding import diagnostics_text

        say(*diagnostics_text(error.diagnostics).split("\n"), err=True)
    else:
        say(f"error: {error}", err=True)
    if error.hint:
        say(f"hint: {error.hint}", err=True)
    return error.exit_code
