"""Who we are to a platform."""

from __future__ import annotations

from base64 import b64decode

import pytest

from reconciler.errors import SettingsError
from reconciler.platforms.credentials import Basic, Bearer, NoCredentials


def test_each_says_who_it_is_and_cannot_be_renewed() -> None:
    assert Bearer(" token\n").headers(None) == {"Authorization": "Bearer token"}
    header = Basic("a@b.example", "key").headers(1.0)["Authorization"]
    assert b64decode(header.removeprefix("Basic ")) == b"a@b.example:key"
    assert NoCredentials().headers(None) == {}
    assert not any(one.renew(401) for one in (Bearer("t"), Basic("u", "k"), NoCredentials()))


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
