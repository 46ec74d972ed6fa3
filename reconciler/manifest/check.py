"""What Fleets mean: findings that structure alone cannot show. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.guards.spent import LONGEST
from reconciler.core.names import suggestion
from reconciler.core.select import is_glob
from reconciler.manifest.claims import overlaps
from reconciler.manifest.finding import Findings, finding
from reconciler.manifest.policies import policies
from reconciler.manifest.requirements import requirements
from reconciler.manifest.rollouts import rollout
from reconciler.manifest.versions import versions
from reconciler.manifest.windows import windows
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fleet import (
    ChannelRef,
    Choice,
    Document,
    FleetSpec,
    Limit,
    Manifest,
    Selector,
    Wave,
)
from reconciler.model.origin import Path
from reconciler.model.quantity import seconds
from reconciler.plugin import PlatformPlugin, Plugins

BOTH = "write `10%`, `25`, or `{percent: 10%, number: 25}`"


def fleets(manifest: Manifest, plugins: Plugins, *, complete: bool = True) -> Findings:
    """Yield what is wrong with Fleets. `complete` False: some documents could not be read, so missing names are no findings."""
    for one in manifest.fleets.values():
        yield from _Fleet(one, manifest, plugins, complete=complete).findings()
    yield from overlaps(manifest)
    yield from requirements(manifest, complete=complete)
    yield from versions(manifest)


def _nested(selector: Selector, path: Path) -> Iterator[tuple[Path, Selector]]:
    """Yield a selector and every selector inside it, and where they stand."""
    yield path, selector
    if selector.not_ is not None:
        yield from _nested(selector.not_, (*path, "not"))
    for position, one in enumerate(selector.any or ()):
        yield from _nested(one, (*path, "any", position))


def _texts(selector: Selector, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield the texts of a selector itself: where each stands, the text, and how a selector of it alone is written."""
    for key in ("ids", "names", "cohorts"):
        for position, text in enumerate(getattr(selector, key) or ()):
            yield (*path, key, position), text, f"{key}: [%s]"
    for tag, said in (selector.tags or {}).items():
        where: Path = (*path, "tags", tag)
        if isinstance(said, str):
            yield where, tag, f"tags: {{%s: {said}}}"
            yield where, said, f"tags: {{{tag}: %s}}"
        else:
            yield where, tag, "tags: {%s: [...]}"
            yield from (((*where, position), text, f"tags: {{{tag}: %s}}") for position, text in enumerate(said))


