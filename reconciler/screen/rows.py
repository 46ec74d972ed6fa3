"""A list of any length: only the lines that are on the screen are ever made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from reconciler.views.line import Line, Span
from reconciler.views.top_text import fitting
from reconciler.views.words import visible

Draw = Callable[[int], Line]
"""Makes the line of a position."""


@lru_cache
def _style(words: str, *, chosen: bool, colour: bool) -> Style:
    style = Style.parse(words) if words else Style()
    if not colour:
        style = style.without_color
    return style + Style(reverse=True) if chosen else style


class Rows(Widget, can_focus=True):
    """Lines under a head; with keys one of them is chosen, and stays so while lines come and go around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "move(-1000000000)", show=False),
        Binding("end", "move(1000000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Moved(Message):
        """Another line is chosen."""

    class Chosen(Message):
        """Enter was pressed on the chosen line."""

    def __init__(self, id_: str) -> None:
        """Begin without any line."""
        super().__init__(id=id_)
        self.row = 0
        """The chosen line; without keys, the first one on the screen."""
        self._top = 0
        self._head: Line | None = None
        self._keys: Sequence[str] | None = None
        self.number = 0
        self._draw: Draw = lambda _: ()

    @property
    def key(self) -> str | None:
        """The key of the chosen line."""
        return self._keys[self.row] if self._keys else None

    def fill(self, number: int, draw: Draw, *, head: Line | None = None, keys: Sequence[str] | None = None) -> None:
        """Show other lines. The chosen one is that of the same key, or the one in its place."""
        before = self.key
        self.number, self._draw, self._head, self._keys = number, draw, head, keys
        if keys and before is not None and not (self.row < number and keys[self.row] == before):
            self.row = next((at for at, key in enumerate(keys) if key == before), self.row)
        self._settle()

    def go(self, key: str | None) -> None:
        """Choose the line of a key, else the first one."""
        self.row = self._top = 0
        if key is not None and self._keys:
            self.row = next((at for at, one in enumerate(self._keys) if one == key), 0)
        self._settle()

    @property
    def _room(self) -> int:
        return max(1, self.size.height - (self._head is not None))

    def _settle(self) -> None:
        last = max(0, self.number - self._room)
        if self._keys is None:
            self.row = self._top = max(0, min(self.row, last))
        else:
            self.row = max(0, min(self.row, self.number - 1))
            self._top = max(0, min(max(self._top, self.row - self._room + 1), self.row, last))
        self.refresh()

    def on_resize(self) -> None:
        """Keep the chosen line on the screen."""
        self._settle()

    def action_move(self, by: int) -> None:
        """Choose another line."""
        self.row += by
        self._settle()
        self.post_message(self.Moved())

    def action_page(self, by: int) -> None:
        """Go on by a screen."""
        self.action_move(by * max(1, self._room - 1))

    def action_choose(self) -> None:
        """Say that the chosen line was meant."""
        if self.key is not None:
            self.post_message(self.Chosen())

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        if self._head is not None:
            if y == 0:
                return self._strip(self._head, chosen=False)
            y -= 1
        at = self._top + y
        if at >= self.number:
            return Strip.blank(self.size.width)
        return self._strip(self._draw(at), chosen=self._keys is not None and at == self.row)

    def _strip(self, line: Line, *, chosen: bool) -> Strip:
        width, colour = self.size.width, not self.app.no_color
        spans: list[Span] = [(visible(text), style) for text, style in fitting(line, width)]
        segments = [Segment(text, _style(style, chosen=chosen, colour=colour)) for text, style in spans]
        return Strip(segments).adjust_cell_length(width, _style("", chosen=chosen, colour=colour))
