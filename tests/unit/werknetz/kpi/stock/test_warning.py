"""When a line runs short, for how long, and which deliveries should have prevented it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.shift import Calendar
from werknetz.kpi.stock.plan import HOUR_US, clip_spans, planned_spans_of, planned_us_between
from werknetz.kpi.stock.warning import (
    AllottedDueLine,
    ExpectedArrival,
    OpenDueLine,
    OpenShipmentLine,
    PlannedUse,
    allot_shipments,
    delay_s_of,
    find_missing,
    find_shortage,
)

H = HOUR_US
DAY = 24 * H
# Two shifts of eight hours a day, from 6 to 22.
SHIFTS = tuple((day * DAY + 6 * H, day * DAY + 22 * H) for day in range(14))
PRESS = PlannedUse(1, 10.0, SHIFTS)


def test_it_runs_out_in_planned_time_only() -> None:
    # 160 a day: 200 last through the first day and four hours of the second.
    shortage = find_shortage(200.0, [PRESS], [], 0, 7 * DAY)
    assert shortage is not None
    assert (shortage.start_us, shortage.empty_us) == (DAY + 10 * H, DAY + 10 * H)
    assert (shortage.end_us, shortage.next_arrival) == (7 * DAY, None)
    assert shortage.at_risk_us == {1: 12 * H + 5 * 16 * H}


def test_the_next_arrival_ends_it() -> None:
    late = ExpectedArrival(2 * DAY + 8 * H, 500.0)
    shortage = find_shortage(200.0, [PRESS], [late], 0, 7 * DAY)
    assert shortage is not None
    assert (shortage.end_us, shortage.next_arrival) == (late.at_us, late)
    assert shortage.at_risk_us == {1: 12 * H + 2 * H}
    # An arrival later on the day on which it runs out does not hide that it does.
    same_day = ExpectedArrival(DAY + 15 * H, 500.0)
    again = find_shortage(200.0, [PRESS], [same_day], 0, 2 * DAY)
    assert again is not None
    assert (again.start_us, again.at_risk_us) == (DAY + 10 * H, {1: 5 * H})
    in_time = ExpectedArrival(DAY + 10 * H, 500.0)
    assert find_shortage(200.0, [PRESS], [in_time], 0, 2 * DAY) is None


def test_below_the_minimum_is_not_yet_empty() -> None:
    careful = PlannedUse(1, 10.0, SHIFTS, minimum=50.0)
    shortage = find_shortage(200.0, [careful], [ExpectedArrival(DAY + 8 * H, 500.0)], 0, 2 * DAY)
    assert shortage is not None
    assert (shortage.start_us, shortage.empty_us) == (21 * H, None)
    assert shortage.at_risk_us == {1: H + 2 * H}
    below = find_shortage(10.0, [careful], [], 0, 2 * DAY)
    assert below is not None
    assert (below.start_us, below.empty_us) == (6 * H, 7 * H)  # when the shift begins


def test_two_lines_take_from_one_place() -> None:
    night = PlannedUse(2, 20.0, ((22 * H, 30 * H),))
    shortage = find_shortage(200.0, [PRESS, night], [], 0, 3 * DAY)
    assert shortage is not None
    assert shortage.start_us == 24 * H  # 160 by day, then 40 in two hours of the night
    assert shortage.at_risk_us == {1: 32 * H, 2: 6 * H}


def test_without_consumption_there_is_no_shortage() -> None:
    assert find_shortage(0.0, [], [], 0, DAY) is None
    assert find_shortage(0.0, [PlannedUse(1, 10.0, ())], [], 0, DAY) is None
    assert find_shortage(0.0, [PlannedUse(1, 0.0, SHIFTS)], [], 0, DAY) is None
    assert find_shortage(-5.0, [PRESS], [], 0, 6 * H) is None


@given(
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 7 * 24), st.integers(1, 400)), max_size=6),
    st.integers(0, 100),
)
def test_an_hour_by_hour_walk_finds_the_same(
    stock: int, reason: list[tuple[int, int]], minimum: int
) -> None:
    """Ten an hour, in whole hours: a plain loop over hours says in which it must run short."""
    arrivals = [ExpectedArrival(hour * H, float(quantity)) for hour, quantity in reason]
    shortage = find_shortage(
        float(stock), [PlannedUse(1, 10.0, SHIFTS, float(minimum))], arrivals, 0, 7 * DAY
    )
    left, short = float(stock), None
    for hour in range(7 * 24):
        left += sum(quantity for at, quantity in reason if at == hour)
        if not 6 <= hour % 24 < 22:
            continue
        if left - 10 < minimum:
            short = hour
            break
        left -= 10
    assert (shortage is None) is (short is None)
    if shortage is not None and short is not None:
        at_us = short * H + max(left - minimum, 0) / 10 * H
        assert shortage.start_us == pytest.approx(at_us, abs=2)
        assert shortage.start_us < shortage.end_us <= 7 * DAY


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_more_stock_never_runs_short_sooner(line: int, other: int) -> None:
    less, more = (
        find_shortage(float(stock), [PRESS], [], 0, 14 * DAY) for stock in sorted((line, other))
    )
    if more is not None:
        assert less is not None
        assert less.start_us <= more.start_us


def test_what_is_on_its_way_is_for_what_is_due_first() -> None:
    due = [
        OpenDueLine(2, DAY, DAY + H, 100.0),
        OpenDueLine(1, 0, H, 50.0),
        OpenDueLine(3, 2 * DAY, 2 * DAY + H, 10.0),
    ]
    sent = [OpenShipmentLine(8, 3 * DAY, 70.0), OpenShipmentLine(7, 2 * H, 60.0)]
    first, second, third = allot_shipments(due, sent)
    assert (first.due.id, [line.id for line in first.shipments], first.expected_us) == (
        1,
        [7],
        2 * H,
    )
    # 10 of the earlier shipment, 70 of the later one: 20 are not on their way.
    assert (second.due.id, [line.id for line in second.shipments]) == (2, [7, 8])
    assert (second.expected_us, third.shipments, third.expected_us) == (None, (), None)


def test_only_what_should_have_been_there_is_to_blame() -> None:
    due = OpenDueLine(1, DAY, DAY + H, 5.0)
    late = AllottedDueLine(due, (OpenShipmentLine(1, 3 * DAY, 5.0),), 3 * DAY)
    assert find_missing([late], 2 * DAY, 0) == [late]
    assert delay_s_of(late, 0) == 2 * 86_400 - 3600
    assert find_missing([late], 3 * DAY, 0) == []  # there when it is needed
    assert find_missing([late], DAY - 1, 0) == []  # needed before it was due
    unsent = AllottedDueLine(due, (), None)
    assert find_missing([unsent], 2 * DAY, 0) == []  # it is expected when it is due
    assert find_missing([unsent], 2 * DAY, DAY + H) == [unsent]
    assert delay_s_of(unsent, DAY + 3 * H) == 2 * 3600


def test_planned_time_is_shifts_less_breaks() -> None:
    calendar = Calendar.parse({
        "time_zone": "Europe/Berlin",
        "shifts": [{"name": "early", "days": [0, 1, 2, 3, 4], "start": "06:00", "end": "14:00",
                    "breaks": [["10:00", "10:30"]]}],
    })  # fmt: skip
    monday = 1_767_571_200_000_000  # 2026-01-05 00:00 UTC
    spans = planned_spans_of(calendar, monday, monday + 7 * DAY)
    assert sum(end - start for start, end in spans) == 5 * 7.5 * H
    assert spans[0] == (monday + 5 * H, monday + 9 * H)
    edges = [monday + day * DAY for day in range(8)]
    assert planned_us_between(spans, edges) == [int(7.5 * H)] * 5 + [0, 0]
    assert planned_spans_of(None, 0, DAY) == [(0, DAY)]


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=20, unique=True),
    st.lists(st.integers(0, 1000), min_size=2, max_size=8, unique=True),
)
def test_no_planned_time_is_lost_between_edges(points: list[int], edges: list[int]) -> None:
    points.sort()
    edges.sort()
    spans = list(zip(points[::2], points[1::2], strict=False))
    inside = sum(end - start for start, end in clip_spans(spans, edges[0], edges[-1]))
    assert sum(planned_us_between(spans, edges)) == inside
