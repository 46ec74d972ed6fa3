"""`reconciler validate`: check manifests without calling anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from reconciler.cli import wiring
from reconciler.cli.annotating import ANNOTATIONS, print_annotations
from reconciler.cli.options import connections_option, output_option, paths_argument, strict_option
from reconciler.cli.output import quiet, say, write_json, write_yaml
from reconciler.errors import ManifestError
from reconciler.manifest.finding import diagnostics_builtins, diagnostics_text
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Manifest
from reconciler.views.words import count


@click.command(
    epilog="""\b
Examples:
  reconciler validate                       everything below this folder
  reconciler validate fleet/ -o json        for an editor or a script
  reconciler validate fleet/ -o github      in a job of GitHub Actions: findings become annotations on their lines
  reconciler validate fleet/ -o gitlab > gl-code-quality-report.json

\b
Exit codes: 0 valid, 1 invalid (with --strict also for warnings).""",
)
@paths_argument
@output_option("text", "json", *ANNOTATIONS)
@connections_option
@strict_option
def command(paths: tuple[Path, ...], output: str, connections: Path | None, strict: bool) -> int:
    """Check manifests offline: every finding of every file in one run, with its line.

    What only the platform can show (ambiguous unit names, claims that really overlap) is checked by `plan`.
    """
    manifest: Manifest | None = None
    try:
        manifest = wiring.source(paths, connections).load()
        findings = [*manifest.warnings, *_without_fleet(manifest)]
    except ManifestError as error:
        findings = [*error.diagnostics]
    valid = not any(strict or one.severity is Severity.ERROR for one in findings)
    if output in {"json", "yaml"}:
        answer = {"valid": valid, "findings": diagnostics_builtins(findings), "documents": _documents(manifest)}
        (write_json if output == "json" else write_yaml)(msgspec.json.encode(answer))
    elif output in ANNOTATIONS:
        print_annotations([_strictly(one, strict=strict) for one in findings], output, wiring.places(paths)[0])
    else:
        if findings:
            say(*diagnostics_text(findings).split("\n"), err=True)
        if valid and not quiet():
            kinds = ", ".join(count(number, kind[:-1]) for kind, number in _documents(manifest).items())
            say(f"valid: {kinds}")
    return int(not valid)


def _strictly(one: Diagnostic, *, strict: bool) -> Diagnostic:
    return msgspec.structs.replace(one, severity=Severity.ERROR) if strict else one


def _without_fleet(manifest: Manifest) -> Iterator[Diagnostic]:
    if not manifest.fleets:
        message, hint = "there is no Fleet: nothing is governed", "give the files or folders of Fleets in PATHS"
        yield Diagnostic(code="no-fleet", message=message, hint=hint)


def _documents(manifest: Manifest | None) -> dict[str, int]:
    if manifest is None:
        return {}
    kinds = {"connections": manifest.connections, "channels": manifest.channels, "fleets": manifest.fleets}
    return {kind: len(documents) for kind, documents in kinds.items()}
