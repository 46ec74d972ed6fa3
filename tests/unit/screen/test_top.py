"""The screen of `top`, with keys pressed and without a terminal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from threading import Event
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from reconciler.engine.overview import Overview
from reconciler.engine.plan import PlanResult
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.fleet import Manifest
from reconciler.model.hold import HoldReason
from reconciler.model.report import Explanation, FleetStatus, SlotExplanation, SlotStatus, UnitStatus
from reconciler.model.unit import Ref
from reconciler.model.verdict import Health, Sync, Verdict
from reconciler.screen.app import Top
from reconciler.screen.rows import Rows
from reconciler.views.line import columns_of

EVIL = "gw[red]\x1b[31m\u202e\n[/]"
SHOWN = "gw[red]\\x1b[31m\\u202e\\n[/]"
SIZES = [(60, 20), (80, 24), (200, 60)]
Steps = Callable[[Pilot[int], "Screen"], Awaitable[None]]


def unit(name: str, *, failed: bool = False) -> UnitStatus:
    slot = SlotStatus(
        workload="vision",
        desired="v2",
        assigned="v2",
        reported="v1" if failed else "v2",
        verdict=Verdict.FAILED if failed else Verdict.SYNCED,
        sync=Sync.SYNCED,
        health=Health.DEGRADED if failed else Health.HEALTHY,
    )
    return UnitStatus(unit=Ref(id=f"id-{name}", name=name), key=name, reach="connected", slots=(slot,))


def fleet(
    name: str, units: tuple[UnitStatus, ...] = (), *, error: str = "", problems: tuple[str, ...] = ()
) -> FleetStatus:
    return FleetStatus(
        fleet=name,
        connection="plant",
        platform="losant",
        sync=Sync.UNKNOWN if error else Sync.SYNCED,
        health=Health.UNKNOWN if error else Health.HEALTHY,
        units=len(units),
        ready=len(units),
        total=len(units),
        unit_list=None if error else units,
        error=error,
        problems=problems,
    )


def overview(*fleets: FleetStatus, held: int = 0) -> Overview:
    return Overview(
        at=1_800_000_000.0,
        fleets=fleets,
        held={one.fleet: held for one in fleets},
        reasons={one.fleet: Counter({HoldReason.UNREACHABLE: held} if held else {}) for one in fleets},
        planned=cast("PlanResult", None),
        manifest=cast("Manifest", None),
    )


SMALL = overview(
    fleet("austin", (unit("gw-1"), unit("gw-2", failed=True), unit(EVIL))),
    fleet("boston", error="no answer [bold]\x07"),
    held=3,
)


class Screen:
    """A screen with readings that a test gives it."""

    def __init__(self, *readings: Overview | ReconcilerError) -> None:
        self.asked: list[str] = []
        self.again = Event()
        self.readings = list(readings)
        self.more = Event()
        self.end = Event()
        self.wrong: ReconcilerError | None = None
        self.app = Top(self.look, self.explain, self.again.set)

    def look(self) -> Iterator[Overview | ReconcilerError]:
        yield self.readings[0]
        for one in self.readings[1:]:
            self.more.wait(10)
            yield one
        self.end.wait(10)

    def explain(self, found: Overview, asked: str) -> Explanation:
        self.asked.append(asked)
        if self.wrong is not None:
            raise self.wrong
        slot = SlotExplanation(
            fleet="austin",
            unit=Ref(id=asked, name=EVIL),
            workload=Ref(id="w", name="vision"),
            desired="v2",
            won=None,
            verdict=Verdict.SYNCED,
            sync=Sync.SYNCED,
            health=Health.HEALTHY,
        )
        return Explanation(slots=(slot,))

    @property
    def lines(self) -> list[str]:
        """What is on the screen."""
        found = []
        for name in ("title", "upper", "lower", "keys"):
            rows = self.app.query_one(f"#{name}", Rows)
            if rows.display:
                found += [rows.render_line(y).text for y in range(rows.size.height)]
        return found

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def shown(
    steps: Steps, *readings: Overview | ReconcilerError, size: tuple[int, int] = (80, 24), screen: Screen | None = None
) -> Screen:
    """Do steps on a screen that has its first reading."""
    screen = screen or Screen(*(readings or (SMALL,)))

    async def session() -> None:
        async with screen.app.run_test(size=size) as pilot:
            await until(pilot, lambda: "as of" in screen.text)
            await steps(pilot, screen)
            screen.end.set()

    asyncio.run(session())
    return screen


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Let the screen go on until something holds."""
    for _ in range(1000):
        await pilot.pause(0.005)
        if holds():
            return
    raise AssertionError("never")


