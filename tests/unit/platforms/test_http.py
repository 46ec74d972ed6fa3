"""The client: what it repeats and what never, what it shows and what never, and where it refuses to go."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from reconciler.errors import (
    NotFound,
    PlatformError,
    RateLimited,
    Rejected,
    ServerFailed,
    SettingsError,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
)
from reconciler.model.outcome import ReceiptKind
from reconciler.platforms.answers import receipt_of
from reconciler.platforms.body import START
from reconciler.platforms.credentials import Bearer, checked_url
from reconciler.platforms.http import ATTEMPTS, Client
from tests.unit.platforms.losant.application import Stopwatch

TOKEN = "very-secret/token+value="
Answers = list[httpx.Response | Exception]


class Script:
    """Answers in their order; the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(script: Callable[[httpx.Request], httpx.Response], clock: Stopwatch | None = None, **fields: Any) -> Client:
    """Return a client that talks to a script."""
    return Client(
        "https://api.example.com/",
        Bearer(TOKEN),
        platform="losant",
        clock=clock or Stopwatch(),
        transport=httpx.MockTransport(script),
        chance=lambda: 0.5,
        **fields,
    )


def read(script: Script, clock: Stopwatch | None = None, **fields: Any) -> dict[str, int]:
    return client(script, clock, **fields).read("/x", "read x", msgspec.json.Decoder(dict[str, int]).decode)


def gather(script: Script, clock: Stopwatch | None = None, **fields: Any) -> dict[str, int]:
    """Read the same part by part."""

    def take(parts: Iterator[bytes]) -> dict[str, int]:
        return msgspec.json.decode(b"".join(parts), type=dict[str, int])

    return client(script, clock, **fields).gather("/x", "read x", take)


Read = Callable[..., dict[str, int]]


def write(script: Script, clock: Stopwatch | None = None, seconds: float = 60.0) -> dict[str, int] | None:
    clock = clock or Stopwatch()
    decode = msgspec.json.Decoder(dict[str, int]).decode
    return client(script, clock).write("/x", "write x", {"a": 1}, decode, clock.monotonic() + seconds).value


def good() -> httpx.Response:
    return httpx.Response(200, json={"n": 1})


def test_a_good_answer_is_decoded_and_the_request_bears_what_it_must() -> None:
    script = Script(good())
    assert read(script, headers={"Accept-Version": "^1.30.0"}) == {"n": 1}
    (request,) = script.requests
    assert str(request.url) == "https://api.example.com/x"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept-version"] == "^1.30.0"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
        httpx.ReadTimeout("late"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.DecodingError("bad gzip"),
        httpx.Response(500),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(503),
        httpx.Response(429),
        httpx.Response(408),
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(200, text='{"n": '),
        httpx.Response(200, text='{"n": "text"}'),
        httpx.Response(200, content=b'{"\xff": 1}'),
        httpx.Response(200),
    ],
    ids=repr,
)
@pytest.mark.parametrize("read", [read, gather])
def test_reads_are_repeated_while_the_failure_may_pass(failure: httpx.Response | Exception, read: Read) -> None:
    assert read(Script(failure, failure, good())) == {"n": 1}
    script, clock = Script(failure), Stopwatch()
    with pytest.raises(PlatformError) as caught:
        read(script, clock)
    assert caught.value.retryable
    assert len(script.requests) == ATTEMPTS
    assert len(clock.slept) == ATTEMPTS - 1
    assert clock.slept == sorted(clock.slept)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (401, Unauthorized), (403, Unauthorized), (404, NotFound), (413, Rejected)]
)
def test_refusals_are_not_repeated(status: int, kind: type[PlatformError]) -> None:
    script = Script(httpx.Response(status, json={"type": "Validation", "message": "no\x1b[31m such\nthing"}))
    with pytest.raises(kind) as caught:
        read(script)
    assert len(script.requests) == 1
    assert caught.value.status == status
    assert str(caught.value) == f"losant: read x: the platform answered {status}: Validation: no [31m such thing"


