"""Bad input from the world: a clear message, the right exit code, nothing sent, never a traceback or a token."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from msgspec import structs

from reconciler.core.digest import checksum
from reconciler.views import plan_json
from tests.e2e.conftest import FLEET, Ran, Simulator, simulating

TOKEN = "very-secret-token-0123456789"


Run = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("impatient")


def _connection(folder: Path, **spec: object) -> Path:
    whole = {"application": "575ec8687ae143cd83dc4a97", "token": {"env": "LOSANT_API_TOKEN"}, **spec}
    head = {
        "apiVersion": "reconciler/v1",
        "kind": "Connection",
        "metadata": {"name": "plant"},
        "spec": {"losant": whole},
    }
    folder.mkdir(exist_ok=True)
    (folder / "connections.yaml").write_text(json.dumps(head))
    (folder / "fleet.yaml").write_text(FLEET)
    return folder


def _refused(ran: Ran, *words: str, code: int = 1) -> None:
    """Assert a clean refusal that names these words."""
    assert ran.code == code, ran
    assert "Traceback" not in ran.err, ran
    assert TOKEN not in ran.out + ran.err, "the token was shown"
    for word in words:
        assert word.lower() in (ran.out + ran.err).lower(), f"{word!r} is missing in {ran}"


@contextmanager
def _serving(status: int, headers: dict[str, str], body: bytes, length: int | None = None) -> Iterator[str]:
    """Serve one fixed answer on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_missing_environment_variable(run: Run, tmp_path: Path) -> None:
    _connection(tmp_path / "m", url="http://127.0.0.1:9")
    _refused(run("plan", "m"), "connection plant", "LOSANT_API_TOKEN", "not set", "export LOSANT_API_TOKEN")


def test_unreachable_host(run: Run, tmp_path: Path) -> None:
    _connection(tmp_path / "m", url="http://127.0.0.1:9")
    _refused(run("plan", "m", token=TOKEN), "127.0.0.1:9", "plant")


def test_plain_http_to_a_foreign_host(run: Run, tmp_path: Path) -> None:
    _connection(tmp_path / "m", url="http://api.losant.example")
    _refused(run("plan", "m", token=TOKEN), "http", "api.losant.example")


def test_redirect_to_another_host(run: Run, tmp_path: Path) -> None:
    with _serving(302, {"Location": "https://elsewhere.example/x"}, b"") as url:
        _connection(tmp_path / "m", url=url)
        _refused(run("plan", "m", token=TOKEN), "redirect", "elsewhere.example")


def test_tls_failure(run: Run, tmp_path: Path) -> None:
    with _serving(200, {}, b"{}") as url:
        _connection(tmp_path / "m", url=url.replace("http://", "https://"))
        _refused(run("plan", "m", token=TOKEN), "tls")


def test_html_instead_of_json(run: Run, tmp_path: Path) -> None:
    with _serving(200, {"Content-Type": "text/html"}, b"<html><body>Captive portal</body></html>") as url:
        _connection(tmp_path / "m", url=url)
        _refused(run("plan", "m", token=TOKEN), "html")


@pytest.mark.parametrize("length", [None, 500])
def test_truncated_json(run: Run, tmp_path: Path, length: int | None) -> None:
    with _serving(200, {"Content-Type": "application/json"}, b'{"items": [{"id": "65a0', length) as url:
        _connection(tmp_path / "m", url=url)
        _refused(run("plan", "m", token=TOKEN), "plant")


def test_wrong_token(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET)
    _refused(run("plan", "m", token=TOKEN), "401")


def test_wrong_application(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET, application="575ec8687ae143cd83dc4aff")
    _refused(run("plan", "m", token=plant.token), "404", "application")


def test_unknown_fleet_filter(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET)
    _refused(run("plan", "m", "--fleet", "austn", token=plant.token), "austn", "all")


def test_two_fleets_on_one_slot(run: Run, tmp_path: Path, plant: Simulator) -> None:
    other = FLEET.replace("name: all", "name: other").replace("{all: true}", '{names: ["gw-*"]}')
    plant.manifest(tmp_path / "m", f"{FLEET}---{other}")
    _held(run, plant, "fleet.yaml:9", "both claim")


def _held(run: Run, plant: Simulator, *words: str) -> None:
    """Assert that every command tells a mistake which only the inventory shows, and that nothing is sent for it."""
    before = plant.control("GET", "state")
    for command, code in (
        (["plan"], 0),
        (["apply", "--yes"], 4),
        (["status"], 0),
        (["watch", "--once"], 0),
        (["watch", "--once", "--mode", "apply"], 4),
    ):
        ran = run(command[0], "m", *command[1:], token=plant.token)
        assert "Traceback" not in ran.err, ran
        said = re.sub(r"\s+", " ", ran.out + ran.err)
        assert ran.code == code, ran
        for word in words:
            assert word in said, f"{word!r} is missing in {ran}"
    assert plant.control("GET", "state")["rows"] == before["rows"]


