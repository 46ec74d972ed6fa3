"""Findings as text and as JSON values."""

from __future__ import annotations

import msgspec

from reconciler.manifest.finding import WIDEST, clean, diagnostics_builtins, diagnostics_text
from reconciler.model.diagnostic import Diagnostic, Related, Severity
from reconciler.model.origin import Origin


def test_all_parts_in_their_order() -> None:
    one = Diagnostic(
        code="x", message="wrong", severity=Severity.WARNING, origin=Origin("a.yaml", 12, 3), hint="do this",
        related=(Related("the first one", Origin("b.yaml", 2)),), excerpt="  key: value",
    )  # fmt: skip
    assert diagnostics_text([one]) == (
        "a.yaml:12:3: warning: wrong\n  12 |   key: value\n     |   ^\n  b.yaml:2: the first one\n  hint: do this"
    )
    assert msgspec.json.decode(msgspec.json.encode(diagnostics_builtins([one]))) == [
        {
            "severity": "warning", "code": "x", "message": "wrong", "origin": {"file": "a.yaml", "line": 12, "column": 3},
            "hint": "do this", "related": [{"message": "the first one", "origin": {"file": "b.yaml", "line": 2}}],
            "excerpt": "  key: value",
        }
    ]  # fmt: skip


def test_what_stands_nowhere_has_no_place() -> None:
    one = Diagnostic(code="x", message="wrong")
    assert diagnostics_text([one]) == "error: wrong"
    assert diagnostics_builtins([one]) == [{"severity": "error", "code": "x", "message": "wrong"}]


def test_a_long_line_is_cut_around_the_caret() -> None:
    one = Diagnostic(code="x", message="wrong", origin=Origin("a", 1, 5001), excerpt="-" * 5000 + "X" + "-" * 5000)
    _, line, caret = diagnostics_text([one]).split("\n")
    assert len(line) <= WIDEST + 10
    assert line[caret.index("^")] == "X"


def test_control_characters_and_marks_do_not_reach_the_terminal() -> None:
    assert clean("a\x1b[31mb\u202ec\td") == "a\ufffd[31mb\ufffdc\ufffdd"
    hostile = Diagnostic(code="x", message="\x1b]0;x\x07", hint="\x1b", excerpt="\x1b[2J", origin=Origin("\x1b", 1, 1))
    assert "\x1b" not in diagnostics_text([hostile])
