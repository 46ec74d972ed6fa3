"""The two ways to a target, over real HTTP: what is sent, how it is signed, and what is refused before anything is."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec
import pytest

from reconciler.errors import NotifyError, SettingsError
from reconciler.model.notice import Message, NoticeKind
from reconciler.model.notifying import Target
from reconciler.notify import template
from reconciler.notify.by_apprise import ByApprise
from reconciler.notify.by_hook import ByHook
from tests.unit.engine.memory import NOW, Clock

KEY = "0123456789abcdef-very-secret"
MESSAGE = Message(
    kind=NoticeKind.HALT,
    title="Rollout halted: fleet austin",
    text="- austin: 3 of 9 devices failed",
    markdown="- `austin`: 3 of 9 devices failed",
    at=NOW,
    run="r1",
    fleets=("austin",),
)


class Received:
    """A server of one's own. `statuses` are its answers, the last one again and again."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses or (200,))
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    @property
    def only(self) -> dict[str, Any]:
        ((_, _, body),) = self.requests
        found: dict[str, Any] = json.loads(body)
        return found


@contextmanager
def receiving(*statuses: int) -> Iterator[Received]:
    received = Received(*statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.requests.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
            status = received.statuses.pop(0) if len(received.statuses) > 1 else received.statuses[0]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    received.url = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()


def target(**fields: Any) -> Target:
    return Target(name="ops", **fields)


def hook(received: Received, path: str = "/fleet?room=1", **fields: Any) -> ByHook:
    return ByHook(target(**fields), f"http://{received.url}{path}", KEY, Clock(), {})


def test_a_web_hook_is_signed_so_that_its_server_can_check_it() -> None:
    with receiving() as received:
        hook(received).notify(MESSAGE)
        ((path, headers, body),) = received.requests
    assert (path, headers["content-type"]) == ("/fleet?room=1", "application/json")
    sent = headers["reconciler-timestamp"]
    assert sent == str(int(NOW))
    expected = hmac.new(KEY.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["reconciler-signature"] == f"sha256={expected}"
    assert json.loads(body) == {
        "format": "reconciler/notice.v1",
        "target": "ops",
        "kind": "halt",
        "title": MESSAGE.title,
        "text": MESSAGE.text,
        "fleets": ["austin"],
        "run": "r1",
        "at": "2026-11-18T11:06:40Z",
    }


def test_each_attempt_of_a_message_bears_the_same_id_and_another_message_another_one() -> None:
    with receiving(503, 200) as received:
        one = hook(received)
        with pytest.raises(NotifyError) as failed:
            one.notify(MESSAGE)
        assert failed.value.retryable
        one.notify(MESSAGE)
        one.notify(msgspec.structs.replace(MESSAGE, title="another"))
        ids = [headers["reconciler-delivery"] for _, headers, _ in received.requests]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (401, False), (302, False), (500, True)])
def test_what_a_server_refuses_is_said_by_its_status_alone(status: int, *, retryable: bool) -> None:
    with receiving(status) as received, pytest.raises(NotifyError) as failed:
        hook(received).notify(MESSAGE)
    assert (str(failed.value), failed.value.retryable) == (f"the server answered {status}", retryable)
    assert len(received.requests) == 1, "no redirect is followed"


def test_a_server_that_is_not_there_is_said_without_its_address() -> None:
    with receiving() as received:
        one = hook(received)
    with pytest.raises(NotifyError) as failed:
        one.notify(MESSAGE)
    assert (str(failed.value), failed.value.retryable) == ("the server did not answer", True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/SECRET", "is plain http"),
        ("https://SECRET:x@hooks.example.com/", "carries a user or a password"),
        ("ftp://hooks.example.com/SECRET", "is no web address"),
        ("SECRET", "is no web address"),
    ],
)
def test_an_address_that_would_give_messages_away_is_refused_without_being_shown(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        ByHook(target(), url, KEY, Clock(), {})
    assert "SECRET" not in refused.value.advised
    assert "hooks.example.com/S" not in refused.value.advised


def test_a_key_that_anybody_could_guess_is_refused() -> None:
    with pytest.raises(SettingsError, match="less than 16 characters"):
        ByHook(target(), "https://hooks.example.com/", "short", Clock(), {})


@pytest.mark.parametrize(("form", "body"), [("text", MESSAGE.text), ("markdown", MESSAGE.markdown)])
def test_apprise_gets_title_and_body_in_the_form_that_the_target_wants(form: Any, body: str) -> None:
    with receiving() as received:
        ByApprise(target(format=form), f"json://{received.url}/SECRET").notify(MESSAGE)
    assert {key: received.only[key] for key in ("title", "message", "type")} == {
        "title": MESSAGE.title, "message": body, "type": "failure",
    }  # fmt: skip


def test_what_apprise_cannot_deliver_fails_without_a_word_of_its_address(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(500) as received, pytest.raises(NotifyError) as failed, caplog.at_level(logging.DEBUG, "apprise"):
        ByApprise(target(), f"json://{received.url}/SECRET").notify(MESSAGE)
    assert "SECRET" not in str(failed.value) + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("url", "words", "hint"),
    [
        ("nothing://SECRET", "none that apprise knows", "apprise's documentation"),
        ("SECRET", "none that apprise knows", ""),
        ("json://hooks.example.com/SECRET", "without TLS", "jsons://"),
    ],
)
def test_a_url_that_apprise_cannot_use_or_that_goes_in_the_clear_is_refused(url: str, words: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        ByApprise(target(), url)
    assert hint in refused.value.hint
    assert "SECRET" not in refused.value.advised


def test_tls_and_what_has_no_other_way_are_taken() -> None:
    ByApprise(target(), "jsons://hooks.example.com/x")
    ByApprise(target(), "json://localhost/x")
    ByApprise(target(), "syslog://")


def test_templates_fill_in_names_and_nothing_else() -> None:
    one = target(title="[$kind] $title\n", body="$body\nrun ${run} at $time about $fleets for $$5")
    assert template.filled(one, MESSAGE) == (
        "[halt] Rollout halted: fleet austin",
        f"{MESSAGE.text}\nrun r1 at 2026-11-18T11:06:40Z about austin for $5",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$title", ""),
        ("costs $5", "begins no name"),
        ("${kind", "begins no name"),
        ("$password", "there is no $password"),
    ],
)
def test_a_template_that_cannot_be_filled_is_found_beforehand(text: str, words: str) -> None:
    assert words in template.wrong(text)
    assert bool(template.wrong(text)) is bool(words)
