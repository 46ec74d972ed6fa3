"""Who may look and act: tokens, sessions, a proxy's word, and guessing. Time is an argument."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SettingsError
from reconciler.web.access import (
    EVERYBODYS,
    GUESSES,
    LASTS,
    MOST_SESSIONS,
    SPAN,
    Access,
    Role,
    Rules,
    TooManyGuesses,
    digest,
)
from tests.unit.web.served import OPERATOR, TOKENS, VIEWER


def role(access: Access, now: float = 0.0, *, peer: str = "127.0.0.1", session: str = "", **headers: str) -> Role:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return access.who(peer=peer, headers=given, session=session, now=now).role


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"Bearer {VIEWER}", Role.VIEWER),
        (f"bearer  {OPERATOR}", Role.OPERATOR),
        (f"Bearer {VIEWER[:-1]}", Role.NOBODY),
        (f"Bearer {VIEWER}x", Role.NOBODY),
        (f"Basic {VIEWER}", Role.NOBODY),
        ("Bearer", Role.NOBODY),
        ("Bearer \udcff", Role.NOBODY),
    ],
)
def test_a_token_gives_its_role_and_nothing_else_does(given: str, expected: Role) -> None:
    assert role(Access(TOKENS), authorization=given) is expected


@given(st.text())
def test_no_text_but_the_tokens_has_a_role(text: str) -> None:
    if text.strip() not in {VIEWER, OPERATOR}:
        assert role(Access(TOKENS), authorization=f"Bearer {text}") is Role.NOBODY


def test_without_tokens_everybody_on_this_machine_may_look_and_nobody_may_act() -> None:
    assert role(Access(Rules())) is Role.VIEWER
    beyond = Rules(loopback=False)
    assert (role(Access(beyond)), beyond.reachable) == (Role.NOBODY, False)
    assert role(Access(Rules(operator=digest(OPERATOR, "o")))) is Role.VIEWER


def test_tokens_that_can_be_guessed_or_are_the_same_are_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="fewer than 16") as short:
        digest("secret", "viewer's")
    assert "secret" not in str(short.value)
    with pytest.raises(SettingsError, match="the same token"):
        Access(Rules(viewer=digest(VIEWER, "v"), operator=digest(VIEWER, "o")))


def test_a_session_lasts_for_its_time_and_ends_when_somebody_leaves() -> None:
    access = Access(TOKENS)
    session = access.enter(OPERATOR, " Ann ", peer="p", now=0.0)
    person = access.who(peer="p", headers={}, session=session, now=LASTS - 1)
    assert (person.role, person.name, person.key) == (Role.OPERATOR, "Ann", session)
    assert role(access, LASTS, session=session) is Role.NOBODY
    other = access.enter(VIEWER, "", peer="p", now=0.0)
    assert access.who(peer="p", headers={}, session=other, now=1.0).name == "viewer token"
    access.leave(other)
    assert role(access, 1.0, session=other) is Role.NOBODY
    assert access.enter("wrong", "Ann", peer="p", now=0.0) == ""


def test_sessions_are_bounded() -> None:
    access = Access(TOKENS)
    first = access.enter(VIEWER, "", peer="p", now=0.0)
    for _ in range(MOST_SESSIONS):
        last = access.enter(VIEWER, "", peer="p", now=0.0)
    assert (role(access, session=first), role(access, session=last)) == (Role.NOBODY, Role.VIEWER)


def test_who_guesses_waits_and_nobody_elses_token_is_in_the_way() -> None:
    access = Access(TOKENS)
    for _ in range(GUESSES):
        assert access.enter("wrong", "", peer="1.2.3.4", now=10.0) == ""
    with pytest.raises(TooManyGuesses) as wrong:
        access.enter(OPERATOR, "", peer="1.2.3.4", now=11.0)
    assert wrong.value.wait == SPAN - 1
    with pytest.raises(TooManyGuesses):
        role(access, 11.0, peer="1.2.3.4", authorization=f"Bearer {OPERATOR}")
    assert role(access, 11.0, peer="5.6.7.8", authorization=f"Bearer {OPERATOR}") is Role.OPERATOR
    assert role(access, 10.0 + SPAN, peer="1.2.3.4", authorization=f"Bearer {OPERATOR}") is Role.OPERATOR


def test_many_addresses_together_guess_no_more_often() -> None:
    access = Access(TOKENS)
    for number in range(EVERYBODYS):
        access.enter("wrong", "", peer=f"10.0.0.{number}", now=0.0)
    with pytest.raises(TooManyGuesses):
        access.enter(OPERATOR, "", peer="5.6.7.8", now=1.0)


def test_a_session_goes_on_while_others_guess() -> None:
    access = Access(TOKENS)
    session = access.enter(OPERATOR, "", peer="p", now=0.0)
    for _ in range(GUESSES):
        access.enter("wrong", "", peer="p", now=1.0)
    assert role(access, 2.0, peer="p", session=session) is Role.OPERATOR


PROXIED = Rules(
    loopback=False, proxies=(ip_network("10.0.0.0/24"), ip_network("fd00::/8")), operators=frozenset({"ann"})
)


@pytest.mark.parametrize(
    ("peer", "name", "expected"),
    [
        ("10.0.0.7", "ann", Role.OPERATOR),
        ("10.0.0.7", "bob", Role.VIEWER),
        ("::ffff:10.0.0.7", "bob", Role.VIEWER),
        ("fd00::1", "bob", Role.VIEWER),
        ("10.0.1.7", "ann", Role.NOBODY),
        ("127.0.0.1", "ann", Role.NOBODY),
        ("", "ann", Role.NOBODY),
        ("10.0.0.7", " ", Role.NOBODY),
    ],
)
def test_a_proxys_word_counts_from_its_address_alone(peer: str, name: str, expected: Role) -> None:
    assert role(Access(PROXIED), peer=peer, x_forwarded_user=name) is expected


def test_a_proof_is_of_one_key_and_one_process() -> None:
    access = Access(TOKENS)
    assert access.proved("a", access.proof("a"))
    assert not access.proved("b", access.proof("a"))
    assert not access.proved("", access.proof(""))
    assert not Access(TOKENS).proved("a", access.proof("a"))
    assert not access.proved("a", "é")
