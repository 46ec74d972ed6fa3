"""What doctor says: which part was examined, in words that fit it."""

from __future__ import annotations

from reconciler.ports import Check
from reconciler.views import doctor_text
from reconciler.views.line import plain


def test_this_machine_is_no_connection() -> None:
    checks = [Check("git", "ok", "git version 2")]
    shown = plain(doctor_text.render([("this machine", checks), ("plant", checks)], width=80))
    assert "This machine\n" in shown
    assert "Connection plant\n" in shown
    assert "Connection this machine" not in shown
