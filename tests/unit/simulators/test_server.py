"""A world behind a socket: what goes through unchanged, how connections break, how it starts and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from reconciler.simulators import server
from reconciler.simulators.exchange import Reply, Request
from reconciler.simulators.getapp import Shape as GetAppShape
from reconciler.simulators.getapp import serve as serve_getapp
from reconciler.simulators.losant import Served, Shape, serve
from reconciler.simulators.losant.access import READ_ONLY
from reconciler.simulators.server import Server


class Echo:
    """Answers with what it was asked; a path says what the reply is to be like."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.path == "/cut":
            return Reply(0, cut=True)
        if request.path == "/slow":
            return Reply(200, b"{}", delay=0.5)
        if request.path == "/drip":
            return Reply(200, b"[1,2]", pace=0.001)
        if request.path == "/endless":
            return Reply(200, b"[1", more=b",1" * 1000, times=10**9)
        return Reply(418, json.dumps([request.method, request.path]).encode(), {"x-kind": "teapot"})


@pytest.fixture
def echo() -> Iterator[tuple[Echo, httpx.Client]]:
    world = Echo()
    with Server(world) as served, httpx.Client(base_url=served.url) as client:
        yield world, client


def test_requests_and_replies_go_through_unchanged(echo: tuple[Echo, httpx.Client]) -> None:
    world, client = echo
    answer = client.post("/a%20b/c", params=[("q", "1"), ("q", "ü&")], content=b"\x00body", headers={"X-Token": "t"})
    assert (answer.status_code, answer.json(), answer.headers["x-kind"]) == (418, ["POST", "/a b/c"], "teapot")
    request = world.asked[0]
    assert (request.method, request.path, request.body) == ("POST", "/a b/c", b"\x00body")
    assert request.query == (("q", "1"), ("q", "ü&"))
    assert request.headers["x-token"] == "t"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_every_method_arrives(echo: tuple[Echo, httpx.Client], method: str) -> None:
    world, client = echo
    answer = client.request(method, "/x")
    assert answer.status_code == 418
    assert world.asked[0].method == method
    assert (answer.content == b"") == (method == "HEAD")


def test_a_cut_breaks_the_connection_without_a_byte(echo: tuple[Echo, httpx.Client]) -> None:
    _, client = echo
    client.get("/warm")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get("/cut")
    assert client.get("/again").status_code == 418


def test_a_delay_holds_one_reply_and_not_the_others(echo: tuple[Echo, httpx.Client]) -> None:
    world, client = echo
    answered: list[str] = []

    def slow() -> None:
        client.get("/slow")
        answered.append("slow")

    thread = threading.Thread(target=slow)
    thread.start()
    while not world.asked:
        thread.join(0.005)
    client.get("/fast")
    answered.append("fast")
    thread.join()
    assert answered == ["fast", "slow"]


def test_a_slow_body_comes_in_bytes_without_a_length(echo: tuple[Echo, httpx.Client]) -> None:
    _, client = echo
    with client.stream("GET", "/drip") as answer:
        assert "content-length" not in answer.headers
        assert [*answer.iter_raw()] == [b"[", b"1", b",", b"2", b"]"]
    assert client.head("/drip").content == b""


def test_an_endless_body_is_sent_no_further_than_somebody_reads(echo: tuple[Echo, httpx.Client]) -> None:
    _, client = echo
    with client.stream("GET", "/endless") as answer:
        assert next(answer.iter_raw()).startswith(b"[1")
    assert client.get("/again").status_code == 418


def test_the_control_surface_is_for_this_machine_only(echo: tuple[Echo, httpx.Client]) -> None:
    world, client = echo
    assert client.get("/simulator/state", headers={"Host": "evil.example"}).status_code == 403
    assert world.asked == []
    assert client.get("/simulator/state").status_code == 418


def test_a_server_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Server(Echo())
    monkeypatch.setattr(served._server, "run", lambda sockets: None)
    served._thread = threading.Thread(target=served._server.run, args=([],))
    with pytest.raises(RuntimeError, match=served.url):
        served.start()
    served._socket.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_announces_and_ends_at_a_signal(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = signal.getsignal(number)
    served = Server(Echo())
    threading.Timer(0.3, lambda: os.kill(os.getpid(), number)).start()
    server.run(served, {"url": served.url, "platform": "echo"})
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {"url": served.url, "platform": "echo"}
    assert signal.getsignal(number) is earlier


def test_a_slash_within_a_part_of_a_path_divides_nothing() -> None:
    """Projects of GetApp may be named anything, and catalogIds hold their names."""
    name = "עריכה tools/agent"
    with serve_getapp(GetAppShape(units=2, workloads=1)) as served, httpx.Client(base_url=served.url) as client:
        served.world.add_release(name, "1.0.0")
        token = client.post("/api/v1/login", json={"username": served.username, "password": served.password})
        headers = {"Authorization": f"Bearer {token.json()['accessToken']}"}
        told = client.get(f"/api/v1/catalog/releases/project/{quote(name, safe='')}/version/1.0.0", headers=headers)
        assert told.json()["projectName"] == name
        answer = client.get(f"/api/cdn/device/releases/{quote(told.json()['id'], safe='')}")
        assert (answer.status_code, answer.json()) == (200, [])


class TestLosant:
    @pytest.fixture
    def losant(self) -> Iterator[Served]:
        with serve(Shape(units=5, settle=0, offline=0, failing=0)) as served:
            yield served

    def test_it_is_reached_as_it_announces(self, losant: Served) -> None:
        told = losant.announcement()
        headers = {
            "Authorization": f"Bearer {told['token']}",
            "Accept-Version": "^1.30.0",
            "losantdomain": "losant.com",
        }
        answer = httpx.get(f"{told['url']}/applications/{told['application']}/devices", headers=headers)
        assert answer.json()["totalCount"] == 8
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert len(answer.headers.get_list("date")) == 1
        assert told["platform"] == "losant"

    def test_a_name_with_a_slash(self, losant: Served) -> None:
        losant.world.create_version("vision", "a/b c")
        flow = next(f.id for f in losant.world.app.flows if f.name == "vision")
        url = f"{losant.url}/applications/{losant.application}/flows/{flow}/versions/a%2Fb%20c"
        answer = httpx.get(url, headers={"Authorization": f"Bearer {READ_ONLY}"})
        assert answer.json()["version"] == "a/b c"


class TestCommand:
    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reconciler", "simulate", "losant", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_it_announces_itself_serves_and_ends_well(self, number: int) -> None:
        options = ["--units", "3", "--fault", "500=100%@devices.list", "--variant", "scope-status=401"]
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "reconciler", "simulate", "losant", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {told['token']}"}
        base = f"{told['url']}/applications/{told['application']}"
        assert httpx.get(f"{base}/devices", headers=headers).status_code == 500
        assert httpx.get(f"{base}/edge/deployments", headers=headers).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--fault", "lots=1"], "did you mean 'lost'"),
            (["--variant", "max-per-page=9"], "clamp, reject, unlimited"),
            (["--offline", "5"], "percentage"),
            (["--settle", "soon"], "duration"),
        ],
    )
    def test_mistakes_are_usage_errors(self, options: list[str], says: str) -> None:
        ran = self.run(*options)
        assert (ran.returncode, ran.stdout) == (64, "")
        assert says in ran.stderr

    def test_a_port_that_is_taken(self) -> None:
        with Server(Echo()) as served:
            ran = self.run("--port", str(served.port))
        assert ran.returncode != 0
        assert f"127.0.0.1:{served.port}" in ran.stderr
        assert "Traceback" not in ran.stderr
