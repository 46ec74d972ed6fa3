"""What all simulators do alike: open questions, faults by name, and breaking things by hand from another process."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from inspect import getdoc, signature
from typing import Any

import pytest

from reconciler.simulators import getapp, losant, memfault
from reconciler.simulators.exchange import Reply
from reconciler.simulators.faults import KINDS, Faults
from reconciler.simulators.getapp import variants as of_getapp
from reconciler.simulators.losant import variants as of_losant
from reconciler.simulators.memfault import variants as of_memfault
from reconciler.simulators.variants import Question
from tests.unit.simulators.getapp.caller import Caller as GetAppCaller
from tests.unit.simulators.losant.caller import Caller as LosantCaller
from tests.unit.simulators.memfault.caller import BASE
from tests.unit.simulators.memfault.caller import Caller as MemfaultCaller

QUESTIONS = {"losant": of_losant.QUESTIONS, "getapp": of_getapp.QUESTIONS, "memfault": of_memfault.QUESTIONS}
CALLERS: dict[str, Callable[[], Any]] = {"losant": LosantCaller, "getapp": GetAppCaller, "memfault": MemfaultCaller}


def do(caller: Any, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Use the control surface."""
    reply = caller.raw(method, f"/simulator/{path}", body=body)
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize("questions", QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_has_a_name_of_its_own_a_default_and_says_what_it_is_about(
    questions: tuple[Question, ...],
) -> None:
    assert len({question.name for question in questions}) == len(questions)
    assert all(question.default and question.about for question in questions)


def test_every_open_question_of_losants_facts_is_one() -> None:
    assert [one.number for one in of_losant.QUESTIONS if one.number] == list(range(1, 10))


def test_answers_are_parsed() -> None:
    parsed = losant.Variants.parse(["max-per-page=reject", "agent-error-text=a=b"])
    assert (parsed["max-per-page"], parsed["agent-error-text"], parsed["etags"]) == ("reject", "a=b", "shown")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max-per-page", "QUESTION=ANSWER"),
        ("max-per-pag=clamp", "did you mean 'max-per-page'"),
        ("zzz=1", "known are max-per-page"),
        ("max-per-page=huge", "clamp, reject, unlimited"),
        ("agent-error-text=", "any text"),
    ],
)
def test_wrong_answers_are_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        losant.Variants.parse([text])


@pytest.mark.parametrize("kinds", [losant.Faults.kinds, getapp.Faults.kinds, memfault.Faults.kinds])
def test_every_platform_knows_every_kind_of_fault(kinds: dict[str, str]) -> None:
    assert kinds.keys() == KINDS.keys()


