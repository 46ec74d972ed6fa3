"""Words of other tools for what a manifest says, and examples of every key. Data for `habits`."""

from __future__ import annotations

from typing import Any

from reconciler.model.fleet import (
    Allowance,
    ChannelRef,
    ChannelSpec,
    Failure,
    FleetSpec,
    Keep,
    Limit,
    Limits,
    Override,
    Quarantine,
    Requirement,
    Rollout,
    Selector,
    Suspend,
    Wave,
    Window,
    WorkloadSpec,
)
from reconciler.model.kind import Metadata

SITE: dict[str, Any] = {"tags": {"site": "austin"}}
CANARY: dict[str, Any] = {"tags": {"ring": "canary"}}
NIGHTLY: dict[str, Any] = {"allow": "0 2 * * *", "duration": "3h", "timezone": "America/Chicago"}
UNTIL = "2026-12-01"

_CHOICE: dict[str, Any] = {
    "version": "v1.4.0",
    "channel": "stable",
    "absent": True,
    "unmanaged": True,
    "settings": {"rollout_percent": 25},
}

EXAMPLES: dict[type, dict[str, Any]] = {
    Metadata: {"name": "austin", "labels": {"team": "edge"}, "annotations": {"owner": "ada"}},
    ChannelSpec: {"versions": {"modbus-poller": "v1.4.0", "vision": "v2.0.1"}},
    FleetSpec: {
        "connection": "plant",
        "units": SITE,
        "workloads": {"modbus-poller": "v1.4.0", "vision": {"channel": "stable"}},
        "pins": {"gw-017": {"modbus-poller": "v1.3.2", "vision": {"absent": True}}},
        "prune": "listed",
        "allow_empty": True,
        "limits": {"remove": "10%", "minimum": 3},
        "keep": {"per": "pair", "serving": 1},
        "allow": [{"limit": "remove", "workload": "vision", "reason": "end of life", "until": UNTIL}],
        "quarantine": [{"workload": "vision", "version": "v2.0.2", "reason": "boot loop", "until": UNTIL}],
        "suspend": {"reason": "site audit", "until": UNTIL},
        "rollout": {"waves": [{"units": CANARY}, "10%", "100%"], "soak": "30m"},
        "windows": [NIGHTLY],
        "mode": "observe",
    },
    Selector: {
        "all": True,
        "ids": ["575ecf887ae143cd83dc4aa2"],
        "names": ["gw-0*"],
        "tags": {"site": "austin", "camera": "*"},
        "cohorts": ["beta"],
        "not": {"tags": {"lab": "*"}},
        "any": [{"tags": {"site": "austin"}}, {"names": ["gw-0*"]}],
    },
    ChannelRef: {"channel": "stable"},
    WorkloadSpec: {
        **_CHOICE,
        "id": "575ed70c7ae143cd83dc4aa9",
        "units": {"tags": {"camera": "*"}},
        "overrides": [{"units": CANARY, "version": "v1.5.0"}],
        "order": "semver",
        "requires": {"modbus-poller": ">=1.4"},
    },
    Override: {**_CHOICE, "units": CANARY},
    Requirement: {"version": ">=1.4", "connection": "plant", "tag": "serial"},
    Limit: {"percent": "10%", "number": 25},
    Limits: {
        "remove": "10%",
        "replace": "20%",
        "release": {"percent": "20%", "number": 50},
        "minimum": 3,
        "window": "24h",
        "per": "site",
    },
    Keep: {"per": "pair", "serving": 1},
    Allowance: {"limit": "remove", "workload": "vision", "reason": "end of life", "until": UNTIL},
    Quarantine: {"workload": "vision", "version": "v2.0.2", "reason": "boot loop on rev B", "until": UNTIL},
    Suspend: {"reason": "site audit", "until": UNTIL},
    Wave: {"units": CANARY, "percent": "10%", "share": "10%"},
    Failure: {"percent": "10%", "minimum": 5},
    Rollout: {
        "waves": [{"units": CANARY}, "10%", "100%"],
        "max_moving": "5%",
        "success": "95%",
        "failure": {"percent": "10%", "minimum": 5},
        "soak": "30m",
        "deadline": "2h",
        "on_failure": "halt",
    },
    Window: {**NIGHTLY, "deny": "0 0 24-26 12 *"},
}
"""A value of every key of every kind, as its reader would write it."""