@pytest.mark.parametrize(
    ("failure", "repeated"),
    [
        (httpx.ConnectError("refused"), True),
        (httpx.ProxyError("no way"), True),
        (httpx.Response(429), True),
        (httpx.ReadTimeout("late"), False),
        (httpx.WriteError("reset"), False),
        (httpx.Response(500), False),
        (httpx.Response(503, headers={"retry-after": "1"}), False),
        (httpx.Response(201, text="<html>"), False),
        (httpx.Response(408), False),
        (httpx.Response(101), False),
        (httpx.Response(999), False),
    ],
    ids=repr,
)
def test_writes_are_repeated_only_when_they_certainly_were_not_processed(
    failure: httpx.Response | Exception, repeated: bool
) -> None:
    script = Script(failure, good())
    if repeated:
        assert write(script) == {"n": 1}
        assert script.requests[0].content == script.requests[1].content == b'{"a":1}'
        return
    with pytest.raises(PlatformError) as caught:
        write(script)
    assert receipt_of(caught.value).kind is ReceiptKind.UNKNOWN
    assert len(script.requests) == 1


def test_what_was_not_sent_says_so() -> None:
    with pytest.raises(Unreachable) as caught:
        write(Script(httpx.ConnectError("refused")))
    assert not caught.value.sent
    assert "no connection to https://api.example.com" in str(caught.value)


def test_closing_closes_a_transport_that_was_handed_in() -> None:
    closed: list[bool] = []

    class Handed(httpx.MockTransport):
        def close(self) -> None:
            closed.append(True)

    handed = Handed(Script(httpx.Response(200, json={})))
    Client("https://h.example", Bearer(TOKEN), platform="losant", clock=Stopwatch(), transport=handed).close()
    assert closed == [True]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("tokens", "taken"), [(("old", "new"), "new"), (("old", "old"), ""), (("old", "new", "newer"), "newer")]
)
def test_a_token_that_was_written_anew_is_tried_once(
    tokens: tuple[str, ...], taken: str, write: bool, status: int
) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"].removeprefix("Bearer "))
        return good() if seen[-1] == taken else httpx.Response(status)

    left = iter(tokens)
    credentials, clock = Bearer(lambda: next(left)), Stopwatch()
    one = Client(
        "https://h.example", credentials, platform="losant", clock=clock, transport=httpx.MockTransport(answer)
    )
    refused: AbstractContextManager[object] = nullcontext() if taken in tokens[:2] else pytest.raises(Unauthorized)
    with refused:
        one.write("/x", "write x", {}, bytes, clock.monotonic() + 60) if write else one.get("/x", "read x")
    assert tuple(seen) == tuple(dict.fromkeys(tokens[:2]))


def test_a_deadline_bounds_waiting_and_the_request_itself() -> None:
    clock, script = Stopwatch(), Script(httpx.Response(429, headers={"Retry-After": "100"}))
    with pytest.raises(RateLimited) as caught:
        write(script, clock, seconds=50.0)
    assert (len(script.requests), clock.slept, caught.value.retry_after) == (1, [], 100.0)
    assert script.requests[0].extensions["timeout"]["read"] == 30.0
    with pytest.raises(Unreachable) as late:
        write(script, clock, seconds=0.0)
    assert not late.value.sent
    assert len(script.requests) == 1
    short = Script(good())
    write(short, clock, seconds=5.0)
    assert short.requests[0].extensions["timeout"]["read"] == pytest.approx(5.0)


