"""Connections: structure and meaning of what stands below the one platform that each of them names. Pure.

What a platform asks of its connections its plug-in says; nothing here knows any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from reconciler.core.names import suggestion
from reconciler.manifest.accept import Misfit, misfits, shape_of
from reconciler.manifest.finding import Findings, finding
from reconciler.manifest.read import AGAIN
from reconciler.model.connection import ConnectionSpec
from reconciler.model.diagnostic import Related
from reconciler.model.fleet import Document, Manifest
from reconciler.model.origin import Path
from reconciler.plugin import Plugins
from reconciler.plugin.meaning import wrong_parts


def convert(value: Any, plugins: Plugins) -> ConnectionSpec:
    """Return what a value (texts, lists, mappings) says; raise ValidationError where `unfit` says why it cannot be that."""
    if not isinstance(value, dict) or len(value) != 1:
        raise msgspec.ValidationError("a Connection names exactly one platform")
    ((name, details),) = value.items()
    if name not in plugins:
        raise msgspec.ValidationError("unknown platform")
    return ConnectionSpec(name, msgspec.convert(details, plugins[name].spec, strict=False))


def unfit(value: Any, plugins: Plugins, path: Path) -> Iterator[Misfit]:
    """Yield every reason why a value is no Connection."""
    if not isinstance(value, dict):
        yield Misfit(path, "wrong-type", f"spec must be a mapping, not a {shape_of(value)}")
        return
    given = [key for key in value if AGAIN not in key]
    if len(given) > 1 and not plugins.keys() & set(given):
        message = "a Connection names its platform as the one key of `spec`"
        yield Misfit(path, "platform", message, f"write what is here below one of: {', '.join(plugins)}")
        return
    if len(given) != 1:
        have = f"not {' and '.join(given)}" if given else "and it names none"
        message = f"a Connection names exactly one platform, {have}"
        yield Misfit(path, "platform", message, f"one of: {', '.join(plugins)}")
    for name in given:
        if name in plugins:
            yield from misfits(value[name], plugins[name].spec, (*path, name))
        else:
            near = suggestion(name, list(plugins))
            hint = "the plug-in of a further platform must be installed beside reconciler"
            message = f"reconciler knows no platform {name!r}{near}"
            yield Misfit((*path, name), "unknown-platform", message, hint)


def meanings(manifest: Manifest, plugins: Plugins) -> Findings:
    """Yield what is wrong with Connections that have the right structure, without anything that was typed there."""
    for document in manifest.connections.values():
        spec: ConnectionSpec = document.spec
        for found in (*plugins[spec.platform].check(spec.details), *wrong_parts(spec.details)):
            path = ("spec", spec.platform, *found.path)
            yield finding(document, path, found.code, found.message, found.hint)
    yield from _same_targets(manifest, plugins)


def _same_targets(manifest: Manifest, plugins: Plugins) -> Findings:
    """Yield Connections to one application: claims and limits of fleets on different ones do not see each other."""
    known: dict[tuple[str, str], Document] = {}
    for document in manifest.connections.values():
        spec: ConnectionSpec = document.spec
        try:
            target = plugins[spec.platform].target(spec.details)
        except ValueError:  # an address that is none, which is a finding of its own
            continue
        first = known.setdefault((spec.platform, target), document)
        if first is not document:
            yield finding(
                document,
                ("spec", spec.platform),
                "same-application",
                f"the Connections {first.name!r} and {document.name!r} are to one application",
                "remove one of them, and let all fleets of the application name the other",
                related=(Related("the other Connection", first.locate(("spec", spec.platform))),),
            )