def test_from_fleets_to_a_unit_and_back() -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        assert "austin" in screen.text
        assert "3 held: unit not connected" in screen.text
        await pilot.press("enter")
        assert "austin" in screen.lines[0]
        assert "1/3" in screen.lines[0]
        await pilot.press("down", "enter")
        await until(pilot, lambda: "desired" in screen.text)
        assert screen.asked == ["id-gw-2"]
        await pilot.press("escape")
        assert "2/3" in screen.lines[0], "the unit is still the chosen one"
        await pilot.press("escape")
        assert "boston" in screen.text

    shown(steps)


@pytest.mark.parametrize("size", SIZES)
def test_names_are_text_and_no_line_is_wider_than_the_screen(size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        for keys in ((), ("down",), ("enter",), ("escape", "up", "enter"), ("end",), ("enter",), ("question_mark",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert all(line.isprintable() and columns_of(line) == size[0] for line in screen.lines), screen.text
            if keys == ("end",):
                assert SHOWN[:15] in screen.text

    shown(steps, size=size)


def test_what_could_not_be_read_has_no_numbers() -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        row = next(line for line in screen.lines if line.startswith("boston"))
        assert not any(character.isdigit() for character in row)
        await pilot.press("down")
        assert "no answer [bold]\\x07" in screen.text
        await pilot.press("enter")
        assert "no answer [bold]\\x07" in screen.text

    shown(steps)


def test_failing_and_search_leave_what_they_say() -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("f")
        assert not any(line.startswith("austin") for line in screen.lines), "no slot of it is among the failed ones"
        await pilot.press("f", "up", "enter", "f")
        assert "failing only  1/1 of 3" in screen.lines[0]
        await pilot.press("f", "slash", "g", "w", "-", "q", "escape")
        assert "1/3" in screen.lines[0], "Escape clears a search; q was a letter of it"
        await pilot.press("slash", "G", "W", "-", "enter")
        assert "/GW-" in screen.lines[0]
        assert "1/2 of 3" in screen.lines[0]
        await pilot.press("slash", "x")
        assert "No unit matches." in screen.text

    shown(steps)


def test_what_is_chosen_stays_chosen_when_others_come_and_it_says_when_it_is_gone() -> None:
    later = overview(fleet("aaa"), fleet("austin", (unit("gw-0"), unit("gw-1"), unit("gw-2"))))
    gone = overview(fleet("aaa"))

    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("enter", "down")
        screen.more.set()
        await until(pilot, lambda: "This is no longer there." in screen.text)
        await pilot.press("escape")
        assert "aaa" in screen.text

    shown(steps, SMALL, gone)

    async def staying(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("enter", "down")
        assert screen.app.query_one("#upper", Rows).key == "id-gw-2"
        screen.more.set()
        await until(pilot, lambda: "gw-0" in screen.text)
        assert screen.app.query_one("#upper", Rows).key == "id-gw-2"
        assert "3/3" in screen.lines[0]

    shown(staying, SMALL, later)


def test_a_reading_that_is_not_possible_leaves_the_last_one_and_says_why() -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        screen.more.set()
        await until(pilot, lambda: "manifests [x] are wrong" in screen.lines[0])
        assert "austin" in screen.text
        await pilot.press("r")
        assert screen.again.is_set()

    shown(steps, SMALL, SettingsError("manifests [x] are wrong"))


def test_an_explanation_that_is_not_possible_says_why() -> None:
    screen = Screen(SMALL)
    screen.wrong = SettingsError("there is no unit [b]")

    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "there is no unit [b]" in screen.text)

    shown(steps, screen=screen)


def test_of_a_hundred_thousand_units_only_those_on_the_screen_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.views import top_text

    drawn: list[str] = []
    real = top_text.unit

    def counted(one: UnitStatus, name: int) -> Any:
        drawn.append(one.key)
        return real(one, name)

    monkeypatch.setattr(top_text, "unit", counted)

    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("enter", "end")
        await until(pilot, lambda: "gw-99999" in screen.text)
        assert "100,000/100,000" in screen.lines[0]

    shown(steps, overview(fleet("big", tuple(unit(f"gw-{number}") for number in range(100_000)))))
    assert 0 < len(drawn) < 1000


def test_keys_work_while_a_reading_goes_on() -> None:
    screen = Screen(SMALL, SMALL)  # the second one comes only when it may

    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press("enter")
        assert "1/3" in screen.lines[0]
        screen.more.set()

    shown(steps, screen=screen)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_it_ends_with_nought(key: str) -> None:
    async def steps(pilot: Pilot[int], screen: Screen) -> None:
        await pilot.press(key)

    screen = shown(steps)
    assert (screen.app.return_value, screen.app.left) == (0, True)


def test_what_makes_the_first_reading_impossible_ends_it() -> None:
    class Broken(Screen):
        def look(self) -> Iterator[Overview | ReconcilerError]:
            raise SettingsError("nothing is there")
            yield SMALL

    screen = Broken()

    async def session() -> None:
        async with screen.app.run_test() as pilot:
            await until(pilot, lambda: screen.app.error is not None)

    asyncio.run(session())
    assert (str(screen.app.error), screen.app.left) == ("nothing is there", False)
