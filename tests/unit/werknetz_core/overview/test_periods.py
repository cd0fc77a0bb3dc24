"""The periods of an overview: equal windows are shared, and each figure has its elements."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz.domain.calendar_history import CalendarHistory
from werknetz.domain.shift import Calendar
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.losses.times import loss_times_of
from werknetz_core.context.time_spec import TimeContext
from werknetz_core.overview.periods import (
    KPIS,
    OEE_ELEMENTS,
    PERIOD_ELEMENTS,
    SPARK_DAYS,
    PeriodDivision,
)

NOW_US = microseconds_of(datetime(2026, 11, 20, 10, 7, tzinfo=UTC))
BERLIN, INDIA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
SHIFTS = {
    "time_zone": "Europe/Berlin",
    "shifts": [{"name": "early", "days": list(range(7)), "start": "06:00", "end": "14:00"}],
}


def calendar() -> CalendarHistory:
    return CalendarHistory(((0, Calendar.parse(SHIFTS)),))


def test_plants_of_one_zone_share_their_windows() -> None:
    division = PeriodDivision(NOW_US)
    first, second = (division.periods_of(TimeContext(NOW_US, BERLIN, calendar())) for _ in range(2))
    elsewhere = division.periods_of(TimeContext(NOW_US, INDIA))
    assert first.current is second.current
    assert first.past is second.past
    assert elsewhere.past is not first.past
    assert elsewhere.shift is None
    assert [len(p.current) for p in (first, elsewhere)] == [2, 1]
    assert len(first.past) == 1 + SPARK_DAYS
    assert first.past[-1].day == date(2026, 11, 20)
    assert first.past[0].end_us == first.current[1].start_us


@pytest.mark.parametrize("is_known", [True, False])
def test_only_the_elements_that_figures_need_are_read(is_known: bool) -> None:
    values = {name: 100.0 + n for n, name in enumerate(ELEMENT_NAMES)}
    if not is_known:
        values |= {name: 0.0 for name in ELEMENT_NAMES if "known" in name or "judged" in name}
    periods = PeriodDivision(NOW_US).periods_of(TimeContext(NOW_US, BERLIN, calendar()))
    rest = {"computed_at": None, "provisional": False}
    current = {n: {name: values[name] for name in PERIOD_ELEMENTS} | rest for n in (1, 2)}
    past = {2: {name: values[name] for name in OEE_ELEMENTS} | rest}
    document = periods.documents(current, past, TimeContext(NOW_US, BERLIN))
    whole = Elements(**values)
    assert {name: document["week"][name] for name in KPIS} == {
        name: CATALOGUE[name].compute(whole)[0] for name in KPIS
    }
    assert document["spark"][0] == CATALOGUE["oee"].compute(whole)[0]
    assert document["spark"][1:] == [None] * 27
    assert document["week_before_oee"] is None
    times = loss_times_of(whole)
    assert document["now"]["times_s"]["production"] == times.step_us("production") / 1e6