def test_retry_after_is_obeyed_as_number_and_as_date_up_to_a_bound() -> None:
    for header, least in (("7", 7.0), ("Tue, 14 Nov 2023 22:13:29 GMT", 9.0), ("Tue, 14 Nov 2000 22:13:29 GMT", 0.0)):
        clock = Stopwatch(1_700_000_000.0)
        for status in (429, 503):
            clock.slept.clear()
            clock.time = 1_700_000_000.0
            assert read(Script(httpx.Response(status, headers={"Retry-After": header}), good()), clock) == {"n": 1}
            assert least <= clock.slept[0] <= least + 1.0
    clock = Stopwatch()
    with pytest.raises(RateLimited):
        read(Script(httpx.Response(429, headers={"Retry-After": "3600"})), clock)
    assert clock.slept == []
    assert read(Script(httpx.Response(429, headers={"Retry-After": "soon"}), good()), clock) == {"n": 1}


def test_a_run_that_is_asked_to_stop_waits_no_longer() -> None:
    clock = Stopwatch()
    requests: list[httpx.Request] = []

    def stopped_by(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        clock.stop = True
        return httpx.Response(500)

    asking = client(stopped_by, clock)
    with pytest.raises(ServerFailed):
        asking.get("/x", "read x")
    with pytest.raises(Unreachable, match="the run was asked to stop"):
        asking.get("/x", "read x")
    assert len(requests) == 1


def test_requests_are_paced() -> None:
    clock = Stopwatch()
    paced = client(Script(good()), clock, per_second=4.0)
    for _ in range(5):
        paced.get("/x", "read x")
    assert clock.slept == pytest.approx([0.25] * 4)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (httpx.Response(301, headers={"location": "https://evil.example/x"}), "a redirect to https://evil.example/x"),
        (httpx.Response(304), "answered 304 with neither data nor another address: no explanation was given"),
        (httpx.Response(200, text="<!DOCTYPE html><p>Sign in</p>"), "an HTML page came instead of JSON"),
        (httpx.Response(200, text='{"n": 1'), "the JSON cannot be used (Input data was truncated)"),
        (httpx.Response(200, text="  "), "the body is empty"),
    ],
)
@pytest.mark.parametrize("read", [read, gather])
def test_answers_that_are_none_are_named(answer: httpx.Response, text: str, read: Read) -> None:
    with pytest.raises(UnexpectedAnswer, match=r"^losant: read x: ") as caught:
        read(Script(answer))
    assert text in str(caught.value)


def test_refusals_without_explanation_are_shown_as_they_are() -> None:
    for answer, text in (
        (httpx.Response(400), "no explanation was given"),
        (httpx.Response(400, text="plain"), "answered 400: plain"),
        (httpx.Response(400, json={"message": "only this"}), "answered 400: only this"),
        (httpx.Response(502, text="<b>x</b>"), "an HTML page came instead of an API answer: <b>x</b>"),
        (httpx.Response(400, text="x" * 10_000), "x" * 100),
        (httpx.Response(400, text='{"error": ' + "[" * 100_000), 'answered 400: {"error": [[['),
    ):
        with pytest.raises(PlatformError) as caught:
            read(Script(answer))
        assert text in str(caught.value)
        assert len(str(caught.value)) < 500


def test_request_ids_are_kept() -> None:
    with pytest.raises(PlatformError) as caught:
        read(Script(httpx.Response(404, headers={"X-Request-Id": "abc\x7f"})))
    assert caught.value.request_id == "abc"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"type": "Unauthorized", "message": f"token {TOKEN} is bad"}),
        httpx.Response(400, text=f"Bearer {TOKEN}"),
        httpx.Response(400, text="x" * 290 + TOKEN),
        httpx.Response(302, headers={"location": f"https://other.example/?token={TOKEN}"}),
        httpx.Response(302, headers={"location": f"https://other.example/?token={quote(TOKEN, safe='')}"}),
        httpx.Response(200, text=f"<html>{TOKEN}"),
        httpx.Response(200, text=f'{{"n": "{TOKEN}"}}'),
        httpx.ReadError(f"proxy saw {TOKEN}"),
        httpx.ConnectError(f"proxy saw {TOKEN}"),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("read", [read, gather])
def test_the_token_is_shown_nowhere(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture, read: Read
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PlatformError) as caught:
        read(Script(answer))
    error = caught.value
    shown = f"{error!s} {error!r} {error.hint} {error.request_id} {caplog.text} {client(Script(good()))!r}"
    assert TOKEN[:8] not in shown
    assert error.__cause__ is None


