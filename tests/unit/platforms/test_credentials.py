"""Who we are to a platform."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Callable

import pytest

from reconciler.errors import SettingsError
from reconciler.platforms.credentials import Basic, Bearer, NoCredentials, Read


def test_each_says_who_it_is_and_cannot_be_renewed() -> None:
    assert Bearer(" token\n").headers(None) == {"Authorization": "Bearer token"}
    header = Basic("a@b.example", "key").headers(1.0)["Authorization"]
    assert b64decode(header.removeprefix("Basic ")) == b"a@b.example:key"
    assert NoCredentials().headers(None) == {}
    assert not any(one.renew(401) for one in (Bearer("t"), Basic("u", "k"), NoCredentials()))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("make", [Bearer, lambda read: Basic("user", read), lambda read: Basic(read, "key")])
def test_a_secret_that_was_written_anew_is_worth_another_try(
    make: Callable[[Read], Bearer | Basic], status: int
) -> None:
    held = ["old-one"]

    def read() -> str:
        if not held[0]:
            raise SettingsError("the secret's file cannot be read")
        return held[0]

    credentials = make(read)
    before = credentials.headers(None)
    assert not credentials.renew(status), "it is the same"
    held[0] = ""
    assert not credentials.renew(status), "a file that is being written anew leaves the old secret"
    assert credentials.headers(None) == before
    held[0] = "new-one"
    assert credentials.renew(status)
    assert credentials.headers(None) != before
    assert not credentials.renew(status), "the new one was tried"
    assert len(credentials.secrets) >= len(make(read).secrets), "the old one is never shown either"


def test_a_secret_that_another_thread_read_anew_is_worth_a_try_of_each() -> None:
    held = ["old"]
    credentials = Bearer(lambda: held[0])
    credentials.headers(None)
    held[0] = "new"
    other = threading.Thread(target=lambda: (credentials.headers(None), credentials.renew(401)))
    other.start()
    other.join(20)
    assert credentials.renew(401)
    assert credentials.headers(None) == {"Authorization": "Bearer new"}
    assert credentials.secrets == ("old", "new")


def test_secrets_are_known_in_every_form_they_are_sent_in() -> None:
    basic = Basic("user", "key")
    assert basic.headers(None)["Authorization"].removeprefix("Basic ") in basic.secrets
    assert "key" in basic.secrets
    assert Bearer("token").secrets == ("token",)
    assert NoCredentials().secrets == ()


@pytest.mark.parametrize("wrong", ["", " ", "two words", "caf\u00e9", "a\x00b"])
def test_what_no_secret_is_is_refused_without_showing_it(wrong: str) -> None:
    for make in (Bearer, lambda text: Basic("user", text), lambda text: Basic(text, "key")):
        with pytest.raises(SettingsError) as caught:
            make(wrong)
        assert not wrong.strip() or wrong not in str(caught.value)