def test_what_is_in_force_can_be_told() -> None:
    parsed = Faults().parse(["lost=20%@writes*3", "slow=0.5", "latency=20ms"])
    assert parsed.describe() == {
        "lost": {"rate": 0.2, "on": "writes", "left": 3},
        "slow": {"rate": 0.5, "on": "any", "left": None},
        "latency": 0.02,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lost", "KIND=RATE"),
        ("losst=1", "did you mean 'lost'"),
        ("quake=1", "429, 500"),
        ("lost=2", "share from 0 to 1"),
        ("lost=120%", "100%"),
        ("lost=often", "20%"),
        ("lost=1*x", "number of times"),
        ("lost=1@wrights", "listings or a route"),
        ("latency=soon", "duration"),
    ],
)
def test_faults_that_are_none_are_explained(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faults().parse([text])


LISTING = {"losant": "/devices", "getapp": "/api/cdn/device/releases", "memfault": f"{BASE}/devices"}


def bent(name: str, fault: str, much: int = 1 << 18) -> tuple[bytes, Reply]:
    """The body of a listing, and the same one bent by a fault."""
    caller = CALLERS[name]()
    path = f"{getattr(caller, 'base', '')}{LISTING[name]}"
    plain = caller.raw("GET", path).body
    caller.world.faults.much = much
    caller.world.faults.parse([f"{fault}=100%"])
    return plain, caller.raw("GET", path)


@pytest.mark.parametrize("name", CALLERS)
def test_a_drip_is_the_answer_byte_by_byte_until_its_time_is_up(name: str) -> None:
    plain, reply = bent(name, "drip")
    assert len(list(reply.pieces())) * reply.pace == 600
    assert b"".join(reply.pieces()) == plain[:1200]


@pytest.mark.parametrize("name", CALLERS)
def test_an_endless_answer_never_says_that_it_is_over_and_ends_all_the_same(name: str) -> None:
    plain, reply = bent(name, "endless")
    whole = b"".join(reply.pieces())
    assert (1 << 18) < len(whole) < (1 << 20)
    rows = json.loads(whole + (b"]" if name == "getapp" else b"}"))
    assert (len(rows) > len(json.loads(plain))) is (name == "getapp")


@pytest.mark.parametrize("name", CALLERS)
def test_a_bomb_is_small_and_unpacks_to_the_answer_with_a_mass_of_blanks(name: str) -> None:
    plain, reply = bent(name, "bomb")
    unpacked = gzip.decompress(reply.body)
    assert reply.headers["content-encoding"] == "gzip"
    assert len(unpacked) - len(plain) >= 1 << 18
    assert json.loads(unpacked) == json.loads(plain)


def test_every_total_is_overstated_and_nothing_else() -> None:
    plain, reply = bent("losant", "totals")
    assert json.loads(reply.body) == json.loads(plain) | {"totalCount": 1_000_000_000}
    plain, reply = bent("memfault", "totals")
    before, after = json.loads(plain), json.loads(reply.body)
    assert after["paging"] == before["paging"] | {"total_count": 1_000_000_000, "page_count": 1_000_000_000}
    assert after["data"] == before["data"]


@pytest.mark.parametrize("name", CALLERS)
def test_every_verb_is_told_and_says_what_it_does(name: str) -> None:
    caller = CALLERS[name]()
    verbs = caller.world.verbs()
    assert {"set_online", "set_failing", "add_device", "delete_device"} <= set(verbs)
    assert all(getdoc(verb) and "self" not in signature(verb).parameters for verb in verbs.values())
    status, answer = do(caller, "POST", "help")
    assert status == 404
    assert all(verb in str(answer) for verb in verbs)


@pytest.mark.parametrize("name", CALLERS)
def test_state_shows_what_is_true_and_is_no_verb(name: str) -> None:
    caller = CALLERS[name]()
    assert do(caller, "GET", "state") == (200, {"rows": caller.world.state()})
    assert do(caller, "POST", "state", {})[0] == 404


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("set_online", {"device": "gw-001", "online": False}),
        ("set_failing", {"device": "gw-001", "failing": True}),
        ("console", {"device": "gw-001", "flow": "telemetry", "version": "v1.0.0"}),
        ("add_device", {"name": "new", "tags": [["site", "a"], ["site", "b"]], "online": None}),
        ("delete_device", {"device": "gw-001"}),
        ("set_tags", {"device": "gw-001", "tags": {"site": "moon"}}),
        ("rename_device", {"device": "gw-001", "name": "gateway-1"}),
        ("set_agent", {"device": "gw-001", "agent": "1.0.0"}),
        ("add_flow", {"name": "fresh"}),
        ("create_version", {"flow": "telemetry", "version": "v9", "minimum_agent": "9.0.0"}),
        ("fall_back", {"flow": "vision", "device": "gw-003", "version": "v1.1.0", "error": "boom"}),
        ("load_file", {"flow": "vision", "device": "gw-003", "version": "v1.1.0", "file_name": "a.json"}),
        ("require_agent", {"flow": "vision", "agent": "2.9.0"}),
    ],
)
def test_verbs_change_the_world(verb: str, body: dict[str, Any]) -> None:
    fleet = LosantCaller()

    def shown() -> str:
        flows = [(one.name, sorted(one.versions), one.minimum_agent) for one in fleet.app.flows]
        return repr((fleet.world.state(), flows, [str(device) for device in fleet.app.devices]))

    before = shown()
    status, answer = do(fleet, "POST", verb, body)
    assert (status, answer["success"]) == (200, True)
    assert shown() != before


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("POST", "set_online", {"device": "nobody", "online": True}, 404),
        ("POST", "console", {"device": "gw-001", "flow": "none", "version": None}, 404),
        ("POST", "set_online", {"colour": 1}, 400),
        ("POST", "set_online", b"[]", 400),
        ("POST", "faults", {"storm": 1}, 400),
        ("POST", "faults", {"lost": {"on": "writes"}}, 400),
        ("POST", "grant", {"token": "t"}, 400),
    ],
)
def test_mistakes_are_refused_in_the_platforms_shape(method: str, path: str, body: Any, status: int) -> None:
    found, error = do(LosantCaller(), method, path, body)
    assert (found, set(error)) == (status, {"type", "message"})