class Parts(httpx.SyncByteStream):
    """A body that comes in these parts and then breaks off."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
        raise httpx.ReadError("reset")


def test_a_body_that_breaks_off_is_read_again_from_its_start() -> None:
    script = Script(httpx.Response(200, stream=Parts(b'{"n": 1', b"}")), good())
    assert gather(script) == {"n": 1}
    assert len(script.requests) == 2


def test_a_token_between_two_parts_is_shown_nowhere() -> None:
    class Whole(Parts):
        def __iter__(self) -> Iterator[bytes]:
            yield from self.parts

    text = f'{{"n": "{TOKEN}"}}'.encode()
    told = client(lambda _: httpx.Response(200, stream=Whole(text[:20], text[20:])))
    with pytest.raises(UnexpectedAnswer) as caught:
        told.gather("/x", "read x", lambda parts: msgspec.json.decode(b"".join(parts), type=dict[str, int]))
    assert TOKEN[:8] not in str(caught.value)


def test_only_as_much_is_read_ahead_as_an_error_may_show() -> None:
    """The first part that `take` gets is the start; the others come as they are asked for."""
    asked: list[int] = []

    class Long(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for number in range(10):
                asked.append(number)
                yield b" " * START

    def take(parts: Iterator[bytes]) -> int:
        assert asked == [0]
        return sum(len(part) for part in parts)

    found = client(Script(httpx.Response(200, stream=Long()))).gather("/x", "read x", take)
    assert found == 10 * START


@pytest.mark.parametrize("token", ["", "  ", "a b", "a\nb", "ü", "\x00"])
def test_tokens_that_cannot_be_sent_are_refused_without_showing_them(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Client("https://api.example.com", Bearer(token), platform="losant", clock=Stopwatch())
    assert repr(token) not in str(caught.value)


def test_a_token_may_end_with_a_line_break() -> None:
    script = Script(good())
    transport = httpx.MockTransport(script)
    made = Client("https://h.example", Bearer(f"{TOKEN}\n"), platform="losant", clock=Stopwatch(), transport=transport)
    made.get("/x", "read x")
    assert script.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.losant.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:password@api.losant.com",
        "https://api.losant.com?a=1",
        "https://api.losant.com#x",
        "api.losant.com",
        "https://host:port",
        "",
    ],
)
def test_addresses_a_token_must_not_go_to(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Client(url, Bearer(TOKEN), platform="losant", clock=Stopwatch())
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://api.losant.com", "http://127.0.0.1:80/", "http://[::1]:1", "http://localhost:8080/base/"]
)
def test_addresses_that_are_fine(url: str) -> None:
    assert checked_url(url) == str(httpx.URL(url)).rstrip("/")


def test_tls_failures_are_named_and_not_repeated() -> None:
    failure = httpx.ConnectError("certificate verify failed: self-signed certificate")
    failure.__cause__ = OSError("wrapped")
    failure.__cause__.__context__ = ssl.SSLCertVerificationError("self-signed")
    script = Script(failure)
    with pytest.raises(Unreachable, match=r"TLS with https://api\.example\.com failed") as caught:
        read(script)
    assert not caught.value.sent
    assert len(script.requests) == 1
    assert "certificates" in caught.value.hint


class Hears:
    """What a client says of its requests."""

    def __init__(self) -> None:
        self.statuses: list[int | None] = []

    def read(self, what: str, rows: int, total: int | None = None, pages: int = 0) -> None: ...

    def answered(self, status: int | None) -> None:
        self.statuses.append(status)


def test_every_request_is_heard_of_with_its_status_repeated_ones_each_time() -> None:
    heard = Hears()
    script = Script(httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(200, json={}))
    with_ears = client(script, progress=heard)
    with_ears.get("/devices", "list devices")
    assert heard.statuses == [None, 503, 200]
