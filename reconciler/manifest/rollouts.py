"""What is wrong with a rollout as written: waves that decrease, stop short or mean nothing, thresholds that cannot be met. Pure."""

from __future__ import annotations

import msgspec

from reconciler.core.guards.limit import parts
from reconciler.manifest.finding import Findings, finding
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import Document, FleetSpec, Rollout, Wave
from reconciler.model.kind import in_words
from reconciler.model.origin import Path
from reconciler.model.quantity import percent, seconds
from reconciler.plugin import PlatformPlugin

WAVE = "write `10%`, or `{units: {tags: {ring: canary}}}`"
GROWING = "write percentages that grow, such as `waves: [10%, 50%, 100%]`"
ROOT: Path = ("spec", "rollout")
WHOLE = 100.0
EVERYBODY = ""
"""Stands for a wave without a selector."""


def rollout(document: Document, plugin: PlatformPlugin | None) -> Findings:
    """Yield what is wrong with the rollout of a fleet; its selectors are checked with all others."""
    spec: FleetSpec = document.spec
    if spec.rollout is None:
        return
    yield from _Waves(document, spec.rollout, plugin).findings()
    for name in ("soak", "deadline"):
        value = getattr(spec.rollout, name)
        if value is not None and seconds(value) <= 0:
            hint = f"write a time such as `{name}: 30m`, or remove `{name}`"
            yield finding(document, (*ROOT, name), "zero-duration", f"`{name}` must be longer than zero", hint)
    yield from _without_effect(document, spec.rollout)
    yield from _thresholds(document, spec.rollout)


def _without_effect(document: Document, spec: Rollout) -> Findings:
    """Yield what has no effect as it stands."""
    for name in ("success", "soak"):
        if getattr(spec, name) is not None and not spec.waves:
            message = f"`{name}` has no effect without `waves`: it says when the next wave opens"
            yield finding(document, (*ROOT, name), "no-waves", message, severity=Severity.WARNING)
    if spec.on_failure == "rollback" and spec.failure is None:
        yield finding(
            document,
            (*ROOT, "on_failure"),
            "no-failure",
            "`on_failure: rollback` has no effect without `failure`: nothing says how many may fail",
            "add for example `failure: {percent: 10%, minimum: 5}`",
            severity=Severity.WARNING,
        )
    if not spec.paces and spec.deadline is None:
        yield finding(
            document,
            ROOT,
            "no-pace",
            "this rollout paces nothing: every unit changes at once",
            "add `waves`, `max_moving` or `failure`, or remove `rollout`",
            severity=Severity.WARNING,
        )


class _Waves:
    """Goes through waves in their order: how far those before went, by what their selector matches."""

    def __init__(self, document: Document, spec: Rollout, plugin: PlatformPlugin | None) -> None:
        self.document = document
        self.spec = spec
        self.plugin = plugin
        self.reached: dict[tuple[str, str], float] = {}

    def findings(self) -> Findings:
        for position, written in enumerate(self.spec.waves):
            wave = written if isinstance(written, Wave) else Wave(percent=written)
            yield from self._wave(wave, (*ROOT, "waves", position))
        for (selector, what), far in self.reached.items():
            if far < WHOLE and not self._is_done(selector):
                yield self._short(selector, what, far)

    def _wave(self, wave: Wave, where: Path) -> Findings:
        if wave.units is None and wave.percent is None and wave.share is None:
            yield finding(self.document, where, "empty-wave", "a wave needs units, a percent, or both", WAVE)
            return
        selector = EVERYBODY if wave.units is None else in_words(msgspec.to_builtins(wave.units))
        if self._is_done(selector):
            message = "this wave is always empty: those before it take all of its units"
            yield finding(self.document, where, "wave-order", message, "remove it, or put it before them")
            return
        if wave.share is not None:
            yield from self._share(wave, where)
        what, text = ("share", wave.share) if wave.share is not None else ("percent", wave.percent or "100%")
        before, of = self.reached.get((selector, what), 0.0), f" of {selector}" if selector else ""
        if percent(text) == 0:
            message = f"a wave of {text}{of} takes nobody"
            yield finding(self.document, where, "wave-order", message, "remove it, or write a percentage above zero")
        elif percent(text) <= before:
            message = f"waves must grow, but {text}{of} comes after {before:g}%"
            yield finding(self.document, where, "wave-order", message, GROWING)
        self.reached[selector, what] = max(before, percent(text))

    def _is_done(self, selector: str) -> bool:
        """Return whether waves took all that a selector matches."""
        every = [self.reached.get((one, what), 0.0) for one in {selector, EVERYBODY} for what in ("percent", "share")]
        return max(every) >= WHOLE

    def _share(self, wave: Wave, where: Path) -> Findings:
        path: Path = (*where, "share")
        if self.plugin is not None and not self.plugin.stages:
            message = f"{self.plugin.title} assigns a version to a unit as a whole: a wave cannot take a share of it"
            yield finding(self.document, path, "share", message, "write `percent` for a part of the units")
        if wave.percent is not None:
            message = "a wave takes a percent of its units, or a share of the devices of each, not both"
            yield finding(self.document, path, "share", message, "remove one of them")
        if wave.share is not None and not percent(wave.share).is_integer():
            yield finding(self.document, path, "share", f"a share is a whole percentage, not {wave.share}")

    def _short(self, selector: str, what: str, far: float) -> Diagnostic:
        of = f" of {selector}" if selector else ""
        last = max(
            position
            for position, written in enumerate(self.spec.waves)
            if not isinstance(written, Wave) or getattr(written, what) is not None
        )
        full = "100%" if not selector and what == "percent" else f"`{what}: 100%`"
        return finding(
            self.document,
            (*ROOT, "waves", last),
            "waves-short",
            f"the waves end at {far:g}%{of}: the rest follows as one more wave",
            f"add a last wave of {full} to say so",
            severity=Severity.WARNING,
        )


def _thresholds(document: Document, spec: Rollout) -> Findings:
    share, number = (None, None) if spec.max_moving is None else parts(spec.max_moving)
    if number == 0 or (share is not None and percent(share) == 0):
        hint = "write how many may move at a time, or `suspend` the fleet"
        yield finding(document, (*ROOT, "max_moving"), "threshold", "`max_moving: 0` lets nothing go", hint)
    if spec.success is not None and percent(spec.success) == 0:
        message = "with `success: 0%` waves open although nobody reports the version"
        yield finding(document, (*ROOT, "success"), "threshold", message, "write the least share that must report it")
    if spec.failure is not None and number and spec.failure.minimum > number:
        message = (
            f"`failure` cannot be met: {spec.failure.minimum:,} must fail, but `max_moving` lets {number:,} be on the "
            "way at a time, and failed ones count until they are repaired"
        )
        yield finding(document, (*ROOT, "failure", "minimum"), "threshold", message, f"write {number} or less")
