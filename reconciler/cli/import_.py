"""`reconciler import`: write a manifest from what is running."""

from __future__ import annotations

import shlex
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from reconciler.cli import connecting, wiring
from reconciler.cli.files import make_folder, write_files
from reconciler.cli.options import connections_option
from reconciler.cli.output import note, quiet, say
from reconciler.cli.proposals import proposed
from reconciler.core.bootstrap import Imported
from reconciler.engine.bootstrap import import_fleet
from reconciler.engine.snapshot import chosen
from reconciler.errors import ManifestError, ReconcilerError, SettingsError
from reconciler.manifest.edit import commented
from reconciler.manifest.layout import WIDTH
from reconciler.manifest.write import write
from reconciler.model.fleet import FleetSpec, Manifest

CONNECTIONS, FLEET = "connections.yaml", "fleet.yaml"
STANDARD_OUTPUT = Path("-")
SECRETS = (
    "Secrets are read from the environment variables that --token-env and its like name; they are never written, only "
    "the names are."
)


class Wanted(msgspec.Struct, frozen=True):
    """What is to be written and where."""

    fleet: str
    out: Path
    force: bool

    @property
    def shown(self) -> bool:
        """Return whether the manifest is written to standard output."""
        return self.out == STANDARD_OUTPUT


class Import(click.Command):
    """Has the options of the platforms that are installed, which are loaded when they are first asked for."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, those of the platforms first."""
        plugins = wiring.plugins()
        platform = click.Argument(["platform"], required=False, type=click.Choice(list(plugins)))
        return [platform, *connecting.options(plugins), *super().get_params(ctx)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write an example of each platform, then what holds for all."""
        del ctx
        lines = [f"{plugin.name} {plugin.example}" for plugin in wiring.plugins().values()]
        formatter.write_paragraph()
        formatter.write("Examples:\n")
        for line in (*lines, "--from connections.yaml --connection plant --out plants/austin --fleet austin"):
            formatter.write(f"  reconciler import {line}\n")
        formatter.write_paragraph()
        formatter.write_text(SECRETS)


@click.command("import", cls=Import)
@click.option(
    "-f",
    "--from",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Use a Connection from this file or folder (repeatable).",
)
@connections_option
@click.option(
    "--connection", metavar="NAME", help="Name of the Connection.  [default: the platform's, or the only one]"
)
@click.option("--fleet", metavar="NAME", help="Name of the Fleet.  [default: that of the Connection]")
@click.option(
    "--out", default=".", show_default=True, type=click.Path(path_type=Path), metavar="DIR|-", help="Where to write."
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def command(
    platform: str | None,
    sources: tuple[Path, ...],
    connections: Path | None,
    connection: str | None,
    fleet: str | None,
    out: Path,
    force: bool,
    **given: str | None,
) -> None:
    """Write a manifest that says what an application runs now: planning with it changes nothing.

    As short as people would write it: each workload's most common version, overrides by tags that units share, pins for
    the rest. What has nothing assigned stays unmanaged.
    """
    if (platform is None) == (not sources and connections is None):
        raise click.UsageError("give a platform and which application of it, or --from PATH with a Connection")
    if platform is None:
        manifest = wiring.load(sources, connections)
        names = chosen(manifest, connection)
        if len(names) > 1:
            raise click.UsageError(f"say which with --connection: {', '.join(names)}")
        _import(Wanted(fleet or names[0], out, force), manifest, names[0], "")
        return
    name = connection or platform
    spec = connecting.connection(wiring.plugins()[platform], given)
    text = write([("Connection", name, spec)], schema=None)
    _import(Wanted(fleet or name, out, force), _checked({CONNECTIONS: text}), name, text)


def _import(wanted: Wanted, manifest: Manifest, connection: str, text: str) -> None:
    """Read the connection and write its fleet, with the Connection's own document where that is new."""
    texts = {CONNECTIONS: text} if text else {}
    _check_free(wanted, [*texts, FLEET])
    opened = wiring.opener(manifest, wiring.SystemClock())
    found = import_fleet(connection, opened, lambda spec: _lines(wanted.fleet, spec))
    texts[FLEET] = write([("Fleet", wanted.fleet, found.spec)], _comments(found), schema=None, remarks=_remarks(found))
    proposals = _proposals(manifest, connection)
    if text and proposals is not None:
        texts[CONNECTIONS] += "".join(f"{line}\n" for line in _questioned(manifest, connection, proposals))
    if text:
        _checked(texts)
    if wanted.shown:
        say(*"---\n".join(texts.values()).removesuffix("\n").split("\n"))
    else:
        make_folder(wanted.out)
        write_files({wanted.out / name: content.encode() for name, content in texts.items()})
    _report(wanted, found, texts, proposals)
    for name, document in manifest.fleets.items():
        if document.spec.connection == connection:
            note(f"warning: the fleet {name!r} also uses {connection!r}; no slot may be in both")


def _proposals(manifest: Manifest, connection: str) -> dict[str, Any] | None:
    """Return what checks propose for a connection; None where its platform never proposes anything, or cannot now."""
    if not wiring.plugins()[manifest.connections[connection].spec.platform].question:
        return None
    try:
        platform = wiring.opener(manifest, wiring.SystemClock())(connection)
        try:
            return proposed(list(platform.check()))
        finally:
            platform.close()
    except ReconcilerError as error:
        note(f"note: what could be proposed for the connection is not known: {error}")
        return None


def _questioned(manifest: Manifest, connection: str, proposals: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is proposed for a connection as comments behind it, with the question that it answers."""
    pad = " " * 4
    question = wiring.plugins()[manifest.connections[connection].spec.platform].question
    rest = (
        "The platform describes these; `reconciler doctor --write` takes the # away, once a person has read them:"
        if proposals
        else "Nothing is proposed here; `reconciler doctor` says why."
    )
    yield from (f"{pad}# {line}" for line in textwrap.wrap(f"{question} {rest}", WIDTH - len(pad) - 2))
    yield from commented(proposals, pad)


def _remarks(found: Imported) -> dict[str, Any]:
    return {"spec": {"pins": found.names}}


def _lines(fleet: str, spec: FleetSpec) -> int:
    return write([("Fleet", fleet, spec)], schema=None).count("\n")


def _comments(found: Imported) -> list[str]:
    return [f"What {found.application} ran when it was imported. Edit it as you like.", *found.notes]


def _report(wanted: Wanted, found: Imported, texts: Mapping[str, str], proposals: Mapping[str, Any] | None) -> None:
    if quiet():
        return
    if not wanted.shown:
        for name, content in texts.items():
            say(f"wrote {wanted.out / name} ({content.count(chr(10)):,} lines)")
    say(f"{found.slots:,} slots of {found.units:,} units are managed", err=wanted.shown)
    for one in found.notes:
        say(f"note: {one}", err=wanted.shown)
    if not wanted.shown:
        place = "" if wanted.out == Path() else f" {shlex.quote(str(wanted.out))}"
        if proposals:
            what = (
                f"{CONNECTIONS} has what the platform describes of its calls, as comments; plans hold what needs them"
            )
            say(f"next: {what}: read it, then reconciler doctor{place} --write")
        say(f"next: reconciler plan{place}")


def _checked(texts: Mapping[str, str]) -> Manifest:
    """Return what these files say; raise SettingsError for options that make no valid document."""
    with tempfile.TemporaryDirectory(prefix="reconciler-import-") as folder:
        write_files({Path(folder, name): text.encode() for name, text in texts.items()})
        try:
            return wiring.load([Path(folder)])
        except ManifestError as error:
            first = error.diagnostics[0]
            raise SettingsError(f"this would not be a valid manifest: {first.message}", hint=first.hint) from error


def _check_free(wanted: Wanted, names: list[str]) -> None:
    """Refuse early what would overwrite a file."""
    there = [str(wanted.out / name) for name in names if (wanted.out / name).exists()]
    if there and not wanted.force and not wanted.shown:
        raise SettingsError(
            f"{' and '.join(there)} exist{'' if len(there) > 1 else 's'} already; nothing was written",
            hint="give another folder with --out, or --force to overwrite",
        )
