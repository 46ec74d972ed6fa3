"""Templates → HTML. All names are escaped, and cleaned as everywhere else; nothing is drawn by script or style in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import FunctionLoader

from reconciler.model.hold import Closing
from reconciler.model.report import Explanation, SlotExplanation
from reconciler.views import explain_text
from reconciler.views.line import plain
from reconciler.views.reason_words import LABELS
from reconciler.views.rollout_words import closing_words
from reconciler.views.words import clean, commit_words, count, moment, version, visible
from reconciler.web.templates import asset, environment

TYPES = {".svg": "image/svg+xml", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
TONES = (
    ("ready", "good"),
    ("moving", "info"),
    ("waiting", "info"),
    ("out-of-sync", "warn"),
    ("unknown", "warn"),
    ("failed", "bad"),
    ("stuck", "bad"),
)
"""How slots stand, in the order of a bar, and its colour."""
WIDTH = 100


def assets() -> dict[str, tuple[bytes, str]]:
    """Return what pages load besides, by name, each with its type."""
    folder = files("reconciler.web").joinpath("assets")
    kinds = {one.name: TYPES.get(one.name[one.name.rfind(".") :], "") for one in folder.iterdir()}
    return {name: (folder.joinpath(name).read_bytes(), kind) for name, kind in kinds.items() if kind}


class Pages:
    """Renders templates by name."""

    def __init__(self) -> None:
        self._environment = environment().overlay(loader=FunctionLoader(_template))
        self._environment.filters = {
            **self._environment.filters,
            "clean": lambda text: clean(str(text)),
            "count": count,
            "commit": lambda commit: commit_words(commit, 12),
            "version": version,
            "when": _when,
            "reasons": _reasons,
            "parts": parts,
            "closing": _closing,
            "explained": _explained,
        }

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Return a page."""
        return self._environment.get_template(name).render(values)


def _template(name: str) -> str:
    """Return a template: one of pages, else one that reports stand on as well."""
    own = files("reconciler.web").joinpath("pages", name)
    return own.read_text(encoding="utf-8") if own.is_file() else asset(name)


def parts(standings: Mapping[str, int]) -> list[tuple[float, str]]:
    """Return how slots stand as parts of a bar, in thousandths."""
    whole = max(sum(standings.values()), 1)
    return [(round(standings.get(name, 0) * 1000 / whole, 1), tone) for name, tone in TONES]


def visible_lines(text: str) -> str:
    """Return a text of several lines without anything that nobody sees."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _when(text: str) -> str:
    return f"{text[:10]} {text[11:19]} UTC"


def _reasons(found: Mapping[str, int]) -> str:
    known = {one.value: words for one, words in LABELS.items()}
    ranked = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{known.get(code, code)} {number:,}" for code, number in ranked)


def _closing(one: Closing) -> str:
    return f"Closed: {closing_words(one)}"


def _explained(slot: SlotExplanation) -> str:
    lines: Sequence[Any] = explain_text.render(Explanation(slots=(slot,)), now=_read(slot), width=WIDTH)
    return plain(lines[1:])


def _read(slot: SlotExplanation) -> float:
    """Return the time by which ages of a slot are said: that of its reading, so that the page stays true while it is shown."""
    found = moment(slot.seen.read_at) if slot.seen is not None and slot.seen.read_at else None
    return found or 0.0
