"""Reports as bytes: the same for the same plan, ASCII, nothing in them ends a script, and the policy names what is there."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from reconciler.errors import SettingsError
from reconciler.model.change import Verb
from reconciler.model.event import Completed, Finished, Settling
from reconciler.model.kept import Kept
from reconciler.model.memory import Unanswered
from reconciler.views.words import harmless
from reconciler.web import report, templates
from tests.golden import plans, reports
from tests.unit.web.page import Page

HARM = "</script><!--<script>\u202e]]>&amp;'\"\u2028##[group]::error::"
OURS = ("style.css", "theme.js", "list.js", "map.js", "plan.js", "history.js")


def history(**more: Any) -> str:
    return report.of_history(Kept(events=tuple(reports.events()), **more))


def plan(name: str) -> str:
    return report.of_plan(plans.SAMPLES[name]())


PAGES: dict[str, Callable[[], str]] = {**{name: partial(plan, name) for name in plans.SAMPLES}, "history": history}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_same_each_time_and_ascii_and_leaves_unchanged(name: str) -> None:
    text = PAGES[name]()
    assert text == PAGES[name]()
    assert text.isascii()
    assert [harmless(line) for line in text.split("\n")] == text.split("\n"), "its hashes hold once it is written"


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_lets_nothing_run_but_what_it_names(name: str) -> None:
    page = Page(PAGES[name]())
    (policy,) = (have["content"] for tag, have in page.elements if have.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    assert rules["default-src"] == "'none'"
    for kind, text in (("style-src", page.inside["style"]), ("script-src", page.inside["script"])):
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    asking = {"src", "href", "action", "srcset", "data", "style", "poster", "background"}
    for tag, have in page.elements:
        assert not {key for key in have if key.startswith("on")}, tag
        assert all(key not in have or str(have[key]).startswith("#") for key in asking), (tag, have)


@pytest.mark.parametrize("name", ["hostile", "review", "history"])
def test_lists_are_json_that_a_script_element_holds_whatever_is_in_them(name: str) -> None:
    page = Page(PAGES[name]())
    lists = {key: msgspec.json.decode(text) for key, text in page.inside.items() if key.endswith("-data")}
    assert lists
    for found in lists.values():
        for column in found["columns"]:
            values = column["values"]
            assert isinstance(values, int) or len(values) == found["count"]
            if column["kind"] == "text" and not isinstance(values, int):
                assert all(0 <= value < len(found["texts"]) for value in values)


def test_what_stands_in_a_script_ends_none_and_means_the_same() -> None:
    text = templates.in_script({"a": [HARM, "\U0001f600", "é"]})
    assert not re.search(r"[<>&']", text)
    assert text.isascii()
    assert harmless(text) == text
    assert msgspec.json.decode(text) == {"a": [HARM, "\U0001f600", "é"]}


@pytest.mark.parametrize("name", OURS)
def test_our_own_style_and_scripts_end_no_element_and_are_ascii(name: str) -> None:
    text = templates.asset(name)
    assert text.isascii()
    assert not re.search(r"</|<!--|<script|<style", text, re.IGNORECASE)
    assert not re.search(r"@import|url\(|https?:|eval\(|innerHTML|outerHTML|insertAdjacent|document\.write", text)


def test_texts_are_sorted_as_people_sort_them() -> None:
    moves = [plans.change(number, plans.POLLER, "v1", "v2") for number in (10, 9, 100)]
    page = Page(report.of_plan(plans.plan(plans.fleet(changes=moves))))
    found = msgspec.json.decode(page.inside["slots-data"])
    names = next(column["values"] for column in found["columns"] if column["key"] == "unit")
    assert [found["texts"][value] for value in sorted(names)] == ["gw-0009", "gw-0010", "gw-0100"]


def test_a_history_without_events_says_so_and_one_with_open_ends_too() -> None:
    assert "nothing recorded" in report.of_history(Kept(events=()))
    lost = Unanswered(
        run="r1", call=3, fleet="austin", at=plans.NOW, unit=plans.unit(1), workload=plans.POLLER,
        verb=Verb.REPLACE, size=1, to="v1.4.0",
    )  # fmt: skip
    text = history(unanswered=(lost,), older=True)
    assert "Outcome unknown" in text
    assert "older events" in text
    kept = [one for one in reports.events() if not isinstance(one, Completed | Settling)]
    events = msgspec.json.decode(Page(text).inside["events-data"])
    assert events["count"] == len(kept)
    words = [
        events["texts"][value] for value in next(one["values"] for one in events["columns"] if one["key"] == "words")
    ]
    assert all(words), "every event says what happened"
    assert any("ended after" in text for text in words) is any(isinstance(one, Finished) for one in kept)


def test_without_jinja2_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    templates.environment.cache_clear()
    try:
        with pytest.raises(SettingsError, match="jinja2") as raised:
            report.of_plan(plans.nothing())
    finally:
        monkeypatch.undo()
        templates.environment.cache_clear()
    assert "fleet-reconciler[web]" in str(raised.value.hint)
