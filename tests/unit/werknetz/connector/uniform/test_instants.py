"""Times of columns are those of `read_time`, or are left to it."""

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from werknetz.connector.clock.wall_clock import read_time
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.uniform.instants import instants_of
from werknetz.domain.bucket import TIME_MAX_US

NOW_US = 1_796_000_000_000_000
ISO = TimeFormat(path="t")
ZONES = st.sampled_from(
    ["Z", "+00:00", "+01:00", "-05:30", "+24:00", "+0100", "+01:00:30", "z", ""]
)
TEXTS = st.one_of(
    st.builds(
        lambda at, separator, form, zone: at.isoformat(separator, form) + zone,
        st.datetimes(), st.sampled_from("T "), st.sampled_from(
            ["auto", "minutes", "seconds", "milliseconds", "microseconds"]
        ), ZONES,
    ),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,12}Z", fullmatch=True),
    st.text(max_size=30),
)  # fmt: skip


@given(st.lists(TEXTS, min_size=1, max_size=3))
@example(["20261130T170130.123Z"])
@example(["2026-W48-1T17:01:30.125Z"])
@example(["2026-11-30T17:01:60.000Z"])
@example(["2026-11-30T17:01:59.999Z"])
@example(["2026-11-30T17:01:3².000Z"])
@example(["2026-11-30T24:00:00.000Z"])
@example(["9999-12-31T23:59:59.999Z"])
def test_texts(texts: list[str]) -> None:
    instants = instants_of(texts, str, ISO)
    if instants is not None:
        assert [(at_us, True) for at_us in instants] == [
            read_time(text, ISO, arrival_us=NOW_US, is_live=True) for text in texts
        ]


@pytest.mark.parametrize("zone", ["Z", "+00:00", "-05:30"])
@pytest.mark.parametrize("form", ["seconds", "milliseconds", "microseconds"])
def test_usual_texts_are_fast(form: str, zone: str) -> None:
    text = datetime(2026, 11, 30, 17, 1, 30, 125_250).isoformat(timespec=form) + zone  # noqa: DTZ001
    assert instants_of([text], str, ISO) is not None


@given(
    st.lists(
        st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False)), min_size=1, max_size=3
    ),
    st.sampled_from(["unix_s", "unix_ms", "unix_us"]),
)
@example([TIME_MAX_US], "unix_us")
@example([TIME_MAX_US + 1], "unix_us")
@example([1_796_000_000.0005], "unix_s")
def test_numbers(numbers: list[float], form: str) -> None:
    time = TimeFormat(path="t", format=form)
    expected = [read_time(number, time, arrival_us=NOW_US) for number in numbers]
    instants = instants_of(numbers, float, time)
    assert (instants is None) is any(at_us is None for at_us, _ in expected)
    if instants is not None:
        assert [(at_us, True) for at_us in instants] == expected


@pytest.mark.parametrize(
    ("kind", "form"),
    [(float, "iso"), (str, "unix_s"), (None, "iso"), (bool, "unix_s"), (str, "%d.%m.%Y %H:%M")],
)
def test_other_forms_are_left(kind: type | None, form: str) -> None:
    assert instants_of(["2026-11-30T17:01:30Z"], kind, TimeFormat(path="t", format=form)) is None