def test_calls_are_told_and_forgotten() -> None:
    fleet = LosantCaller()
    fleet.get("/devices")
    fleet.release("telemetry", "v1.0.0", "gw-001")
    calls = do(fleet, "GET", "calls")[1]
    assert calls["reads"] == {"devices.list": 1}
    assert [(write["route"], write["status"], write["body"]["version"]) for write in calls["writes"]] == [
        ("deployments.release", 202, "v1.0.0")
    ]
    do(fleet, "DELETE", "calls")
    assert do(fleet, "GET", "calls")[1] == {"writes": [], "reads": {}}


def test_faults_change_while_it_runs() -> None:
    fleet = LosantCaller()
    given = {"500": {"rate": 1, "on": "reads", "maximum": 1}, "lost": "0%", "latency": "20ms"}
    status, told = do(fleet, "POST", "faults", given)
    assert (status, told["latency"], told["500"]) == (200, 0.02, {"rate": 1, "on": "reads", "left": 1})
    assert [fleet.get("/devices")[0] for _ in range(2)] == [500, 200]
    assert do(fleet, "GET", "faults")[1]["500"]["left"] == 0


def test_what_verbs_of_memfault_answer_and_refuse() -> None:
    fleet = MemfaultCaller()
    new = {"cohort": "beta", "hardware": "main-fw-mp"}
    assert do(fleet, "POST", "add_cohort", {"name": "A b"})[1]["id"] == "a-b"
    assert do(fleet, "POST", "add_device", new | {"serial": "X1", "version": "1.0.0"})[1]["id"] == "X1"
    number = do(fleet, "POST", "activate", {"cohort": "a-b", "version": "1.4.0"})[1]["id"]
    assert do(fleet, "POST", "activate", {"cohort": "a-b", "version": "1.4.0"})[1]["id"] == number
    mistakes: list[tuple[str, dict[str, Any], int]] = [
        ("set_online", {"device": "nobody", "online": True}, 404),
        ("activate", {"cohort": "none", "version": "1.4.0"}, 404),
        ("activate", {"cohort": "beta", "version": "9"}, 404),
        ("pull", {"cohort": "beta", "version": "1.0.0"}, 404),
        ("add_device", new | {"hardware": "none"}, 404),
        ("add_device", new | {"serial": "SN0000"}, 400),
        ("add_release", {"software_type": "none", "version": "1"}, 404),
        ("add_release", {"software_type": "main-fw", "version": "1.4.0"}, 400),
        ("add_cohort", {"name": "Beta"}, 400),
        ("delete_cohort", {"slug": "default"}, 400),
    ]
    for verb, body, status in mistakes:
        found, answer = do(fleet, "POST", verb, body)
        assert (found, answer["error"]["http_code"]) == (status, status), verb
