"""Pages over real HTTP: what they show, who gets them, what a browser may do with them, and what forms need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.model.event import Acted, Drifted, Note, Proposed, Ruled
from reconciler.model.observation import Phase, State
from reconciler.model.unit import Ref
from reconciler.web.access import GUESSES, SPAN, Rules
from reconciler.web.guarding import LONGEST_BODY
from tests.unit.engine.memory import NOW, request
from tests.unit.web.served import OPERATOR, TOKENS, VIEWER, WAVES, World, bearer, enter, proof_of, serving

PAGES = ("/", "/fleets/fleet", "/unit?id=u0", "/history")
OPEN = Rules()


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    found.turn()
    return found


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with serving(world) as one:
        yield one


@pytest.fixture
def ann(client: httpx.Client) -> httpx.Client:
    """An operator who has signed in."""
    assert enter(client).status_code == 303
    return client


# --- what they show -------------------------------------------------------------------------------------------------------


def test_pages_show_what_there_is(ann: httpx.Client) -> None:
    overview = ann.get("/").text
    assert 'href="/fleets/fleet"' in overview
    assert "wave not open 3" in overview
    fleet = ann.get("/fleets/fleet").text
    for words in ("Rollout of poller 2", "of wave 1 has yet to be sent the version", 'data-map="/api/v1/fleets/fleet/map"', "4 of 4 units", "Open plan", "u3"):  # fmt: skip
        assert words in fleet
    assert "1 of 4 units" in ann.get("/fleets/fleet?find=u2").text
    assert "overruled" not in ann.get("/unit?id=u0").text
    assert re.search(r"desired +2", ann.get("/unit?id=u0").text)
    assert "out of sync" in ann.get("/history?fleet=fleet").text


def test_what_is_not_there_is_said_on_a_page(ann: httpx.Client) -> None:
    for path, status in (("/fleets/other", 404), ("/unit?id=nobody", 404), ("/unit", 400), ("/fleets/fleet?offset=-1", 400), ("/history?limit=0", 400)):  # fmt: skip
        answer = ann.get(path)
        assert (answer.status_code, "<h1>" in answer.text) == (status, True), path
    assert "neither a date" in ann.get("/history?since=yesterday").text
    assert ann.get("/nothing").status_code == 404


def test_a_unit_that_is_gone_still_has_its_timeline(ann: httpx.Client, world: World) -> None:
    gone = Ref("u9", "gw-9")
    world.record(Drifted(at=NOW, run="r", fleet="fleet", unit=gone, workload=Ref("w1", "poller"), was="1", now="0", desired="1"))  # fmt: skip
    page = ann.get("/unit?id=u9").text
    assert "only what was recorded is shown" in page
    assert "poller" in page


def test_what_happened_alike_is_one_line(ann: httpx.Client, world: World) -> None:
    for number in range(40):
        unit = Ref(f"u{number}", f"gw-{number}")
        world.record(Drifted(at=NOW, run="r", fleet="fleet", unit=unit, workload=Ref("w1", "poller"), was="1", now="0", desired="1"))  # fmt: skip
    text = ann.get("/history").text
    assert (text.count("gw-39"), text.count("40 units")) == (2, 1), "in words, and as a link"


HARM = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x1b[31m{{7*7}}"


def test_nothing_that_somebody_else_wrote_becomes_part_of_a_page(tmp_path: Path) -> None:
    world = World(tmp_path, asked=request(f"2{HARM}", rollout=WAVES))
    world.memory.names = {"u1": HARM}
    world.memory.labels = {"u1": ((HARM, HARM),)}
    world.memory.slots["u1", "w1"] = State(HARM, HARM, Phase.FAILED, error=HARM)
    world.turn()
    world.record(Note(at=NOW, run=HARM, level="error", message=HARM, fleet="fleet"))
    world.book.branch = HARM
    with serving(world) as client:
        enter(client, name=HARM)
        found = [client.get(path).text for path in (*PAGES, "/unit?id=u1", "/account")]
        found += [client.get("/history", params={"text": HARM, "fleet": HARM}).text]
        found += [
            client.get("/fleets/fleet", params={"find": HARM}).text,
            client.get("/unit", params={"id": HARM}).text,
        ]
        form = {"csrf": proof_of(client.get("/fleets/fleet")), "reason": HARM}
        found.append(client.post("/fleets/fleet/suspension", data=form).text)
        found.append(client.get("/login", params={"next": f"/{HARM}"}).text)
    for text in found:
        assert "<script>alert" not in text
        assert "<img" not in text
        shown = re.sub(r' value="[^"]*"', "", text)  # a form sends back what it was given
        assert "\u202e" not in shown
        assert "\x1b" not in shown
    assert sum("&lt;script&gt;" in text for text in found) >= 6, "it is shown, as text"


# --- who gets them --------------------------------------------------------------------------------------------------------


def test_who_is_not_known_is_led_to_the_form_and_back(client: httpx.Client) -> None:
    for path in PAGES:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"].startswith("/login?next=")) == (303, True), path
    form = {"csrf": proof_of(client.get("/login?next=/history")), "token": VIEWER, "next": "/history"}
    assert client.post("/login", data=form).headers["location"] == "/history"
    assert client.get("/history").status_code == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\n/b", ""])  # fmt: skip
def test_nobody_is_led_elsewhere(client: httpx.Client, target: str) -> None:
    form = {"csrf": proof_of(client.get("/login")), "token": VIEWER, "next": target}
    assert client.post("/login", data=form).headers["location"] == "/"


def test_a_wrong_token_gets_nothing_and_guessing_is_slow(client: httpx.Client, world: World) -> None:
    form = {"csrf": proof_of(client.get("/login")), "token": "wrong-token-0123456", "next": "/"}
    for _ in range(GUESSES):
        answer = client.post("/login", data=form | {"csrf": proof_of(client.get("/login"))})
        assert (answer.status_code, "not one of this page" in answer.text) == (401, True)
        assert "wrong-token" not in answer.text
    form = {"csrf": proof_of(client.get("/login")), "token": OPERATOR, "next": "/"}
    answer = client.post("/login", data=form)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, str(int(SPAN)))
    assert client.get("/api/v1/overview", headers=bearer(OPERATOR)).status_code == 429
    assert client.get("/").status_code == 303
    world.clock.time += SPAN
    assert enter(client).status_code == 303


def test_a_cookie_is_for_this_page_alone(client: httpx.Client, world: World) -> None:
    answer = enter(client)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if f"reconciler-{world.port}=" in one)
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert OPERATOR not in str(answer.headers)


def test_beyond_this_machine_cookies_go_over_tls_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world, secure=True) as client:
        page = client.get("/login")
        (cookie,) = page.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-reconciler-")
        assert "Secure" in cookie.split("; ")


def test_leaving_ends_the_session(ann: httpx.Client) -> None:
    session = dict(ann.cookies)
    assert ann.post("/logout", data={"csrf": ""}).status_code == 403
    assert ann.post("/logout", data={"csrf": proof_of(ann.get("/account"))}).status_code == 303
    ann.cookies.update(session)
    assert ann.get("/").status_code == 303


def test_without_tokens_all_on_this_machine_look_and_nobody_acts(tmp_path: Path) -> None:
    world = World(tmp_path, OPEN)
    world.turn()
    with serving(world) as client:
        for path in PAGES:
            page = client.get(path)
            assert (page.status_code, '<form method="post"' in page.text) == (200, False), path
        assert client.post("/passes", data={"reason": "x"}).status_code == 403
        assert client.get("/login").status_code == 404
    assert world.heard == []


def test_without_tokens_nobody_beyond_this_machine_looks(tmp_path: Path) -> None:
    world = World(tmp_path, Rules(loopback=False))
    with serving(world, secure=True) as client:
        for path in (*PAGES, "/api/v1/overview", "/api/v1/stream", "/login"):
            answer = client.get(path)
            assert (answer.status_code, "--token-viewer" in answer.text) == (403, True), path
        assert client.get("/healthz", headers={"host": "watch:8484"}).text == "ok\n"


def test_a_proxy_says_who_it_is(tmp_path: Path) -> None:
    rules = Rules(loopback=False, proxies=(ip_network("127.0.0.1/32"),), operators=frozenset({"ann"}))
    world = World(tmp_path, rules)
    world.turn()
    with serving(world, names=frozenset({"fleet.example.com"})) as client:
        assert client.get("/").status_code == 403
        assert client.get("/", headers={"x-forwarded-user": "bob"}).status_code == 200
        ann = {"x-forwarded-user": "ann", "host": "fleet.example.com", "origin": "https://fleet.example.com"}
        form = {"csrf": proof_of(client.get("/", headers=ann)), "reason": "now"}
        assert client.post("/passes", data=form, headers=ann | {"x-forwarded-user": "bob"}).status_code == 403
        assert client.post("/passes", data=form, headers=ann).status_code == 200
        assert client.post("/passes", data={"reason": "x"}, headers=ann).status_code == 403, (
            "a browser adds the name by itself"
        )
    (event,) = world.heard
    assert isinstance(event, Acted)
    assert event.by == "ann"


# --- what forms need ------------------------------------------------------------------------------------------------------


def test_a_form_does_what_its_operation_does(ann: httpx.Client, world: World) -> None:
    page = ann.get("/fleets/fleet")
    form = {"csrf": proof_of(page), "reason": "calls", "workload": "w1", "version": "2", "command": "pause"}
    answer = ann.post("/fleets/fleet/rollouts", data=form)
    assert (answer.status_code, "the next pass goes by it" in answer.text) == (200, True), answer.text
    (event,) = world.heard
    assert isinstance(event, Ruled)
    assert (event.ruling.by, event.ruling.reason) == ("Ann", "calls")
    world.turn()
    assert "Resume, Abort" in ann.get("/fleets/fleet").text
    answer = ann.post("/fleets/fleet/suspension", data={"csrf": proof_of(page), "reason": "audit", "until": ""})
    assert "+  suspend: &lt;b&gt;" in answer.text
    assert world.book.entries == [("fleet", "suspend", {"reason": "audit"}, "Ann")]
    wrong = ann.post("/fleets/fleet/suspension", data={"csrf": proof_of(page), "reason": " "})
    assert (wrong.status_code, "reason" in wrong.text) == (400, True)


def test_a_proposal_is_approved_where_it_is_shown(ann: httpx.Client, world: World) -> None:
    assert world.board.live is not None
    plan = world.board.live.planned.plan
    world.record(Proposed(at=NOW, run="run", fleet="fleet", plan=plan))
    page = ann.get("/")
    assert "waits for a person" in page.text
    answer = ann.post(f"/proposals/{plan.fingerprint}/approval", data={"csrf": proof_of(page), "reason": "fine"})
    assert answer.status_code == 200, answer.text
    world.board.renew()
    assert "waits for a person" not in ann.get("/").text


@pytest.mark.parametrize("path", ["/passes", "/fleets/fleet/rollouts", "/fleets/fleet/suspension", "/fleets/fleet/quarantine", f"/proposals/{'f' * 32}/approval"])  # fmt: skip
def test_a_form_of_another_site_does_nothing(ann: httpx.Client, world: World, path: str) -> None:
    proof = proof_of(ann.get("/"))
    form = {"reason": "x", "workload": "poller", "version": "2", "command": "pause"}
    assert ann.post(path, data=form).status_code == 403
    assert ann.post(path, data={**form, "csrf": "0" * 64}).status_code == 403
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert ann.post(path, data={**form, "csrf": proof}, headers=headers).status_code == 403
    with httpx.Client(base_url=world.url) as other:
        enter(other, name="Eve")
        assert ann.post(path, data={**form, "csrf": proof_of(other.get("/"))}).status_code == 403
    assert ann.post(path, json={**form, "csrf": proof}).status_code == 415
    assert (world.heard, world.woken, world.book.entries) == ([], 0, [])


def test_a_session_may_use_the_api_with_a_proof(ann: httpx.Client, world: World) -> None:
    assert ann.post("/api/v1/passes", json={"reason": "x"}).status_code == 403
    proof = proof_of(ann.get("/"))
    assert ann.post("/api/v1/passes", json={"reason": "x"}, headers={"x-csrf-token": proof}).status_code == 200
    assert world.woken == 1


def test_entering_needs_the_form_that_was_given(client: httpx.Client) -> None:
    proof = proof_of(client.get("/login"))
    client.cookies.clear()
    answer = client.post("/login", data={"csrf": proof, "token": OPERATOR})
    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
    assert (
        client.post(
            "/login", data={"csrf": proof, "token": OPERATOR}, headers={"origin": "http://evil.example"}
        ).status_code
        == 403
    )


def test_forms_are_bounded(client: httpx.Client) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/login", content=b"a=" + b"x" * LONGEST_BODY, headers=headers).status_code == 413
    assert client.post("/login", content=b"&".join([b"a=1"] * 50), headers=headers).status_code == 400
    assert client.post("/login", content=b"a=%ff", headers=headers).status_code == 400


# --- what a browser may do with them --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/login", "/nothing", "/assets/page.js", "/api/v1/overview", "/healthz"])
def test_every_answer_is_strict(client: httpx.Client, path: str) -> None:
    found = client.get(path, headers=bearer(VIEWER)).headers
    policy = found["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):  # fmt: skip
        assert part in policy
    assert "unsafe" not in policy
    assert (found["x-content-type-options"], found["x-frame-options"]) == ("nosniff", "DENY")
    assert found["cache-control"] == ("no-cache" if path.startswith("/assets") else "no-store")
    assert "server" not in found


@pytest.mark.parametrize("path", [*PAGES, "/login", "/account"])
def test_a_page_has_no_script_or_style_in_its_text_and_asks_nobody_else(ann: httpx.Client, path: str) -> None:
    text = ann.get(path).text
    assert not re.search(r"<script(?! src=\"/assets/)|<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8484", "127.0.0.1.evil.example", "", "localhost@evil.example"]
)
def test_a_page_under_another_name_is_refused(client: httpx.Client, host: str) -> None:
    for path in ("/", "/api/v1/overview", "/api/v1/stream", "/assets/page.js", "/healthz"):
        answer = client.get(path, headers={**bearer(OPERATOR), "host": host})
        assert answer.status_code == 421, (path, answer.text)
    assert client.post("/login", headers={"host": host}).status_code == 421


def test_nothing_secret_is_on_any_page(ann: httpx.Client) -> None:
    paths = [*PAGES, "/account", "/api/v1/overview", "/api/v1/plan", "/api/v1/openapi.json", "/healthz"]
    for text in (ann.get(path).text for path in paths):
        for secret in (VIEWER, OPERATOR, *(one.hex() for one in (TOKENS.viewer, TOKENS.operator) if one)):
            assert secret not in text


def test_a_mistake_of_ours_shows_nothing_of_it(ann: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(board: Any) -> None:
        raise RuntimeError("SECRET")

    monkeypatch.setattr("reconciler.web.answers.overview", broken)
    for path in ("/", "/api/v1/overview"):
        answer = ann.get(path)
        assert (answer.status_code, "SECRET" in answer.text) == (500, False)
