"""Lines and tables by example."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from reconciler.views.line import COMMAND, Line, Row, aligned, columns_of, fold, line, plain, styled, table, text_of
from reconciler.views.words import LONGEST, clean, harmless


def texts(lines: list[Line]) -> list[str]:
    return [text_of(one).rstrip() for one in lines]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gw-7", "gw-7"),
        ("日本語 é 🚀", "日本語 é 🚀"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("\xa0", "\\xa0"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_cannot_be_shown_becomes_an_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_long_texts_say_how_long_they_were() -> None:
    assert clean("x" * LONGEST) == "x" * LONGEST
    assert clean("x" * 12345) == "x" * LONGEST + "… (12,345 characters in all)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fe80::1 is up", "fe80::1 is up"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("see ## [1]", "see ## [1]"),
        ("a ##[group]b ##vso[x]", "a ##\\x5bgroup]b ##vso\\x5bx]"),
    ],
)
def test_build_servers_find_no_command(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_folding_breaks_at_spaces_and_hangs() -> None:
    one = line("alpha beta gamma delta epsilon", indent=2)
    assert texts(fold(one, 20)) == ["  alpha beta gamma", "    delta epsilon"]
    assert texts(fold(one, 20, 6)) == ["  alpha beta gamma", "      delta epsilon"]
    assert fold(one, 40) == [one]


def test_a_word_is_broken_only_where_it_fits_nowhere() -> None:
    assert texts(fold(line("at " + "x" * 30), 20)) == ["at " + "x" * 17, "  " + "x" * 13]
    assert texts(fold(line("at a " + "x" * 16), 20)) == ["at a", "  " + "x" * 16]
    assert texts(fold(line("日" * 15), 20)) == ["日" * 10, "  " + "日" * 5]


def test_a_word_that_has_room_further_out_stays_whole() -> None:
    assert texts(fold(line("at a " + "x" * 20), 20)) == ["at a", "x" * 20]
    assert texts(fold(line("read from   " + "x" * 28), 30, 14)) == ["read from", "  " + "x" * 28]


def test_a_path_is_broken_at_a_slash() -> None:
    assert texts(fold(line("POST /applications/abcdef/edge"), 22)) == ["POST /applications/", "  abcdef/edge"]


def test_a_command_can_be_pasted_from_however_many_lines() -> None:
    command = "reconciler apply 'a folder' --plan plan.json"
    assert texts(fold(line("Apply with:", " ", (command, COMMAND)), 80)) == [f"Apply with: {command}"]
    assert texts(fold(line("Apply with:", " ", (command, COMMAND)), 40)) == [
        "Apply with:",
        "  reconciler apply 'a folder' --plan \\",
        "   plan.json",
    ]
    for width in (24, 30, 40):
        found = texts(fold(line("Apply with:", " ", (command, COMMAND)), width))
        assert shlex.split("\n".join(found[1:]).replace("\\\n", "")) == shlex.split(command), "as a shell takes it"


def test_styles_survive_folding() -> None:
    found = fold(line(("alpha beta ", "bold"), ("gamma delta", "red")), 20)
    assert found == [(("alpha beta ", "bold"), ("gamma", "red")), (("  ", ""), ("delta", "red"))]


def test_cells_stand_in_columns() -> None:
    rows: list[Row] = [["a", ("1,000", "bold"), "x"], ["bcd", "2", ""]]
    assert texts(aligned(rows, 40, indent=1, right=frozenset({1}))) == [" a    1,000  x", " bcd      2"]


def test_a_wide_cell_pushes_its_own_row_only() -> None:
    rows = [["a", "b"], ["wider than a third of it", "c"], ["dd", "e"]]
    assert texts(aligned(rows, 40)) == ["a   b", "wider than a third of it  c", "dd  e"]


def test_columns_that_do_not_fit_follow_each_other() -> None:
    rows = [["a" * 6, "b" * 6, "c" * 6], ["d", "e", "f"]]
    assert texts(aligned(rows, 20)) == ["aaaaaa  bbbbbb", "  cccccc", "d  e  f"]


def test_tables_become_blocks_where_they_do_not_fit() -> None:
    head = ("Name", "Words")
    rows: list[Row] = [["gw", "all is well and calm"], [("gw-2", "bold"), ""]]
    assert texts(table(head, rows, 40)) == ["Name  Words", "gw    all is well and calm", "gw-2"]
    assert texts(table(head, rows, 20)) == ["gw", "  Words  all is well", "    and calm", "gw-2"]


def test_columns_of_wide_and_combining_characters() -> None:
    assert [columns_of(text) for text in ("abc", "日本", "e\u0301", "")] == [3, 4, 1, 0]


def test_colour_says_the_same_as_plain_text() -> None:
    lines = [line(("Fleet ", "bold"), "austin   "), (), line(("  ::error::x", "red"))]
    assert plain(lines) == "Fleet austin\n\n  \\x3a:error::x\n"
    assert styled(lines).plain == plain(lines)
    assert [str(span.style) for span in styled(lines).spans] == ["bold"]


def test_plain_views_import_no_rich() -> None:
    program = (
        "import sys\n"
        "from reconciler.views import apply_text, doctor_text, difference_text, event_line, explain_text, plan_json\n"
        "from reconciler.views import plan_markdown, plan_text, progress, status_text\n"
        "from reconciler.views.line import COMMAND, plain\n"
        "from tests.golden.plans import NOW, large\n"
        "plain(plan_text.render(large(), now=NOW, width=80)), plan_markdown.render(large(), now=NOW)\n"
        "sys.exit('rich' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