def _literal(selector: Selector, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield what looks like a pattern where none is matched: where it stands, the text, and what to write instead."""
    for position, text in enumerate(selector.ids or ()):
        if is_glob(text):
            yield (*path, "ids", position), text, f"to select by pattern, write names: [{text!r}]"
    for tag in filter(is_glob, selector.tags or {}):
        yield (*path, "tags", tag), tag, "name each tag; only its value may be a pattern"


class _Fleet:
    """Checks one fleet."""

    def __init__(self, document: Document, manifest: Manifest, plugins: Plugins, *, complete: bool) -> None:
        self.document = document
        self.spec: FleetSpec = document.spec
        self.manifest = manifest
        connection = manifest.connections.get(self.spec.connection)
        self.plugin: PlatformPlugin | None = plugins[connection.spec.platform] if connection is not None else None
        self.complete = complete

    def findings(self) -> Findings:
        yield from self._connection()
        yield from self._selector(self.spec.units, ("spec", "units"))
        for name, workload in self.spec.workloads.items():
            path: Path = ("spec", "workloads", name)
            yield from self._choice(workload, name, path)
            if workload.units is not None:
                yield from self._selector(workload.units, (*path, "units"))
            for position, override in enumerate(workload.overrides):
                yield from self._choice(override, name, (*path, "overrides", position))
                yield from self._selector(override.units, (*path, "overrides", position, "units"))
        yield from self._pins()
        yield from self._limits()
        yield from self._keep()
        yield from policies(self.document)
        yield from self._rollout()
        yield from windows(self.document)

    def _add(self, path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
        return finding(self.document, path, code, message, hint)

    def _warn(self, path: Path, code: str, message: str, hint: str = "") -> Diagnostic:
        return finding(self.document, path, code, message, hint, severity=Severity.WARNING)

    def _connection(self) -> Findings:
        known = self.manifest.connections
        if self.spec.connection not in known and self.complete:
            near = suggestion(self.spec.connection, list(known))
            yield self._add(
                ("spec", "connection"),
                "unknown-connection",
                f"there is no Connection named {self.spec.connection!r}{near}",
            )

    def _settings(self, choice: Choice, path: Path) -> Findings:
        plugin = self.plugin
        if plugin is None:
            return
        for name, value in choice.settings.items():
            where = (*path, "settings", name)
            if name in plugin.settings:
                for found in plugin.settings[name](value):
                    yield self._add((*where, *found.path), found.code, found.message, found.hint)
                continue
            known = plugin.settings
            can = f"it has: {', '.join(sorted(known))}" if known else "remove `settings`"
            message = f"{plugin.title} has no {f'setting {name!r}' if known else 'settings'}"
            yield self._add(where, "setting", message, can)

    def _selector(self, selector: Selector, outer: Path) -> Findings:
        for path, one in _nested(selector, outer):
            given = [one.all, one.ids, one.names, one.tags, one.cohorts, one.not_, one.any]
            if all(part is None for part in given):
                yield self._add(
                    path, "empty-selector", "an empty selector matches no unit", "write `{all: true}` for every unit"
                )
            if one.all is False:
                yield self._add(path, "all-false", "`all: false` matches no unit; remove it")
            yield from self._unknown_keys(one, path)
            for where, text, instead in _literal(one, path):
                message = f"{text!r} is matched as it stands; patterns mean nothing here"
                yield self._warn(where, "glob-literal", message, instead)
            for where, text, alone in _texts(one, path):
                if text.startswith("!"):
                    message = f"{text!r} is matched as it stands; `!` does not mean `not`"
                    hint = f"to leave out what matches, write not: {{{alone.replace('%s', text[1:])}}}"
                    yield self._warn(where, "negation", message, hint)
            for name, part in (("ids", one.ids), ("names", one.names), ("tags", one.tags), ("any", one.any)):
                if part is not None and not part:
                    yield self._add(path, "empty-selector", f"`{name}` is empty and matches no unit")

    def _unknown_keys(self, selector: Selector, path: Path) -> Findings:
        """Yield keys of a selector that mean nothing on the fleet's platform."""
        for key in ("ids", "names", "tags", "cohorts"):
            if getattr(selector, key) is not None and self.plugin is not None and key not in self.plugin.selectors:
                *others, last = [one for one in ("tags", "names", "ids", "cohorts") if one in self.plugin.selectors]
                instead = f"{', '.join(others)} or {last}" if others else last
                yield self._add(path, key, f"{self.plugin.title} has no {key}; select by {instead}")

    def _choice(self, choice: Choice, workload: str, path: Path) -> Findings:
        short = choice.channel if choice.version != ChannelRef(channel=choice.channel or "") else None
        given = [
            name
            for name, part in (
                ("version", choice.version),
                ("absent", choice.absent),
                ("unmanaged", choice.unmanaged),
                ("channel", short),
            )
            if part is not None
        ]
        if len(given) != 1:
            have = f"not {' and '.join(given)}" if given else "but none is given"
            hint = "write one of `version: v1.4.0`, `channel: stable`, `absent: true` and `unmanaged: true`"
            yield self._add(path, "choice", f"exactly one of version, absent and unmanaged is needed, {have}", hint)
        for name in ("absent", "unmanaged"):
            if getattr(choice, name) is False:
                yield self._add((*path, name), "choice", f"`{name}: false` has no effect; remove it")
        if choice.settings and "version" not in given:
            yield self._add((*path, "settings"), "choice", "settings need a version")
        else:
            yield from self._settings(choice, path)
        if isinstance(choice.version, ChannelRef):
            yield from self._channel(choice.version.channel, workload, path)

    def _channel(self, name: str, workload: str, path: Path) -> Findings:
        channel = self.manifest.channels.get(name)
        if channel is None:
            if self.complete:
                near = suggestion(name, list(self.manifest.channels))
                yield self._add(path, "unknown-channel", f"there is no Channel named {name!r}{near}")
        elif workload not in channel.spec.versions:
            near = suggestion(workload, list(channel.spec.versions))
            yield self._add(path, "channel-without-workload", f"channel {name!r} has no version for {workload!r}{near}")

    def _pins(self) -> Findings:
        listed = self.spec.workloads
        near: dict[str, str] = {}
        for unit, pins in self.spec.pins.items():
            if is_glob(unit) or unit.startswith("!"):
                message = f"a pin is about one unit, and {unit!r} is taken for its name"
                hint = "for several units, write an override of the workload: {units: {names: [...]}, version: ...}"
                yield self._warn(("spec", "pins", unit), "glob-pin", message, hint)
            for workload, pin in pins.items():
                if isinstance(pin, str) and workload in listed:
                    continue
                path: Path = ("spec", "pins", unit, workload)
                if workload not in listed:
                    if workload not in near:
                        near[workload] = suggestion(workload, list(listed))
                    yield self._add(
                        path,
                        "unknown-workload",
                        f"the pin names {workload!r}, which this fleet does not list{near[workload]}",
                        f"the unit comes first: `pins: {{{workload}: {{{unit}: VERSION}}}}`" if unit in listed else "",
                    )
                if not isinstance(pin, str):
                    yield from self._choice(pin, workload, path)

    def _limits(self) -> Findings:
        limits = self.spec.limits
        for name in ("remove", "replace", "release"):
            yield from self._limit(getattr(limits, name), ("spec", "limits", name))
        where: Path = ("spec", "limits", "window")
        if limits.window is not None and not 0 < seconds(limits.window) <= LONGEST:
            message = f"`window` must be longer than zero, and {LONGEST / 86400:g}d at most"
            yield self._add(where, "duration", message, "for what went since yesterday, write `window: 24h`")
        if limits.per is not None:
            yield from self._grouped(("spec", "limits", "per"))

    def _keep(self) -> Findings:
        keep = self.spec.keep
        if keep is None:
            return
        yield from self._grouped(("spec", "keep", "per"))
        if not keep.serving:
            message = "`serving: 0` keeps no unit serving"
            yield self._add(("spec", "keep", "serving"), "keep-nothing", message, "write 1 or more, or remove `keep`")

    def _grouped(self, path: Path) -> Findings:
        """Yield that the platform has no tags, by which units would be grouped."""
        if self.plugin is not None and "tags" not in self.plugin.selectors:
            message = f"{self.plugin.title} has no tags, so `{path[1]}` cannot group units by one"
            yield self._add(path, "tags", message, f"remove `{path[-1] if path[1] == 'limits' else path[1]}`")

    def _limit(self, limit: Limit | str | None, path: Path) -> Findings:
        if isinstance(limit, Limit) and limit.percent is None and limit.number is None:
            yield self._add(path, "empty-limit", "a limit needs a percent, a number, or both", BOTH)

    def _rollout(self) -> Findings:
        if self.spec.rollout is None:
            return
        for position, wave in enumerate(self.spec.rollout.waves):
            if isinstance(wave, Wave) and wave.units is not None:
                yield from self._selector(wave.units, ("spec", "rollout", "waves", position, "units"))
        yield from self._limit(self.spec.rollout.max_moving, ("spec", "rollout", "max_moving"))
        yield from rollout(self.document, self.plugin)