FILLS: dict[type, dict[str, Any]] = {
    Quarantine: {"workload": "NAME", "reason": "TEXT"},
    Suspend: {"reason": "TEXT"},
    Window: {"duration": "3h"},
}
"""What stands for a required value that nobody gave: words that a person must replace, or a usual one."""

_VERSION = dict.fromkeys(("tag", "release", "revision", "rev", "ref", "target", "targetrevision"), "version")
_UNITS = dict.fromkeys(
    ("selector", "selectors", "target", "targets", "devices", "gateways", "nodes", "hosts", "scope", "match", "where"),
    "units",
)
_REASON = {
    **dict.fromkeys(("why", "because", "comment", "description"), "reason"),
    **dict.fromkeys(("expires", "to", "end"), "until"),
}
_CHOICE_WORDS = {
    **_VERSION,
    **_UNITS,
    **dict.fromkeys(("remove", "removed", "delete", "deleted", "uninstall"), "absent"),
    **dict.fromkeys(("ignore", "ignored", "skip"), "unmanaged"),
}
_PARTS: dict[str, tuple[str, ...]] = {
    **{name: ("units", name) for name in ("tags", "names", "ids", "cohorts", "all", "not", "any")},
    "labels": ("units", "tags"),
    "matchlabels": ("units", "tags"),
    "cohort": ("units", "cohorts"),
    "device": ("units", "names"),
    "unit": ("units", "names"),
}
_CHOICE_PARTS = {**_PARTS, **dict.fromkeys(("rolloutpercent", "percent"), ("settings", "rollout_percent"))}

ALIENS: dict[type, dict[str, str]] = {
    Metadata: {"title": "name", "id": "name"},
    ChannelSpec: dict.fromkeys(("workloads", "releases", "apps"), "versions"),
    FleetSpec: {
        **_UNITS,
        **dict.fromkeys(
            ("apps", "applications", "software", "flows", "workflows", "projects", "packages"), "workloads"
        ),
        **dict.fromkeys(("paused", "pause", "suspended", "hold", "freeze", "frozen", "disabled"), "suspend"),
        **dict.fromkeys(("blocklist", "block", "blocked", "denylist", "blacklist"), "quarantine"),
        **dict.fromkeys(("maintenance", "schedule", "maintenancewindows", "syncwindows"), "windows"),
        **dict.fromkeys(("strategy", "updatestrategy", "rolloutstrategy"), "rollout"),
        **dict.fromkeys(("exceptions", "pinned"), "pins"),
        **dict.fromkeys(("autoprune", "delete", "cleanup"), "prune"),
        **dict.fromkeys(("budget", "maxchanges"), "limits"),
        **dict.fromkeys(("poddisruptionbudget", "disruptionbudget", "pdb", "antiaffinity"), "keep"),
        **dict.fromkeys(("platform", "application", "server"), "connection"),
    },
    Selector: {
        **dict.fromkeys(("labels", "matchlabels", "tag", "label"), "tags"),
        **dict.fromkeys(("device", "unit", "devices", "units", "hosts", "hostname", "glob"), "names"),
        **dict.fromkeys(("exclude", "except", "without"), "not"),
        **dict.fromkeys(("or", "oneof", "anyof"), "any"),
        **dict.fromkeys(("everything", "every"), "all"),
    },
    WorkloadSpec: {
        **_CHOICE_WORDS,
        **dict.fromkeys(("dependson", "needs", "depends", "dependencies", "requirements"), "requires"),
        **dict.fromkeys(("exceptions", "variants"), "overrides"),
    },
    Override: _CHOICE_WORDS,
    Limits: {
        **dict.fromkeys(("max", "maximum", "total", "percent", "number", "delete", "deletions", "removals"), "remove"),
        **dict.fromkeys(("update", "updates", "change", "changes", "upgrade"), "replace"),
        **dict.fromkeys(("install", "add", "create"), "release"),
        "min": "minimum",
        **dict.fromkeys(("period", "since", "within", "timewindow"), "window"),
        **dict.fromkeys(("by", "groupby", "foreach"), "per"),
    },
    Keep: {
        **dict.fromkeys(("by", "tag", "group", "groupby"), "per"),
        **dict.fromkeys(("minavailable", "healthy", "available", "min", "minimum", "number", "count"), "serving"),
    },
    Limit: {"max": "number", "count": "number"},
    Quarantine: {
        **_VERSION,
        **dict.fromkeys(("name", "app", "application", "software", "flow"), "workload"),
        **_REASON,
    },
    Suspend: _REASON,
    Allowance: _REASON,
    Wave: {**_UNITS, **dict.fromkeys(("percentage", "weight", "setweight"), "percent")},
    Failure: {**dict.fromkeys(("percentage", "rate", "max"), "percent"), "min": "minimum"},
    Rollout: {
        **dict.fromkeys(("steps", "stages", "phases", "rings", "canary"), "waves"),
        **dict.fromkeys(
            ("maxunavailable", "parallel", "parallelism", "batch", "batchsize", "maxinflight"), "max_moving"
        ),
        **dict.fromkeys(("pause", "wait", "bake", "baketime"), "soak"),
        **dict.fromkeys(("timeout", "progressdeadlineseconds"), "deadline"),
    },
    Window: {
        **dict.fromkeys(("cron", "schedule", "start", "from", "at"), "allow"),
        **dict.fromkeys(("tz", "zone"), "timezone"),
        **dict.fromkeys(("length", "for"), "duration"),
        "block": "deny",
    },
}
"""Keys that mean one of ours, without capitals and dashes."""

