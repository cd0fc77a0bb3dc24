"""Shortages and shipments in transit, on their boundaries."""

import pytest

from werknetz.kpi.stock.ledger import NEGLIGIBLE
from werknetz.kpi.stock.plan import HOUR_US, clip_spans
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
ALWAYS = ((0, 100 * H),)


def test_an_arrival_at_the_horizon_is_behind_it() -> None:
    use = PlannedUse(1, 10.0, ALWAYS)
    shortage = find_shortage(50.0, [use], [ExpectedArrival(10 * H, 99.0)], 0, 10 * H)
    assert shortage is not None
    assert (shortage.next_arrival, shortage.end_us) == (None, 10 * H)


def test_an_arrival_that_does_not_suffice_does_not_end_the_shortage() -> None:
    arrivals = [ExpectedArrival(6 * H, 5.0), ExpectedArrival(6 * H + 1, 7.0)]
    use = PlannedUse(1, 10.0, ((6 * H, 20 * H),))
    shortage = find_shortage(-100.0, [use], arrivals, 0, 20 * H)
    assert shortage is not None
    assert (shortage.start_us, shortage.next_arrival) == (6 * H, arrivals[1])


def test_the_minimum_is_the_largest_of_all_uses() -> None:
    uses = [PlannedUse(1, 10.0, ALWAYS, minimum=20.0), PlannedUse(2, 10.0, ALWAYS, minimum=60.0)]
    shortage = find_shortage(100.0, uses, [], 0, 20 * H)
    assert shortage is not None
    assert (shortage.start_us, shortage.empty_us) == (2 * H, 5 * H)


def test_at_risk_is_who_consumes_in_planned_time() -> None:
    uses = [
        PlannedUse(1, 0.5, ALWAYS),
        PlannedUse(1, 0.5, ALWAYS),
        PlannedUse(2, 0.0, ALWAYS),
        PlannedUse(3, 9.0, ((0, 1),)),
    ]
    shortage = find_shortage(1.0, uses, [], 0, 10 * H)
    assert shortage is not None
    assert shortage.start_us == pytest.approx(H, rel=1e-6)
    assert shortage.at_risk_us == {1: 2 * (10 * H - shortage.start_us)}


def test_spans_that_only_touch_a_window_are_not_in_it() -> None:
    assert clip_spans([(0, 5), (4, 7), (9, 12)], 5, 9) == [(5, 7)]


def allot(due: list[float], sent: list[float]) -> list[tuple[list[int], int | None]]:
    lines = [OpenDueLine(n, n, n, quantity) for n, quantity in enumerate(due)]
    shipments = [OpenShipmentLine(n, 10 + n, quantity) for n, quantity in enumerate(sent)]
    return [
        ([shipment.id for shipment in line.shipments], line.expected_us)
        for line in allot_shipments(lines, shipments)
    ]


@pytest.mark.parametrize(
    ("due", "sent", "expected"),
    [
        ([5.0], [], [([], None)]),
        ([5.0], [2.0, 3.0, 4.0], [([0, 1], 11)]),
        ([5.0], [2.0, 2.0], [([0, 1], None)]),
        ([2.0, 2.0], [3.0, 1.0], [([0], 10), ([0, 1], 11)]),
        ([2.0, 2.0], [2.0, 2.0], [([0], 10), ([1], 11)]),
        ([1.0, 1.0, 1.0], [3.0], [([0], 10)] * 3),
        ([0.5, 0.5], [0.5], [([0], 10), ([], None)]),
        ([NEGLIGIBLE], [1.0], [([], None)]),
        ([1.0], [NEGLIGIBLE, 1.0], [([1], 11)]),
    ],
)
def test_shipments_fill_due_lines_one_after_the_other(
    due: list[float], sent: list[float], expected: list[tuple[list[int], int | None]]
) -> None:
    assert allot(due, sent) == expected


def test_equal_dates_are_taken_by_number() -> None:
    lines = [OpenDueLine(2, 0, 0, 1.0), OpenDueLine(1, 0, 0, 1.0)]
    shipments = [OpenShipmentLine(9, 5, 1.0), OpenShipmentLine(8, 5, 1.0)]
    first, second = allot_shipments(lines, shipments)
    assert (first.due.id, first.shipments[0].id) == (1, 8)
    assert (second.due.id, second.shipments[0].id) == (2, 9)


def test_what_is_due_when_the_shortage_begins_should_be_there() -> None:
    line = AllottedDueLine(OpenDueLine(1, 5 * H, 5 * H, 1.0), (), 6 * H)
    assert find_missing([line], 5 * H, 0) == [line]
    assert find_missing([line], 5 * H - 1, 0) == []


@pytest.mark.parametrize(("until_us", "delay_s"), [(7 * H, 0.0), (6 * H, 0.0), (5 * H, 3600.0)])
def test_what_is_early_has_no_delay(until_us: int, delay_s: float) -> None:
    line = AllottedDueLine(OpenDueLine(1, until_us, until_us, 1.0), (), 6 * H)
    assert delay_s_of(line, 9 * H) == delay_s