def test_scope_that_matches_nothing(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET.replace("{all: true}", "{tags: {site: nowhere}}"))
    planned = run("plan", "m", "--detailed-exitcode", token=plant.token)
    _refused(planned, "matches no unit", code=3)
    _refused(run("apply", "m", "--yes", token=plant.token), "matches no unit", code=3)


def test_pin_outside_the_scope(run: Run, tmp_path: Path, plant: Simulator) -> None:
    unit = plant.control("GET", "state")["rows"][0]["deviceId"]
    fleet = (
        FLEET.replace("{all: true}", "{tags: {site: nowhere}}")
        + f"  allow_empty: true\n  pins:\n    {unit}: {{telemetry: v1.0.0}}\n"
    )
    plant.manifest(tmp_path / "m", fleet)
    _held(run, plant, "outside", "fleet.yaml:12")


def test_apply_without_anybody_to_ask(run: Run, tmp_path: Path, plant: Simulator) -> None:
    plant.manifest(tmp_path / "m", FLEET)
    _refused(run("apply", "m", token=plant.token), "--yes", code=64)


def test_wrong_usage(run: Run) -> None:
    _refused(run("pln"), "plan", code=64)
    _refused(run("plan", "--no-such-option"), "no such option", code=64)
    _refused(run("apply", "--yes", "--allow", "remove"), "--reason", code=64)
    _refused(run("apply", "--yes", "--allow", "remove", "--reason", " "), "--reason", code=64)
    _refused(run("watch", "--mode", "apply", "--allow", "window"), "--reason", code=64)
    _refused(run("watch", "--mode", "apply", "--allow", "remove", "--reason", "x"), "remove", code=64)
    _refused(run("apply", "--yes", "--deadline", "soon"), "duration", code=64)


class TestSavedPlans:
    """A plan file that is not what it should be is refused before anything is sent."""

    @pytest.fixture
    def saved(self, run: Run, tmp_path: Path, plant: Simulator) -> Path:
        plant.manifest(tmp_path / "m", FLEET.replace("v1.4.0", "v1.1.0"))
        assert run("plan", "m", "--out", "plan.json", token=plant.token).code == 0
        return tmp_path / "plan.json"

    def _apply(self, run: Run, plant: Simulator) -> Ran:
        before = plant.writes
        ran = run("apply", "m", "--plan", "plan.json", token=plant.token)
        assert plant.writes == before, "something was sent"
        return ran

    def test_edited(self, run: Run, plant: Simulator, saved: Path) -> None:
        saved.write_text(saved.read_text().replace("v1.1.0", "v1.2.0"))
        _refused(self._apply(run, plant), "edited")

    def test_expired(self, run: Run, plant: Simulator, saved: Path) -> None:
        old = plan_json.decode(saved.read_bytes())
        old = structs.replace(old, times=structs.replace(old.times, expires="2020-01-01T00:00:00Z"))
        saved.write_bytes(plan_json.encode(structs.replace(old, checksum=checksum(old))))
        _refused(self._apply(run, plant), "expired")

    @pytest.mark.parametrize("expires", ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"])
    def test_with_another_end(self, run: Run, plant: Simulator, saved: Path, expires: str) -> None:
        content = json.loads(saved.read_text())
        content["times"]["expires"] = expires
        saved.write_text(json.dumps(content))
        _refused(self._apply(run, plant), "edited")

    def test_of_another_format(self, run: Run, plant: Simulator, saved: Path) -> None:
        saved.write_text(saved.read_text().replace("plan.v1", "plan.v9"))
        _refused(self._apply(run, plant), "plan.v9")

    def test_cut_off(self, run: Run, plant: Simulator, saved: Path) -> None:
        saved.write_text(saved.read_text()[:100])
        _refused(self._apply(run, plant), "plan.json")

    def test_of_another_application(self, run: Run, tmp_path: Path, plant: Simulator, saved: Path) -> None:
        with simulating(units=10, seed=7) as other:
            other.manifest(tmp_path / "m", FLEET)
            ran = run("apply", "m", "--plan", "plan.json", token=other.token)
            _refused(ran, "was made for")
            assert other.writes == []

    def test_of_another_shape(self, run: Run, plant: Simulator, saved: Path) -> None:
        content = json.loads(saved.read_text())
        content["fleets"][0]["summary"]["units"] = "many"
        saved.write_text(json.dumps(content))
        _refused(self._apply(run, plant), "plan.json", "fleets[0].summary.units", "'many'")

    def test_missing(self, run: Run, plant: Simulator) -> None:
        _refused(run("apply", "--plan", "nowhere.json"), "nowhere.json")


def test_manifests_without_a_fleet_are_no_success_of_any_command_about_fleets(run: Run, tmp_path: Path) -> None:
    (_connection(tmp_path / "fleet") / "fleet.yaml").unlink()
    for words in (["validate"], ["plan"], ["status"], ["apply", "--yes"], ["watch", "--once"], ["explain", "gw-1"]):
        _refused(run(*words, "fleet", token=TOKEN), "no Fleet")
    found = run("validate", "fleet", "-o", "json")
    assert (found.code, found.json["valid"], [one["code"] for one in found.json["findings"]]) == (
        1,
        False,
        ["no-fleet"],
    )
