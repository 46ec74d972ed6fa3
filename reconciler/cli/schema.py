"""`reconciler schema`: the JSON Schemas of what the program reads and writes, for editors and scripts."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.files import make_folder, read_file, write_file
from reconciler.cli.output import say, write_json


@click.command(
    epilog="""\b
Examples:
  reconciler schema > .vscode/manifest.schema.json    for an editor
  reconciler schema plan.v1
  reconciler schema --out schemas                     all of them, a file each""",
)
@click.argument("name", default="manifest.v1")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Write all schemas here instead.")
def command(name: str, out: Path | None) -> None:
    """Print a JSON Schema: of manifests, with the platforms that are installed, or of what is written.

    NAME is one of manifest.v1 (the default), plan.v1, snapshot.v1 and event.v1.
    """
    from reconciler.manifest.schema import texts

    schemas = texts(wiring.plugins())
    if out is None:
        if name not in schemas:
            raise click.UsageError(f"there is no schema {name!r}; there are: {', '.join(schemas)}")
        write_json(schemas[name].rstrip("\n").encode())
        return
    make_folder(out)
    for one, text in schemas.items():
        file = out / f"{one}.schema.json"
        if not file.is_file() or read_file(file) != text.encode():
            write_file(file, text.encode())
            say(f"wrote {file}")
