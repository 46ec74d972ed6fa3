"""`reconciler diff`: how two plans, snapshots or manifests differ."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from reconciler.cli import wiring
from reconciler.cli.files import read_file, read_plan, read_snapshot, replayed
from reconciler.cli.options import output_option
from reconciler.cli.printing import print_report
from reconciler.engine.difference import Thing, comparison
from reconciler.errors import SettingsError

SAME, DIFFERENT = 0, 2


@click.command(
    epilog="""\b
Examples:
  reconciler diff monday.json tuesday.json           two plans, or two snapshots
  reconciler diff fleets ../other-checkout/fleets    two manifests

\b
Exit codes: 0 equal, 2 different, 1 something could not be read.""",
)
@click.argument("left", metavar="A", type=click.Path(path_type=Path))
@click.argument("right", metavar="B", type=click.Path(path_type=Path), required=False)
@output_option("text", "json")
def command(left: Path, right: Path | None, output: str) -> int:
    """Show how two plans, two snapshots or two manifests differ, by the names of units, workloads and fleets.

    A and B are files written by `plan --out` or `snapshot --out`, or manifests: a file or a folder. Times are not
    compared.
    """
    from reconciler.views import difference_text

    if right is None:
        raise click.UsageError(
            f"two things are compared: `reconciler diff {left} B`; what manifests would change on a platform, "
            f"`reconciler plan {left}` shows"
        )
    found = comparison((str(left), _read(left)), (str(right), _read(right)))
    print_report(found, output, difference_text.encode, difference_text.render)
    return DIFFERENT if found.differences else SAME


class _Head(msgspec.Struct):
    """The field that distinguishes our files."""

    format: str = ""


def _read(path: Path) -> Thing:
    """Return what a file or folder holds, by its content; raise SettingsError for what is none of ours."""
    if path.is_dir():
        return wiring.load([path])
    content = read_file(path)
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return wiring.load([path])
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(f"{path} is not readable as JSON ({wrong})", hint="it may be cut short") from wrong
    if head.format.startswith("reconciler/snapshot."):
        return replayed(read_snapshot(path), path)[0]
    return read_plan(path)
