"""Logging in: once, again when the token is refused, by the refresh token where it is good, and never shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reconciler.errors import PlatformError, SettingsError, Unauthorized
from reconciler.model.connection import Login, Secret
from reconciler.platforms.getapp.connection import DeliveryServer, GetAppConnection
from reconciler.platforms.getapp.login import Login as Tokens
from reconciler.platforms.getapp.platform import factory
from reconciler.platforms.getapp.routes import Server
from tests.unit.platforms.getapp.installation import AGENT, PASSWORD, Installation, Stopwatch, release

RELEASE = "/api/v1/catalog/releases/project/radio/version/1.0.0"


def server(world: Installation) -> Server:
    world.server["radio", "1.0.0"] = release()
    found = world.platform(delivery=True)._server
    assert found is not None
    return found


def refusing(*tokens: str) -> httpx.Response:
    return httpx.Response(401, json={"message": f"no longer {tokens}"})


def only(world: Installation, token: str) -> None:
    """Let the server take one token alone."""

    def answer(request: httpx.Request) -> httpx.Response:
        good = request.headers["authorization"] == f"Bearer {token}"
        return httpx.Response(200, json=release()) if good else refusing()

    world.answers[RELEASE] = answer


def test_one_login_serves_many_requests() -> None:
    world = Installation()
    one = server(world)
    for _ in range(3):
        assert one.release("radio", "1.0.0").value.id == "12.radio@1.0.0"
    assert world.paths("POST") == ["/api/v1/login"]


def test_a_refused_token_is_refreshed() -> None:
    world = Installation()
    one = server(world)
    one.release("radio", "1.0.0")
    only(world, "access-2")
    one.release("radio", "1.0.0")
    assert world.paths("POST") == ["/api/v1/login", "/api/v1/login/refresh"]


def test_where_refreshing_fails_the_user_logs_in() -> None:
    world = Installation()
    one = server(world)
    one.release("radio", "1.0.0")
    world.answers["/api/v1/login/refresh"] = httpx.Response(400, json={})
    only(world, "access-2")
    one.release("radio", "1.0.0")
    assert world.paths("POST") == ["/api/v1/login", "/api/v1/login/refresh", "/api/v1/login"]


def test_an_unreachable_server_is_not_asked_for_another_way() -> None:
    world = Installation()
    one = server(world)
    one.release("radio", "1.0.0")

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    world.answers["/api/v1/login/refresh"] = away
    only(world, "access-2")
    with pytest.raises(PlatformError) as caught:
        one.release("radio", "1.0.0")
    assert not caught.value.sent
    assert world.paths("POST").count("/api/v1/login") == 1


def test_a_token_that_is_refused_at_once_is_not_renewed_for_ever() -> None:
    world = Installation()
    world.answers[RELEASE] = refusing()
    with pytest.raises(Unauthorized):
        server(world).release("radio", "1.0.0")
    assert world.logins == 2


@pytest.mark.parametrize("order", ["AaBb", "ABab", "ABba"])
def test_a_token_that_two_threads_were_refused_is_renewed_once(order: str) -> None:
    """Capitals give a token up, small letters ask for the next one."""
    world = Installation()
    login = server(world).client._credentials
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        threads = {"a": one, "b": other}
        for thread in threads.values():
            assert thread.submit(login.headers, None).result() == {"Authorization": "Bearer access-1"}
        for letter in order:
            thread = threads[letter.lower()]
            if letter.isupper():
                assert thread.submit(login.renew, 401).result(), (
                    "its token was refused, so that a new one is worth a try"
                )
            else:
                assert thread.submit(login.headers, None).result() == {"Authorization": "Bearer access-2"}
    assert world.paths("POST") == ["/api/v1/login", "/api/v1/login/refresh"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_password_that_was_written_anew_is_worth_another_login(status: int) -> None:
    world, password = Installation(), ["old"]
    login = Tokens("operator", lambda: password[0], world.clock)
    ours = server(world).client._credentials
    assert isinstance(ours, Tokens)
    login.use(ours._client)
    assert login.headers(None) == {"Authorization": "Bearer access-1"}
    password[0] = "new"
    assert login.renew(status)
    assert login.headers(None) == {"Authorization": "Bearer access-2"}
    assert world.paths("POST") == ["/api/v1/login", "/api/v1/login"]


def test_a_refused_password_is_sent_once() -> None:
    world = Installation()
    world.answers["/api/v1/login"] = httpx.Response(401, json={"message": f"{PASSWORD} is wrong"})
    with pytest.raises(Unauthorized) as caught:
        server(world).release("radio", "1.0.0")
    assert world.paths("POST") == ["/api/v1/login"]
    assert PASSWORD not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    "answer", ['{"accessToken": "half-a-tok', '{"accessToken": ""}', '{"accessToken": "a\\nb"}', "\xff"]
)
def test_an_answer_without_a_usable_token_is_an_error_that_does_not_show_it(answer: str) -> None:
    world = Installation()
    world.answers["/api/v1/login"] = httpx.Response(200, content=answer.encode("latin-1"))
    with pytest.raises(PlatformError) as caught:
        server(world).release("radio", "1.0.0")
    assert "gave no token" in str(caught.value)
    assert "half" not in str(caught.value)


def test_tokens_are_secrets() -> None:
    world = Installation()
    one = server(world)
    one.release("radio", "1.0.0")
    world.answers[RELEASE] = httpx.Response(400, json={"message": f"bad access-1 refresh-1 {PASSWORD}"})
    with pytest.raises(PlatformError) as caught:
        one.release("radio", "1.0.0")
    assert not any(secret in str(caught.value) for secret in ("access-1", "refresh-1", PASSWORD))


@pytest.mark.parametrize(("user", "password", "what"), [("", "x", "username"), ("x", "\n", "password")])
def test_empty_secrets_are_refused(user: str, password: str, what: str) -> None:
    with pytest.raises(SettingsError, match=f"the {what} .* is empty"):
        Tokens(user, password, Stopwatch())


def test_no_password_over_plain_http_to_another_machine() -> None:
    login = Login(username=Secret(env="U"), password=Secret(env="P"))
    spec = GetAppConnection(agent=AGENT, delivery=DeliveryServer(url="http://server.example", login=login))
    with pytest.raises(SettingsError, match="plain http"):
        factory(spec, lambda _: "secret", Stopwatch())


def test_an_agent_may_be_asked_over_plain_http_since_it_takes_no_secret() -> None:
    factory(GetAppConnection(agent="http://10.0.0.7:2220"), lambda _: "", Stopwatch()).close()
