"""What a browser makes of a page, as far as tests ask."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import msgspec


class Page(HTMLParser):
    """The elements of a page, and what stands in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self._open = ""
        self.feed(text)

    def shape(self) -> frozenset[tuple[str, ...]]:
        """Which elements there are, each with the names of its attributes."""
        return frozenset((tag, *sorted(have)) for tag, have in self.elements)

    def lists(self) -> dict[str, Any]:
        """The long lists of a page, by the name of their element."""
        return {
            key.removesuffix("-data"): msgspec.json.decode(text)
            for key, text in self.inside.items()
            if key.endswith("-data")
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._open = dict(attrs).get("id") or tag
            self.inside[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag in {"script", "style"} else self._open

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open] += data
