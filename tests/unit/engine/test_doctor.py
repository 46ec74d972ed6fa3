"""Examples of examining a set-up: every part for itself, and what fails is a finding."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reconciler.engine.doctor import Part, examine
from reconciler.engine.group import Open
from reconciler.errors import ManifestError, ReconcilerError, SettingsError, Unauthorized
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Manifest
from reconciler.model.origin import Origin
from reconciler.ports import Check, Platform
from tests.laws.worlds import Site

FINDING = Diagnostic(code="x", message="unknown key 'verison'", origin=Origin("f.yaml", 3, 5), hint="version?")
WARNING = msgspec.structs.replace(FINDING, severity=Severity.WARNING)


class Source:
    """Gives a manifest, or fails to."""

    def __init__(self, manifest: Manifest | ReconcilerError) -> None:
        self.manifest = manifest

    def load(self) -> Manifest:
        if isinstance(self.manifest, ReconcilerError):
            raise self.manifest
        return self.manifest


def site_manifest() -> tuple[Site, Manifest]:
    site = Site(units=3)
    return site, site.request().manifest


def examined(source: Source, *, open_: Open | None = None, probe: Iterator[Check] | None = None) -> list[Part]:
    def never(name: str) -> Platform:
        raise AssertionError(name)

    probes = [("git", lambda: probe or iter([Check("git", "ok", "git version 2.39")]))]
    return list(examine(source, probes, lambda manifest: open_ or never))


def test_everything_there_is_all_told() -> None:
    site, manifest = site_manifest()
    machine, plant = examined(Source(manifest), open_=lambda name: site.platform())
    assert machine.checks == (
        Check("git", "ok", "git version 2.39"),
        Check("manifests", "ok", "1 connection, 0 channels, 0 fleets"),
    )
    assert plant.name == "plant"
    assert plant.checks[0] == Check("settings and secrets", "ok", f"complete; {site.platform().identity}")
    assert {"connection", "read devices"} <= {check.name for check in plant.checks}
    assert not machine.failed
    assert not plant.failed


def test_a_secret_that_is_not_there_fails_its_connection_alone() -> None:
    _, manifest = site_manifest()

    def missing(name: str) -> Platform:
        raise SettingsError("the environment variable TOKEN is not set", hint="export TOKEN=…")

    machine, plant = examined(Source(manifest), open_=missing)
    assert not machine.failed
    assert plant.failed
    assert plant.checks == (
        Check("settings and secrets", "failed", "the environment variable TOKEN is not set", "export TOKEN=…"),
    )


def test_wrong_manifests_are_told_finding_by_finding() -> None:
    (machine,) = examined(Source(ManifestError([FINDING, WARNING])))
    assert machine.checks[1:] == (
        Check("manifests", "failed", "f.yaml:3:5: unknown key 'verison'", "version?"),
        Check("manifests", "warning", "f.yaml:3:5: unknown key 'verison'", "version?"),
    )
    (machine,) = examined(Source(SettingsError("there is no file x", hint="PATHS")))
    assert machine.checks[1:] == (Check("manifests", "failed", "there is no file x", "PATHS"),)


def test_warnings_of_good_manifests_are_told() -> None:
    site, manifest = site_manifest()
    nowhere = msgspec.structs.replace(WARNING, origin=Origin(""))
    machine, _ = examined(
        Source(msgspec.structs.replace(manifest, warnings=(nowhere,))), open_=lambda name: site.platform()
    )
    assert machine.checks[-1] == Check("manifests", "warning", "unknown key 'verison'", "version?")


def test_a_probe_that_breaks_is_a_finding() -> None:
    def broken() -> Iterator[Check]:
        yield Check("git", "ok", "there")
        raise Unauthorized("no", operation="ask git", hint="log in")

    site, manifest = site_manifest()
    machine, _ = examined(Source(manifest), open_=lambda name: site.platform(), probe=broken())
    assert machine.checks[:2] == (Check("git", "ok", "there"), Check("git", "failed", "ask git: no", "log in"))
    assert machine.failed
