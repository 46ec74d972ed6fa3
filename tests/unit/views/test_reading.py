"""How far readings are, as drawn: never wider than the terminal, whatever platforms are called and say."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from reconciler.views.line import columns_of
from reconciler.views.reading import MOST, Readings

names = st.text(max_size=60)


@given(
    st.dictionaries(
        names, st.tuples(names, st.integers(0, 10**7), st.none() | st.integers(0, 10**7), st.integers(0, 99))
    ),
    st.integers(20, 200),
)
def test_a_line_a_connection_none_wider_than_the_terminal(
    told: dict[str, tuple[str, int, int | None, int]], width: int
) -> None:
    readings = Readings(io.StringIO())
    for name, progress in told.items():
        readings.of(name).read(*progress)
    lines = readings.lines(width)
    assert len(lines) == min(len(told), MOST + 1)
    assert all(columns_of(line) <= width and line.isprintable() for line in lines)


def test_rows_of_a_total_a_rate_and_what_is_left() -> None:
    readings = Readings(io.StringIO())
    readings.of("plant")
    assert readings.lines(80)[0].startswith("plant: waiting for the first answer")
    plant = readings.of("plant")
    plant.read("devices", 1000, 100_000, 1)
    assert readings.lines(80) == ["─" * 20 + " plant: 1,000 of 100,000 devices"]
    readings._now["plant"] = None
    plant.read("devices", 0, 100_000, 1)
    stretch = readings._now["plant"]
    assert stretch is not None
    readings.take("plant", "devices", 50_000, 100_000, 50)
    before = readings._now["plant"]
    assert before is not None
    assert before.began == stretch.began, "the same collection goes on"
    readings.take("plant", "devices", 10, 100_000, 1)
    again = readings._now["plant"]
    assert again is not None
    assert again.first == 10, "it is read again"
    plant.read("devices of gw\x1b[1m", 7)
    assert readings.lines(80) == ["plant: 7 devices of gw\\x1b[1m"]


def test_what_has_no_room_is_left_out() -> None:
    readings = Readings(io.StringIO())
    readings.take("plant", "devices", 0, 100_000, 1)
    stretch = readings._now["plant"]
    assert stretch is not None
    readings._now["plant"] = type(stretch)("devices", stretch.began - 10.0, 0, 50_000, 100_000, 50)
    assert readings.lines(100)[0].endswith("50,000 of 100,000 devices, 10 s left, 5,000/s, 50 pages")
    assert readings.lines(62)[0] == "plant: 50,000 of 100,000 devices, 10 s left, 5,000/s, 50 pages"
    assert readings.lines(45)[0] == "plant: 50,000 of 100,000 devices, 10 s left"
    assert readings.lines(34)[0] == "plant: 50,000 of 100,000 devices"
    assert readings.lines(20)[0] == "50,000 of 100,000"
