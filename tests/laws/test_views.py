"""Laws of the views: whatever platforms and manifests say, output stays readable, complete, bounded and harmless."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.errors import PlanMismatch
from reconciler.model.change import Action, Change, Held, Reason, Request, Step, Verb
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.event import Called, Note, Settled
from reconciler.model.hold import Hold, HoldReason
from reconciler.model.origin import NOWHERE, Origin
from reconciler.model.outcome import Outcome, Receipt, ReceiptKind, Result
from reconciler.model.plan import (
    Basis,
    Counts,
    FleetPlan,
    Lifted,
    LimitKind,
    Plan,
    Share,
    Summary,
    Times,
    VersionCount,
    VersionMix,
    Violation,
)
from reconciler.model.provenance import (
    ConnectionChange,
    ConnectionEdit,
    FieldEdit,
    Loosened,
    Loosening,
    Provenance,
    Reading,
)
from reconciler.model.release import Listed, Preparation, PrepareStatus, ReleaseInfo
from reconciler.model.report import Applied
from reconciler.model.unit import Ref
from reconciler.views import annotations as annotating
from reconciler.views import apply_text, event_line, plan_json, plan_markdown, plan_text
from reconciler.views.group import grouped, held_grouped
from reconciler.views.line import Line, columns_of, fold, line, plain, styled, text_of
from reconciler.views.markdown import code, row
from reconciler.views.plan_markdown import SMALLEST
from reconciler.views.reason_words import hold_words
from reconciler.views.words import LONGEST, clean, harmless_json
from reconciler.web import report
from tests.golden import plans as golden
from tests.unit.web.page import Page

NOW = 1795000000.0

PIECES = [
    "gw-1", "v1.4.0", " ", "`", "``", "|", "\\", "\\|", "<b>", "</details>", "<!--", "-->", "@root", "#12", "a/b#3", "\n",
    "\r\n", "\x1b[31m", "\x07", "\u202e", "\u200b", "::error::", "##[group]", "##vso[task]", "http://x.y", "www.x.y",
    "![i](j)", "[a](b)", "*", "_", "~~~", "```", "---", "| --- |", "a@b.c", "日本語", "e\u0301", "\ud800", "🚀", "&lt;",
]  # fmt: skip

foreign = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(max_size=12),
    st.sampled_from(["x" * 500, "gw-7", ""]),
)
speakable = foreign.map(lambda text: text.encode("utf-8", "replace").decode())
"""Texts that JSON can carry."""
refs = st.builds(Ref, id=speakable, name=speakable)
origins = st.one_of(st.just(NOWHERE), st.builds(Origin, file=speakable, line=st.integers(0, 99)))
versions = st.one_of(st.none(), speakable)
changes = st.builds(
    Change,
    unit=refs,
    workload=refs,
    verb=st.sampled_from(Verb),
    from_=versions,
    to=versions,
    reason=st.sampled_from(Reason),
    steps=st.lists(st.builds(Step, call=speakable, when=st.sampled_from(["now", "later"])), max_size=2).map(tuple),
    origin=origins,
    observed=st.just("0" * 16),
    extra_versions=st.lists(speakable, max_size=2).map(tuple),
    settings=st.lists(st.tuples(speakable, speakable), max_size=1).map(tuple),
    size=st.integers(1, 9),
    downgrade=st.booleans(),
)
holds = st.builds(Hold, code=st.sampled_from(HoldReason), text=speakable)
helds = st.builds(
    Held,
    unit=refs,
    workload=refs,
    verb=st.one_of(st.none(), st.sampled_from(Verb)),
    from_=versions,
    to=versions,
    reasons=st.lists(holds, min_size=1, max_size=3).map(tuple),
    origin=origins,
    stage=st.integers(0, 2),
)
moved_to = st.builds(
    Listed,
    workload=refs,
    version=speakable,
    info=st.builds(
        ReleaseInfo,
        found=st.just(True),
        notes=speakable,
        size=st.one_of(st.none(), st.integers(0, 10**13)),
        revision=speakable,
        min_version=speakable,
        minimum_agent=st.one_of(st.none(), speakable),
        must_pass=st.booleans(),
        dependencies=st.lists(speakable, max_size=4).map(tuple),
        preparation=st.builds(Preparation, reference=speakable, status=st.sampled_from(PrepareStatus), error=speakable),
    ),
)
bodies = st.one_of(
    st.none(), speakable, st.dictionaries(speakable, st.one_of(st.none(), speakable, st.lists(speakable, max_size=5)))
)
violations = st.builds(
    Violation,
    kind=st.sampled_from(LimitKind),
    every_holder_of=st.one_of(st.just(""), speakable),
    percent=speakable,
    intended=st.integers(0, 9),
    origin=st.one_of(st.none(), origins),
)


lifted = st.builds(Lifted, violation=violations, reason=speakable, until=speakable, origin=origins)
shares = st.builds(Share, workload=refs, changing=st.integers(0, 9), managed=st.integers(1, 9))
counts = st.builds(VersionCount, st.none() | speakable, st.integers(0, 9), st.integers(0, 9))
mixes = st.builds(
    VersionMix,
    workload=refs,
    versions=st.lists(counts, min_size=1, max_size=3, unique_by=lambda one: one.version).map(tuple),
    unknown=st.integers(0, 3),
)
edits = st.builds(
    ConnectionChange,
    connection=speakable,
    edit=st.sampled_from(ConnectionEdit),
    platform=speakable,
    reading=st.sampled_from(Reading),
    renamed_from=st.one_of(st.just(""), speakable),
    fields=st.lists(st.builds(FieldEdit, path=speakable, was=speakable, now=speakable), max_size=2).map(tuple),
    fleets=st.lists(speakable, max_size=4).map(tuple),
    origin=st.one_of(st.none(), origins),
)
looser = st.builds(
    Loosened,
    fleet=speakable,
    kind=st.sampled_from(Loosening),
    subject=speakable,
    was=speakable,
    now=speakable,
    reason=speakable,
    origin=st.one_of(st.none(), origins),
)
came = st.builds(Provenance, base=speakable, base_commit=speakable, base_problem=speakable)


@st.composite
def fleets(draw: st.DrawFn) -> FleetPlan:
    found = tuple(draw(st.lists(changes, max_size=5)))
    slots = st.lists(st.integers(0, max(0, len(found) - 1)), max_size=3 if found else 0).map(tuple)
    actions = st.builds(
        Action,
        call=speakable,
        request=st.builds(Request, method=speakable, path=speakable, body=bodies),
        slots=slots,
        stage=st.integers(0, 2),
        wide=st.booleans(),
        idempotent=st.booleans(),
    )
    held = tuple(draw(st.lists(helds, max_size=4)))
    verbs = Counter(one.verb for one in found)
    return FleetPlan(
        fleet=draw(speakable),
        connection=draw(st.sampled_from(["plant", "north"])),
        platform=draw(speakable),
        basis=draw(
            st.builds(
                Basis,
                target=speakable,
                manifest=st.just("m"),
                commit=st.one_of(st.none(), speakable),
                complete=st.booleans(),
                problems=st.lists(speakable, max_size=2).map(tuple),
            )
        ),
        summary=Summary(
            units=9,
            slots=99,
            synced=90,
            held=len(held),
            unmanaged=3,
            changes=Counts(verbs[Verb.RELEASE], verbs[Verb.REPLACE], verbs[Verb.REMOVE]),
            unknown=draw(st.integers(0, 2)),
            waiting=draw(st.integers(0, 2)),
        ),
        changes=found,
        actions=tuple(draw(st.lists(actions, max_size=4))),
        held=held,
        violations=tuple(draw(st.lists(violations, max_size=2))),
        lifted=tuple(draw(st.lists(lifted, max_size=1))),
        shares=tuple(draw(st.lists(shares, max_size=2))),
        mix=tuple(draw(st.lists(mixes, max_size=2))),
        warnings=tuple(draw(st.lists(speakable, max_size=2))),
        releases=draw(st.lists(moved_to, max_size=2).map(tuple)),
        error=draw(st.one_of(st.just(""), st.just(""), speakable)),
    )


moments = st.one_of(st.just("2026-11-18T11:06:28Z"), st.just("2026-11-18T11:06:28"), speakable)
plans = st.builds(
    Plan,
    fingerprint=speakable,
    times=st.builds(Times, created=moments, expires=moments, read=st.dictionaries(st.just("plant"), moments)),
    complete=st.booleans(),
    applyable=st.booleans(),
    errored=st.booleans(),
    filters=st.one_of(st.just(""), speakable),
    provenance=came,
    connections=st.lists(edits, max_size=2).map(tuple),
    loosened=st.lists(looser, max_size=2).map(tuple),
    fleets=st.lists(fleets(), max_size=3).map(tuple),
)
widths = st.integers(20, 200)


def harmless(text: str) -> None:
    """Nothing a terminal or a build server obeys is left."""
    assert text.endswith("\n") or not text
    for one in text.removesuffix("\n").split("\n"):
        assert one.isprintable()
        assert not one.lstrip().startswith("::")
        assert not re.search(r"##\w*\[", one)
        assert one == one.rstrip()


def fits(lines: list[Line], width: int) -> None:
    assert all(columns_of(text_of(one).rstrip()) <= width for one in lines)


@given(text=foreign)
def test_clean_text_is_one_printable_line(text: str) -> None:
    found = clean(text)
    assert found.isprintable()
    assert len(found) <= 10 * (LONGEST + 40)


@given(one=foreign, other=foreign)
def test_texts_that_differ_look_different(one: str, other: str) -> None:
    assume("\\" not in one + other and max(len(one), len(other)) <= LONGEST)
    assert (clean(one) == clean(other)) == (one == other)


said = foreign.filter(lambda text: text.isascii() or not re.search("[\ud800-\udfff]", text))
"""Without half characters, which no JSON has."""


@given(
    content=st.recursive(said | st.integers() | st.none(), lambda some: st.dictionaries(said, some) | st.lists(some))
)
def test_json_says_the_same_in_characters_that_nobody_obeys(content: Any) -> None:
    written = msgspec.json.encode(content)
    for one in (written, msgspec.json.format(written, indent=2)):
        shown = harmless_json(one)
        assert json.loads(shown) == json.loads(one)
        assert shown.replace("\n", "").isprintable()
        assert "::" not in {line.lstrip()[:2] for line in shown.split("\n")}
        assert not re.search(r"##\w*\[", shown)


@example(parts=["x" * 38, "gw-1"], width=42, indent=1)
@given(parts=st.lists(foreign.map(clean), max_size=8), width=widths, indent=st.integers(0, 9))
def test_folding_loses_nothing_but_spaces(parts: list[str], width: int, indent: int) -> None:
    one = line(*((part, "bold" if number % 2 else "") for number, part in enumerate(parts)), indent=indent)
    found = fold(one, width)
    fits(found, width)
    whole = {word for word in text_of(one).split(" ") if columns_of(word) <= width}
    assert whole <= {word for piece in found for word in text_of(piece).split(" ")} | {""}, "what has room is whole"
    assert "".join(map(text_of, found)).replace(" ", "") == text_of(one).replace(" ", "")


@given(plan=plans, width=widths, verbose=st.booleans(), saved=st.one_of(st.none(), speakable))
def test_text_fits_and_is_harmless(plan: Plan, width: int, verbose: bool, saved: str | None) -> None:
    lines = plan_text.render(plan, now=NOW, width=width, verbose=verbose, saved=saved)
    fits(lines, width)
    harmless(plain(lines))
    assert styled(lines).plain == plain(lines)


@given(plan=plans)
def test_verbose_text_names_every_slot(plan: Plan) -> None:
    text = "".join(map(text_of, plan_text.render(plan, now=NOW, width=10_000, verbose=True)))
    for fleet in plan.fleets:
        if not fleet.error:
            units = [one.unit for one in fleet.changes] + [one.unit for one in fleet.held]
            assert all(clean(unit.name) in text for unit in units)


@given(found=st.lists(changes, max_size=20), held=st.lists(helds, max_size=20))
def test_grouping_keeps_every_change_once_and_every_reason(found: list[Change], held: list[Held]) -> None:
    members = [id(one) for group in grouped(found) for one in group.changes]
    assert sorted(members) == sorted(map(id, found))
    reasons = [
        (id(one), group.code, group.text)
        for groups in held_grouped(held).values()
        for group in groups
        for one in group.held
    ]
    assert sorted(reasons) == sorted(
        (id(one), reason.code, hold_words(reason, one.workload.name, one.to)) for one in held for reason in one.reasons
    )


ELEMENTS = frozenset().union(*(Page(report.of_plan(one())).shape() for one in golden.SAMPLES.values())) | {
    ("details", "open")  # of a plan in which no workload has a change
}
"""Elements with their attributes, of pages in which nobody means harm."""


@settings(max_examples=40)
@given(plan=plans)
def test_a_page_has_every_slot_and_call_and_no_text_is_markup(plan: Plan) -> None:
    text = report.of_plan(plan)
    assert text.isascii()
    harmless("".join(f"{one.rstrip()}\n" for one in text.splitlines()))
    page = Page(text)
    assert page.shape() <= ELEMENTS
    slots = sum(len(one.changes) + len(one.held) for one in plan.fleets)
    actions = [one for fleet in plan.fleets if not fleet.violations for one in fleet.actions]
    assert page.lists()["slots"]["count"] == slots
    found = page.lists()["calls"]
    bodies = next(one["values"] for one in found["columns"] if one["key"] == "body") if found["count"] else []
    sent = [json.loads(body) if body else None for body in bodies]
    assert sorted(map(repr, sent)) == sorted(repr(json.loads(msgspec.json.encode(one.request.body))) for one in actions)


@given(plan=plans)
def test_json_gives_the_plan_back(plan: Plan) -> None:
    content = plan_json.encode(plan)
    assert plan_json.encode(plan) == content
    assert plan_json.decode(content) == plan
    assert plan_json.decode(msgspec.json.format(content, indent=2)) == plan


@given(plan=plans, data=st.data())
def test_a_cut_plan_is_refused(plan: Plan, data: st.DataObject) -> None:
    content = plan_json.encode(plan)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(PlanMismatch):
        plan_json.decode(content[:cut])


@given(
    content=st.one_of(st.binary(max_size=40), st.recursive(st.none() | st.text(), st.lists).map(repr).map(str.encode))
)
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(PlanMismatch) as refused:
        plan_json.decode(content)
    assert refused.value.hint


# --- Markdown -------------------------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {"<!-- reconciler:plan -->", "<details>", "</details>"}
SUMMARY = re.compile(r"<summary>(Calls: [\d,]+, in this order|Slots: [\d,]+)</summary>")


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or []]


@given(text=speakable)
def test_foreign_text_is_one_code_span(text: str) -> None:
    tokens = inline(MARKDOWN.parse(f"a {code(text)} b"))
    shown = clean(text)
    if shown.strip() and "##" not in shown:
        assert [token.content for token in tokens if token.type == "code_inline"] == [shown]
    assert {token.type for token in tokens} <= {"text", "code_inline"}


@given(cells=st.lists(speakable, min_size=2, max_size=4))
def test_a_row_has_as_many_cells_as_it_was_given(cells: list[str]) -> None:
    head = row(["h"] * len(cells)) + row(["---"] * len(cells))
    tokens = MARKDOWN.parse(head + row(code(cell) for cell in cells))
    assert sum(token.type == "td_open" for token in tokens) == len(cells)
    spans = [token for token in inline(tokens) if token.type == "code_inline"]
    assert len(spans) == sum(bool(clean(cell).strip()) for cell in cells)


@given(plan=plans, limit=st.integers(SMALLEST, 30_000))
def test_markdown_is_bounded_whole_and_inert(plan: Plan, limit: int) -> None:
    text = plan_markdown.render(plan, now=NOW, limit=limit)
    assert len(text) <= len(text.encode()) <= limit
    assert text.startswith("<!-- reconciler:plan -->\n## Plan: ")
    harmless(text)
    tokens = MARKDOWN.parse(text)
    check_html(tokens)
    check_inline(tokens)
    check_tables(tokens, text)
    slots = sum(not fleet.error for fleet in plan.fleets for _ in fleet.changes)
    assert slots == 0 or "Slots: " in text or "**Left out**" in text


DECISIVE = {
    "changed Connections": "Connections changed",
    "loosened rules": "Loosened by these manifests",
    "violations": "Limits violated",
    "lifted limits": "Limits lifted by the manifests",
    "removals": "Removals",
    "downgrades": "Downgrades",
}
"""What a reviewer must know first, in this order: what it is called where it is left out, and its heading."""


def decisive(plan: Plan) -> dict[str, int]:
    """Return how many there are of each."""
    found = [fleet for fleet in plan.fleets if not fleet.error]
    removals = [change for fleet in found for change in fleet.changes if change.verb is Verb.REMOVE]
    others = [change for fleet in found for change in fleet.changes if change.verb is not Verb.REMOVE]
    return {
        "changed Connections": len(plan.connections),
        "loosened rules": len(plan.loosened),
        "violations": sum(len(fleet.violations) for fleet in found),
        "lifted limits": sum(len(fleet.lifted) for fleet in found),
        "removals": len(removals),
        "downgrades": sum(change.downgrade for change in others),
    }


@given(plan=plans, limit=st.integers(SMALLEST, 12_000))
def test_what_matters_most_is_there_or_counted_and_nothing_else_takes_its_room(plan: Plan, limit: int) -> None:
    text = plan_markdown.render(plan, now=NOW, limit=limit)
    shown = re.findall(r"^### ([A-Z][a-zA-Z ]+[a-z])", text, re.MULTILINE)
    wanted = [heading for noun, heading in DECISIVE.items() if decisive(plan)[noun]]
    for noun, total in decisive(plan).items():
        cut = re.search(rf"([\d,]+) of {total} {noun}[,.]", text)
        left = int(cut[1]) if cut is not None else 0
        assert 0 <= left <= total
        assert (DECISIVE[noun] in shown) == (left < total)
        assert (f"_{left} more of {total} {noun} left out here._" in text) == (0 < left < total)
        if left:
            before = wanted[: wanted.index(DECISIVE[noun]) + (left < total)]
            assert [*shown, *re.findall("<details>", text)] == before
            return
    assert shown[: len(wanted)] == wanted


def check_html(tokens: list[Token]) -> None:
    """Only our own HTML is there, and what opens closes."""
    blocks = [line for token in tokens if token.type == "html_block" for line in token.content.strip().split("\n")]
    assert all(one in OURS or SUMMARY.fullmatch(one) for one in blocks)
    depth = 0
    for one in blocks:
        depth += {"<details>": 1, "</details>": -1}.get(one, 0)
        assert depth in {0, 1}
    assert depth == 0


def check_inline(tokens: list[Token]) -> None:
    """No link, image, HTML, mention or reference is made of foreign text: all of it stands in code spans."""
    assert not {"fence", "code_block", "hr"} & {token.type for token in tokens}
    assert all(token.tag in {"h2", "h3"} for token in tokens if token.type == "heading_open")
    for child in inline(tokens):
        assert child.type in {"text", "code_inline", "strong_open", "strong_close", "em_open", "em_close", "softbreak"}
        if child.type == "text":
            assert not re.search(r"[@#<>`\\]|://|www\.", child.content)


def check_tables(tokens: list[Token], text: str) -> None:
    """Every line that looks like a row is one, and rows have the cells of their head."""
    width, cells, rows = 0, 0, 0
    for token in tokens:
        if token.type == "thead_open":
            width = 0
        width += token.type == "th_open"
        cells = 0 if token.type == "tr_open" else cells + (token.type in {"td_open", "th_open"})
        rows += token.type == "tr_close"
        assert token.type != "tr_close" or cells == width
    separators = sum(one.startswith("| ---") for one in text.split("\n"))
    assert rows == sum(one.startswith("| ") for one in text.split("\n")) - separators


# --- Reports and events ---------------------------------------------------------------------------------------------

outcomes = st.builds(
    Outcome,
    fleet=speakable,
    unit=refs,
    workload=refs,
    verb=st.sampled_from(Verb),
    to=versions,
    result=st.sampled_from(Result),
    detail=speakable,
)
applieds = st.builds(
    Applied,
    run=speakable,
    exit_code=st.sampled_from([0, 3, 4]),
    sent=st.integers(0, 3),
    seconds=st.one_of(st.none(), st.floats(0, 1e6)),
    waited=st.booleans(),
    blocked=st.lists(st.tuples(speakable, violations), max_size=2).map(tuple),
    errors=st.lists(st.tuples(speakable, speakable), max_size=2).map(tuple),
    outcomes=st.lists(outcomes, max_size=12).map(tuple),
)


@given(applied=applieds, width=widths, verbose=st.booleans())
def test_reports_fit_count_everything_and_are_harmless(applied: Applied, width: int, verbose: bool) -> None:
    lines = apply_text.render(applied, width=width, verbose=verbose)
    fits(lines, width)
    harmless(plain(lines))
    assert sum(apply_text.results(applied.outcomes).values()) == len(applied.outcomes)


@given(outcome=outcomes, message=foreign)
def test_an_event_is_one_line(outcome: Outcome, message: str) -> None:
    said = Receipt(ReceiptKind.ACCEPTED, message, 200, refused=((message, message),), answer=message)
    events: list[Any] = [
        Settled(at=NOW, run="r", outcome=outcome),
        Note(at=NOW, run="r", level="error", message=message, fleet=message),
        Called(at=NOW, run="r", fleet="f", call=1, receipt=said, seconds=0.1),
    ]
    for event in events:
        text = plain([event_line.render(event)])
        harmless(text)
        assert text.count("\n") == 1


@given(text=foreign.map(clean))
def test_columns_count_wide_and_combining_characters(text: str) -> None:
    marks = sum(unicodedata.category(one) in {"Mn", "Me"} for one in text)
    assert len(text) - marks <= columns_of(text) <= 2 * len(text)


# --- Annotations ----------------------------------------------------------------------------------------------------

findings = st.lists(
    st.builds(
        Diagnostic,
        code=st.just("unknown-key"),
        message=foreign,
        severity=st.sampled_from(Severity),
        origin=st.builds(Origin, file=foreign, line=st.integers(0, 9), column=st.integers(0, 9)),
        hint=foreign,
        related=st.lists(st.builds(Related, message=foreign, origin=st.builds(Origin, file=foreign)), max_size=2).map(
            tuple
        ),
    ),
    max_size=4,
)


@given(found=findings)
def test_a_finding_is_one_command_of_the_runner_whatever_it_says(found: list[Diagnostic]) -> None:
    lines = list(annotating.github(found, str))
    assert len(lines) == len(found)
    for one in lines:
        assert one.isprintable()
        assert not re.search(r"##\w*\[", one)
        head, _, message = one.removeprefix("::").partition("::")
        assert re.fullmatch(r"(error|warning) (\w+=[^,:]*)(,\w+=[^,:]*)*", head)
        assert not re.search("%(?!25|0A|0D)", message)
    kinds = [one.partition(" ")[0] for one in lines]
    assert kinds == sorted(kinds)


@given(found=findings)
def test_every_finding_is_in_the_report_once(found: list[Diagnostic]) -> None:
    report = json.loads(annotating.gitlab(found, str))
    assert len(report) == len(found) == len({one["fingerprint"] for one in report})
    assert all(one["location"]["path"] and one["location"]["lines"]["begin"] >= 1 for one in report)
