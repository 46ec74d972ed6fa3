"""The README's picture: equal output gives equal bytes, nothing is loaded from elsewhere."""

from __future__ import annotations

import re

from reconciler.views import plan_text
from reconciler.views.line import styled
from tests.docs import picture
from tests.golden.plans import NOW, canary


def coloured() -> str:
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=picture.WIDTH, highlight=False)
    console.print(styled(plan_text.render(canary(), now=NOW, width=picture.WIDTH)), end="")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_picture_is_reproducible_and_stands_alone() -> None:
    drawn = picture.svg(coloured())
    assert drawn == picture.svg(coloured())
    assert "modbus-poller" in drawn
    assert "@font-face" not in drawn
    assert set(re.findall(r"https?://[\w.]+", drawn)) <= {
        "http://www.w3.org",
        "https://www.textualize.io",
        "https://api.losant.com",
    }


def test_the_picture_in_the_repository_is_of_a_plan() -> None:
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert "reconciler" in drawn
    assert "1&#160;s&#160;ago" in drawn