HOMES: dict[type, dict[str, tuple[str, ...]]] = {
    FleetSpec: {**_PARTS, "waves": ("rollout", "waves"), "window": ("windows",), "canary": ("rollout", "waves")},
    WorkloadSpec: _CHOICE_PARTS,
    Override: _CHOICE_PARTS,
    Wave: _PARTS,
}
"""Where keys belong that stand one level too high."""

ELSEWHERE: dict[str, str] = {
    "replicas": "remove it: each unit that `units` selects has the workload once",
    "image": "write the version alone: `version: v1.4.0`; the workload's name is the key above it",
    "template": "there is no template: `workloads: {modbus-poller: v1.4.0}` says which version units have",
    "namespace": "remove it; to group fleets, write `labels: {team: edge}` in `metadata`",
    "matchexpressions": 'a tag may have several values or a glob: write `tags: {site: [austin, dallas], camera: "*"}`',
    "maxsurge": "remove it: a unit has one version at a time; `max_moving: 5%` bounds how many change at once",
    **dict.fromkeys(
        ("state", "ensure", "enabled"),
        "write `absent: true` to remove the workload, `unmanaged: true` to leave it alone",
    ),
    "present": "write `version: v1.4.0`; `absent: true` removes the workload",
    **dict.fromkeys(
        ("syncpolicy", "automated"),
        "write `mode: apply` to let `watch --mode apply` correct drift, `mode: observe` to only report it",
    ),
}
"""Keys for which there is nothing here, and what to do instead."""

_NONE = "write `prune: none`, or remove the key: nothing is pruned unless it says so"
_PRUNE = (
    "write `prune: listed` to remove listed workloads from units of the scope that their `units` leave out, or `prune: all` "
    "to also remove those that the fleet does not list"
)
_APPLY = "write `mode: apply`: `watch --mode apply` then corrects drift"
_OBSERVE = "write `mode: observe`: watch then only reports drift"
_RESUME = "remove `suspend`: a fleet without it is not suspended"

WORDS: dict[type, dict[tuple[str, str], str]] = {
    FleetSpec: {
        **{("prune", word): _PRUNE for word in ("true", "yes", "on", "auto", "enabled")},
        **{("prune", word): _NONE for word in ("false", "no", "off", "never", "disabled")},
        **{
            ("mode", word): _APPLY
            for word in ("auto", "automatic", "automated", "enforce", "sync", "true", "on", "enabled")
        },
        **{
            ("mode", word): _OBSERVE
            for word in ("manual", "dry-run", "dryrun", "report", "monitor", "audit", "off", "false", "none", "plan")
        },
        **{("suspend", word): _RESUME for word in ("false", "no", "off")},
    },
    Rollout: {
        **{("on_failure", word): "write `on_failure: halt`" for word in ("stop", "pause", "abort")},
        **{("on_failure", word): "write `on_failure: rollback`" for word in ("revert", "undo")},
    },
}
"""What single words of a key mean, by key and word."""
