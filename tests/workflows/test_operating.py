"""The recipes for operating a watch: every metric, option, page and key that they name is there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.watch import command
from reconciler.manifest.notifying import load
from reconciler.notify import template
from reconciler.web.metrics import Metrics
from reconciler.web.standing import Standing
from tests.house.tree import ROOT
from tests.workflows.test_recipes import _unit

EXAMPLES = ROOT / "examples"
LABELS = {"le", "job", "instance"}
"""Labels that Prometheus itself gives."""


def series() -> dict[str, set[str]]:
    """Return the name of every series there can be, and its labels."""
    found: dict[str, set[str]] = {}
    for family in Metrics(Standing(0.0)).describe():
        labels = set(getattr(family, "_labelnames", ()))
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        found |= {f"{family.name}{ending}": labels for ending in endings}
    return found


def expressions(name: str) -> list[str]:
    """Return the expressions of an example."""
    if name == "grafana":
        board = json.loads((EXAMPLES / "grafana/dashboard.json").read_text())
        variables = [one.get("definition", "") for one in board["templating"]["list"]]
        return [*variables, *(target["expr"] for panel in board["panels"] for target in panel["targets"])]
    groups = yaml.safe_load((EXAMPLES / "prometheus/alerts.yaml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("name", ["grafana", "prometheus"])
def test_every_metric_and_label_that_is_named_is_there(name: str) -> None:
    known = series()
    used = set()
    for expression in filter(None, expressions(name)):
        names = re.findall(r"\breconciler_\w+", expression)
        used.update(names)
        assert set(names) <= known.keys(), expression
        assert names or expression.startswith("up{"), expression
        labels = set().union(LABELS, *(known[one] for one in names))
        asked = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression)
        grouped = [one.strip() for some in re.findall(r"\bby \(([^)]*)\)", expression) for one in some.split(",")]
        assert {*asked, *grouped} <= labels, expression
        for opening, closing in ("()", "[]", "{}"):
            assert expression.count(opening) == expression.count(closing), expression
    if name == "grafana":
        unseen = {one.removesuffix("_count").removesuffix("_sum") for one in known} - used
        assert unseen <= {
            "reconciler_pass_duration_seconds",
            "reconciler_build_info",
            "reconciler_start_timestamp_seconds",
            "reconciler_next_pass_timestamp_seconds",
        }


def test_the_dashboard_can_be_imported() -> None:
    board = json.loads((EXAMPLES / "grafana/dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert len({panel["title"] for panel in board["panels"]}) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert {target["refId"] for target in panel["targets"]} == {chr(65 + n) for n in range(len(panel["targets"]))}


def test_alerts_have_what_prometheus_asks_for() -> None:
    groups = yaml.safe_load((EXAMPLES / "prometheus/alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"].endswith(".")
        known = series()
        labels = set().union(
            {"job", "instance"}, *(known[one] for one in re.findall(r"\breconciler_\w+", rule["expr"]))
        )
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels, rule["alert"]


def test_the_targets_can_be_read() -> None:
    targets = load(EXAMPLES / "notify/notify.yaml").targets
    assert len(targets) == 3
    assert not [why for one in targets for text in (one.title, one.body) if (why := template.wrong(text))]


def listening(args: list[str]) -> tuple[str, int]:
    """Return where a recipe's `watch` listens, as the command itself reads it."""
    assert args[0] == "watch"
    found = command.make_context("watch", args[1:]).params["listen"]
    return found.host, found.port


def test_systemd_starts_a_watch_that_may_do_little_else() -> None:
    service = _unit("reconciler-watch.service")["Service"]
    assert (service["Type"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("exec", "yes", "strict")
    assert listening(shlex.split(service["ExecStart"])[1:]) == ("127.0.0.1", 9464)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_understands_the_watch(tmp_path: Path) -> None:
    text = (EXAMPLES / "systemd/reconciler-watch.service").read_text()
    (tmp_path / "reconciler-watch.service").write_text(text.replace("/opt/reconciler/bin/reconciler", "/bin/true"))
    for check in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=25", "--no-pager"]):
        ran = subprocess.run(
            ["systemd-analyze", *check, str(tmp_path / "reconciler-watch.service")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, "reconciler-watch.service:" in ran.stderr) == (0, False), ran.stdout + ran.stderr


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["initContainers"], *pod["containers"]]


def test_kubernetes_runs_one_watch_and_asks_it_how_it_is() -> None:
    deployment = yaml.safe_load((EXAMPLES / "kubernetes/deployment.yaml").read_text())
    spec = deployment["spec"]
    assert (deployment["kind"], spec["replicas"], spec["strategy"]) == ("Deployment", 1, {"type": "Recreate"})
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    pod = spec["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert all(one["securityContext"]["readOnlyRootFilesystem"] is True for one in _containers(pod))
    watch = pod["containers"][0]
    host, port = listening(watch["args"])
    assert (host, [port]) == ("0.0.0.0", [one["containerPort"] for one in watch["ports"]])
    assert spec["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    probes = {name: watch[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert all("secretKeyRef" in one["valueFrom"] for one in watch["env"])
    volumes = {one["name"] for one in pod["volumes"]}
    assert all(mount["name"] in volumes for one in _containers(pod) for mount in one["volumeMounts"])
