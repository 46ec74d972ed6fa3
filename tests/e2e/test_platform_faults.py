"""What can go wrong with GetApp and Memfault: clear words, right exit codes, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.e2e.test_bad_input import _refused, _serving

Run = Callable[..., Ran]
NOWHERE = "http://127.0.0.1:9"

COMMANDS = {
    "push": "Push",
    "deliver": "DeliveryStart",
    "deploy": "DeployStart",
    "cancel": "DeliveryCancel",
    "delete": "DeliveryDelete",
}
ROUTES = {
    step: {
        "path": "/api/cdn/devices/action",
        "body": {"action": action, "catalogId": "{catalog_id}", "deviceIds": "{device_ids}"},
    }
    for step, action in COMMANDS.items()
}
SECRETS = {"GETAPP_USERNAME": "user-of-getapp", "GETAPP_PASSWORD": "word-of-getapp", "MEMFAULT_ORG_TOKEN": "oat_secret"}
LOGIN = {"username": {"env": "GETAPP_USERNAME"}, "password": {"env": "GETAPP_PASSWORD"}}
MEMFAULT = {"organization": "acme", "project": "watch", "token": {"env": "MEMFAULT_ORG_TOKEN"}}
CONNECTIONS: dict[str, Callable[[str], dict[str, Any]]] = {
    "getapp-cdn": lambda url: {"getapp": {"agent": url, "routes": ROUTES}},
    "getapp-agent": lambda url: {"getapp": {"agent": url, "topology": "agent"}},
    "memfault": lambda url: {"memfault": {**MEMFAULT, "url": url}},
}
ALL = pytest.mark.parametrize("kind", sorted(CONNECTIONS))


def written(folder: Path, connection: dict[str, Any], workload: str = "radio", version: str = "1.4.0") -> Path:
    """Write a manifest that wants one version everywhere."""
    head = {"apiVersion": "reconciler/v1", "metadata": {"name": "plant"}}
    fleet = {"connection": "plant", "units": {"all": True}, "workloads": {workload: {"version": version}}}
    documents = [{**head, "kind": "Connection", "spec": connection}, {**head, "kind": "Fleet", "spec": fleet}]
    folder.mkdir(exist_ok=True)
    (folder / "m.yaml").write_text("\n---\n".join(json.dumps(one) for one in documents))
    return folder


def secrets_of(simulator: Simulator) -> dict[str, str]:
    said = simulator.said
    return {
        "GETAPP_USERNAME": said.get("username", ""),
        "GETAPP_PASSWORD": said.get("password", ""),
        "MEMFAULT_ORG_TOKEN": said.get("token", ""),
    }


# --- what comes back is not what the API describes ------------------------------------------------------------------------


@ALL
@pytest.mark.usefixtures("impatient")
def test_nobody_answers(run: Run, tmp_path: Path, kind: str) -> None:
    written(tmp_path / "m", CONNECTIONS[kind](NOWHERE))
    _refused(run("plan", "m", **SECRETS), "127.0.0.1:9", "plant")


@ALL
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {"Content-Type": "text/html"}, b"<html><body>Captive portal</body></html>", "html"),
        (200, {"Content-Type": "application/json"}, b'[{"deviceId": "edge', "json"),
        (302, {"Location": "https://elsewhere.example/x"}, b"", "redirect"),
    ],
)
def test_something_else_answers(
    run: Run, tmp_path: Path, kind: str, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    with _serving(status, headers, body) as url:
        written(tmp_path / "m", CONNECTIONS[kind](url))
        ran = run("plan", "m", **SECRETS)
    _refused(ran, words)
    assert not any(secret in ran.out + ran.err for secret in SECRETS.values())


def test_a_secret_never_goes_in_plain_http_to_another_machine(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "m", CONNECTIONS["memfault"]("http://api.memfault.example"))
    _refused(run("plan", "m", **SECRETS), "plain http", "api.memfault.example")
    delivery = {"url": "http://getapp.example", "login": LOGIN}
    written(tmp_path / "m", {"getapp": {"agent": NOWHERE, "delivery": delivery}})
    _refused(run("plan", "m", **SECRETS), "plain http", "getapp.example")


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ({"memfault": {"organization": "acme", "project": "watch"}}, "exactly one of"),
        ({"memfault": {**MEMFAULT, "user": {"email": {"env": "A"}, "key": {"env": "B"}}}}, "exactly one of"),
        ({"memfault": {**MEMFAULT, "organization": "a/b"}}, "organization"),
        ({"getapp": {"agent": "not an address"}}, "web address"),
        ({"getapp": {"agent": NOWHERE, "topology": "mesh"}}, "cdn or agent"),
        ({"getapp": {"agent": NOWHERE, "routes": {"deliver": {"path": "x"}}}}, "starts with"),
        ({"getapp": {"agent": NOWHERE, "routes": {"install": {"path": "/x"}}}}, "unknown key"),
        ({"getapp": {"agent": NOWHERE}, "memfault": MEMFAULT}, "exactly one platform"),
        ({}, "exactly one platform"),
    ],
)
def test_connections_that_mean_nothing(run: Run, tmp_path: Path, connection: dict[str, Any], words: str) -> None:
    written(tmp_path / "m", connection)
    _refused(run("validate", "m"), words, "m.yaml:1")


def test_a_route_that_names_no_release_is_refused(run: Run, tmp_path: Path) -> None:
    written(tmp_path / "m", {"getapp": {"agent": NOWHERE, "routes": {"deliver": {"path": "/all"}}}})
    _refused(run("plan", "m"), "routes.deliver", "names no release")


# --- credentials --------------------------------------------------------------------------------------------------------


@pytest.fixture
def memfault() -> Iterator[Simulator]:
    with simulating("memfault", units=4, devices=40) as one:
        yield one


@pytest.fixture
def getapp() -> Iterator[Simulator]:
    with simulating("getapp", units=12) as one:
        yield one


def of_memfault(simulator: Simulator, folder: Path, workload: str = "radio-fw", version: str = "2.4.0") -> None:
    said = simulator.said
    connection = {**MEMFAULT, "url": said["url"], "organization": said["organization"], "project": said["project"]}
    written(folder, {"memfault": connection}, workload, version)


def of_getapp(simulator: Simulator, folder: Path, **fields: Any) -> None:
    delivery = {"url": simulator.url, "login": LOGIN}
    written(folder, {"getapp": {"agent": simulator.url, "routes": ROUTES, "delivery": delivery, **fields}})


def test_wrong_credentials(run: Run, tmp_path: Path, memfault: Simulator, getapp: Simulator) -> None:
    of_memfault(memfault, tmp_path / "m")
    _refused(run("plan", "m", **SECRETS), "401")
    of_getapp(getapp, tmp_path / "g")
    doctor = run("doctor", "g", **SECRETS)
    assert doctor.code != 0, doctor
    assert SECRETS["GETAPP_PASSWORD"] not in doctor.out + doctor.err
    applied = run("apply", "g", "--yes", **SECRETS)
    assert applied.code != 0, applied
    assert "401" in applied.out, applied
    assert SECRETS["GETAPP_PASSWORD"] not in applied.out + applied.err


def test_a_login_that_expires_in_mid_run_is_renewed(run: Run, tmp_path: Path, getapp: Simulator) -> None:
    of_getapp(getapp, tmp_path / "m")
    getapp.control("POST", "faults", expire={"rate": 1, "on": "server.prepared", "maximum": 2})
    applied = run("apply", "m", "--yes", "--deadline", "3m", **secrets_of(getapp))
    assert applied.code == 0, applied
    assert getapp.writes


def test_a_token_that_expires_in_mid_run_ends_it_truthfully(run: Run, tmp_path: Path, memfault: Simulator) -> None:
    of_memfault(memfault, tmp_path / "m")
    memfault.control("POST", "faults", expire={"rate": 1, "on": "writes", "maximum": 1})
    applied = run("apply", "m", "--yes", "-o", "json", **secrets_of(memfault))
    assert applied.code == 4, applied
    assert {one["result"] for one in applied.json["outcomes"]} <= {"failed", "not tried", "unknown"}
    assert "401" in applied.out
    assert memfault.said["token"] not in applied.out + applied.err
    memfault.control("POST", "faults", expire=0)
    assert run("apply", "m", "--yes", **secrets_of(memfault)).code == 0


# --- the world moves ------------------------------------------------------------------------------------------------------


def test_a_device_that_vanishes_between_plan_and_apply(run: Run, tmp_path: Path, getapp: Simulator) -> None:
    of_getapp(getapp, tmp_path / "m")
    assert run("plan", "m", "--out", "plan.json", **secrets_of(getapp)).code == 0
    going = [one["unit"] for one in json.loads((tmp_path / "plan.json").read_text())["fleets"][0]["changes"]]
    lost = next(unit for unit in going if unit["id"] != "edge-000001")
    getapp.control("POST", "delete_device", device=lost["id"])
    applied = run("apply", "m", "--plan", "plan.json", "-o", "json", **secrets_of(getapp))
    assert applied.code == 4, applied
    results = {one["unit"]["id"]: one["result"] for one in applied.json["outcomes"]}
    assert results.pop(lost["id"]) == "stale"
    assert set(results.values()) == {"done"}, applied


def test_a_cohort_that_is_deleted_between_plan_and_apply(run: Run, tmp_path: Path, memfault: Simulator) -> None:
    of_memfault(memfault, tmp_path / "m")
    assert run("plan", "m", "--out", "plan.json", **secrets_of(memfault)).code == 0
    going = [one["unit"]["id"] for one in json.loads((tmp_path / "plan.json").read_text())["fleets"][0]["changes"]]
    lost = next(unit for unit in going if unit != "default")
    memfault.control("POST", "delete_cohort", slug=lost)
    applied = run("apply", "m", "--plan", "plan.json", "-o", "json", **secrets_of(memfault))
    assert applied.code == 4, applied
    results = {one["unit"]["id"]: one["result"] for one in applied.json["outcomes"]}
    assert results.pop(lost) == "stale"
    assert set(results.values()) == {"done"}, applied


def test_an_agent_that_restarts_itself_in_mid_deploy(run: Run, tmp_path: Path) -> None:
    with simulating("getapp", units=2, settle=0.5) as agent:
        written(tmp_path / "m", {"getapp": {"agent": agent.url, "topology": "agent"}})
        process = started(tmp_path, "apply", "m", "--yes", "--deadline", "3m", out=tmp_path / "out")
        until(lambda: "agent.deploy" in _routes(agent), "a deploy")
        agent.control("POST", "restart_agent", device="edge-000001", seconds=2)
        _, err = process.communicate(timeout=LIMIT)
        assert process.returncode in {0, 4}, content(tmp_path / "out") + err
        assert "Traceback" not in err
        again = run("apply", "m", "--yes", "--deadline", "3m")
        assert again.code == 0, again
        rows = agent.control("GET", "state")["rows"]
        assert [row["runs"] for row in rows if (row["device"], row["project"]) == ("edge-000001", "radio")] == ["1.4.0"]


def _routes(simulator: Simulator) -> str:
    return " ".join(f"{write['route']} agent.{write['route'].partition('.')[0]}" for write in simulator.writes)
