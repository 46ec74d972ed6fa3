"""The screen of `reconciler top`: fleets, the units of one, why one is as it is. Readings are made beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from reconciler.engine.overview import Overview, failing, unit_failing
from reconciler.errors import ReconcilerError
from reconciler.model.hold import HoldReason
from reconciler.model.report import Explanation, UnitStatus
from reconciler.screen.rows import Rows
from reconciler.views import explain_text, top_text
from reconciler.views.line import Line, columns_of, folded, line
from reconciler.views.words import clean

WIDEST = 40
"""Columns of a unit's name at most."""
FEWEST = 3
"""Lines of fleets that are shown at least, with their head."""

Look = Callable[[], Iterator[Overview | ReconcilerError]]
Explain = Callable[[Overview, str], Explanation]


class Top(App[int]):
    """Shows the last reading; what is chosen stays chosen in the next one."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    Rows { width: 100%; height: 1fr; background: ansi_default; }
    #title, #keys { height: 1; }
    #gap { height: 1; }
    Input { height: 1; border: none; padding: 0; display: none; background: ansi_default; color: ansi_default; }
    Input:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "leave", show=False, priority=True),
        Binding("q", "leave", show=False),
        Binding("escape", "up", show=False, priority=True),
        Binding("tab,shift+tab", "other", show=False, priority=True),
        Binding("f", "failing", show=False),
        Binding("slash", "search", show=False),
        Binding("r", "again", show=False),
        Binding("question_mark", "help", show=False),
    ]

    def __init__(self, look: Look, explain: Explain, again: Callable[[], None]) -> None:
        """Take what reads again and again, what explains a unit by its id, and what has it read at once."""
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.error: BaseException | None = None
        """What no later reading can mend."""
        self.left = False
        """Whether somebody wanted to end it."""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self._look, self._explain, self._again = look, explain, again
        self._found: Overview | None = None
        self._trouble = ""
        self._fleet = self._unit = ""
        self._help = False
        self._only_failing = {"fleets": False, "units": False}
        self._sought = {"fleets": "", "units": ""}
        self._units: list[UnitStatus] = []
        self._said: list[Line] | ReconcilerError | Explanation | None = None

    def compose(self) -> ComposeResult:
        """Return what the screen is made of."""
        for name in ("title", "upper", "gap", "lower"):
            yield Rows(name)
        yield Input(id="sought", select_on_focus=False)
        yield Rows("keys")

    def on_mount(self) -> None:
        """Begin to read."""
        for name in ("title", "gap", "keys"):
            self._rows(name).can_focus = False
        self._rows("upper").focus()
        self.reader.start()
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._draw)

    def _rows(self, name: str) -> Rows:
        return self.query_one(f"#{name}", Rows)

    @property
    def _view(self) -> str:
        return "help" if self._help else "unit" if self._unit else "units" if self._fleet else "fleets"

    # readings, in a thread of their own

    def _read(self) -> None:
        with ExitStack() as reading:
            reading.push(self._ended)
            for found in self._look():
                self.call_later(self._take, found)
        self.call_later(self.exit, 0)

    def _ended(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep what ended the readings, whatever it is: the command raises it once the screen is left."""
        del kind, trace
        self.error = error
        return True

    def _take(self, found: Overview | ReconcilerError) -> None:
        """Show a reading, or why there is none; the last one stays."""
        if isinstance(found, ReconcilerError):
            self._trouble = found.advised
        else:
            self._found, self._trouble = found, ""
            if self._unit:
                self._ask()
        self._draw()

    def _ask(self) -> None:
        """Have the chosen unit explained, beside the screen: git is asked for authors."""
        found, unit = self._found, self._unit

        def explain() -> None:
            try:
                said: Explanation | ReconcilerError = (
                    self._explain(found, unit) if found is not None else Explanation(slots=())
                )
            except ReconcilerError as error:
                said = error
            self.call_later(self._hear, unit, said)

        threading.Thread(target=explain, daemon=True).start()

    def _hear(self, unit: str, said: Explanation | ReconcilerError) -> None:
        if unit == self._unit:
            self._said = said
            self._draw()

    # what is drawn

    def _draw(self) -> None:
        if not self.query("#keys"):  # the screen is being left
            return
        view, upper, lower = self._view, self._rows("upper"), self._rows("lower")
        self.query_one("#gap").display = view == "fleets"
        lower.display = view != "units"
        upper.display = view in {"fleets", "units"}
        if self._found is None:
            self._lines(upper, [])
            self._lines(lower, [])
        elif view == "help":
            self._lines(lower, top_text.help_lines(self.size.width))
        elif view == "unit":
            self._lines(lower, self._explanation(self._found))
        elif view == "units":
            self._draw_units(self._found, upper)
        else:
            self._draw_fleets(self._found, upper, lower)
        self._draw_bars(view)

    @staticmethod
    def _lines(rows: Rows, lines: list[Line]) -> None:
        rows.fill(len(lines), lines.__getitem__)

    def _draw_fleets(self, found: Overview, upper: Rows, lower: Rows) -> None:
        sought = self._sought["fleets"].casefold()
        shown = [
            one
            for one in found.fleets
            if sought in one.fleet.casefold() and (failing(one) or not self._only_failing["fleets"])
        ]
        head, lines = top_text.fleets(shown, found.held, self.size.width)
        half = max(FEWEST, (self.size.height - 3) // 2)
        upper.styles.height = min(len(lines) + 1, half)
        upper.fill(len(lines), lines.__getitem__, head=head, keys=[one.fleet for one in shown])
        self._draw_details(found, upper, lower)

    def _draw_details(self, found: Overview, upper: Rows, lower: Rows) -> None:
        one = found.fleet(upper.key or "")
        if one is None:
            self._lines(lower, [line(top_text.NO_FLEET)])
            return
        reasons: Mapping[HoldReason, int] = found.reasons.get(one.fleet, {})
        self._lines(lower, top_text.details(one, reasons, now=found.at, width=self.size.width))

    def _draw_units(self, found: Overview, upper: Rows) -> None:
        fleet = found.fleet(self._fleet)
        everybody = fleet.unit_list or () if fleet is not None else ()
        sought, only = self._sought["units"].casefold(), self._only_failing["units"]
        units = [
            one
            for one in everybody
            if (not sought or sought in f"{one.unit.name} {one.unit.id}".casefold()) and (not only or unit_failing(one))
        ]
        self._units = units
        upper.styles.height = "1fr"
        if not units:
            self._lines(upper, top_text.no_unit(fleet, self.size.width))
            return
        longest = max((one.key for one in units), key=len)
        name = max(len(top_text.UNIT_HEAD[0]), min(columns_of(clean(longest)), WIDEST, self.size.width // 3))
        upper.fill(
            len(units),
            lambda at: top_text.unit(units[at], name),
            head=top_text.unit_head(name),
            keys=[one.unit.id for one in units],
        )

    def _explanation(self, found: Overview) -> list[Line]:
        if self._said is None:
            return [line((top_text.READING, "dim"))]
        if isinstance(self._said, Explanation):
            return explain_text.render(self._said, now=found.at, width=self.size.width)
        return folded([line((clean(str(self._said)), "red"))], self.size.width)

    def _draw_bars(self, view: str) -> None:
        width = self.size.width
        where = [one for one in (self._fleet, self._unit_name()) if one]
        status = top_text.READING if self._found is None else self._trouble or top_text.read_at(self._found.at)
        title = top_text.title(where, self._shown(view), status, width, trouble=bool(self._trouble))
        self._lines(self._rows("title"), [title])
        searching = self.query_one("#sought").display
        self._lines(self._rows("keys"), [top_text.keys("search" if searching else view, width)])

    def _unit_name(self) -> str:
        return next((one.key for one in self._units if one.unit.id == self._unit), self._unit) if self._unit else ""

    def _shown(self, view: str) -> str:
        """Return how much of a list is shown."""
        if view not in self._sought or self._found is None:
            return ""
        upper = self._rows("upper")
        fleet = self._found.fleet(self._fleet)
        units = fleet.unit_list if fleet is not None else ()
        all_ = len(self._found.fleets if view == "fleets" else units or ())
        rows = upper.number if upper.key is not None else 0
        return top_text.filtered(
            top_text.position(upper.row, rows, all_), self._sought[view], failing=self._only_failing[view]
        )

    # keys

    def on_rows_moved(self) -> None:
        """Show what belongs to the line that is chosen now."""
        if self._found is not None and self._view == "fleets" and self.focused is self._rows("upper"):
            self._draw_details(self._found, self._rows("upper"), self._rows("lower"))
        self._draw_bars(self._view)

    def on_rows_chosen(self) -> None:
        """Go into a fleet, or a unit."""
        upper = self._rows("upper")
        key = upper.key
        if key is None or self._help:
            return
        if self._view == "fleets":
            self._fleet, self._sought["units"], self._only_failing["units"] = key, "", self._only_failing["fleets"]
            self._draw()
            upper.go(None)
            self._draw_bars(self._view)
        elif self._view == "units":
            self._unit, self._said = key, None
            self._rows("lower").go(None)
            self._ask()
            self._draw()
            self._rows("lower").focus()

    def action_up(self) -> None:
        """End a search, else go back to where this came from."""
        if self.query_one("#sought").display:
            self._sought[self._view] = ""
            self._end_search()
        elif self._help:
            self._help = False
        elif self._unit:
            self._unit = ""
        elif self._sought[self._view]:
            self._sought[self._view] = ""
        elif self._fleet:
            fleet, self._fleet = self._fleet, ""
            self._draw()
            self._rows("upper").go(fleet)
        self._draw()
        self._focus()

    def _focus(self) -> None:
        self._rows("lower" if self._view in {"unit", "help"} else "upper").focus()

    def action_other(self) -> None:
        """Go between fleets and what is said of the chosen one."""
        if self._view == "fleets" and not self.query_one("#sought").display:
            here = self.focused is self._rows("upper")
            self._rows("lower" if here else "upper").focus()

    def action_failing(self) -> None:
        """Show only what failed, or all again."""
        if self._view in self._only_failing:
            self._only_failing[self._view] = not self._only_failing[self._view]
            self._draw()

    def action_search(self) -> None:
        """Let a name be typed."""
        if self._view in self._sought:
            field = self.query_one("#sought", Input)
            field.value, field.display = self._sought[self._view], True
            field.focus()
            self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what bears the name so far."""
        if event.input.display and self._view in self._sought:
            self._sought[self._view] = event.value
            self._draw()

    def on_input_submitted(self) -> None:
        """Keep what was sought."""
        self._end_search()
        self._draw()

    def _end_search(self) -> None:
        self.query_one("#sought").display = False
        self._focus()

    def action_again(self) -> None:
        """Read at once."""
        self._again()

    def action_help(self) -> None:
        """Show what keys do."""
        self._help = not self._help
        self._rows("lower").go(None)
        self._draw()
        self._focus()

    def action_leave(self) -> None:
        """End."""
        self.left = True
        self.exit(0)

    def leave(self) -> None:
        """End, from a signal."""
        self.call_later(self.action_leave)
