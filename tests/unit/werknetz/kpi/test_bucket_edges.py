"""Buckets at their edges: what lies on one counts once, and what goes on is passed on."""

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, OrderRun, compute_buckets
from werknetz.kpi.timeline.reports import OPEN_US, Reports, StateSpan

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
LATER = T0 + 10_000 * BUCKET_US


def at(minute: float) -> int:
    return T0 + round(minute * MINUTE)


def states(*rows: tuple[float, S], code: str | None = None) -> Series:
    return Series.of(
        [at(minute) for minute, _ in rows], [float(state) for _, state in rows],
        text=[code] * len(rows),
    )  # fmt: skip


def orders(*rows: tuple[float, str]) -> Series:
    instants = [at(minute) for minute, _ in rows]
    return Series.of(instants, [None] * len(rows), text=[text for _, text in rows])


def compute(
    samples: MachineSamples, *, first: int = 0, buckets: int = 1, carry: Carry | None = None,
    now_us: int = LATER,
) -> ComputedBuckets:  # fmt: skip
    span = BucketRange(T0 + first * BUCKET_US, buckets, now_us)
    return compute_buckets(samples, PlannedTime.always(), carry or Carry(), span)


@pytest.mark.parametrize(
    ("minute", "failures"),
    [(0, [1, 0]), (14.99, [1, 0]), (15, [0, 1]), (29.99, [0, 1]), (30, [0, 0])],
)
def test_a_failure_counts_in_the_bucket_in_which_it_begins(
    minute: float, failures: list[int]
) -> None:
    faults = states((minute, S.MALFUNCTION), (minute + 5, S.PRODUCING))
    computed = compute(MachineSamples(state=faults), buckets=2)
    assert computed.columns["fe"].tolist() == failures
    alone = [compute(MachineSamples(state=faults), first=n).columns["fe"][0] for n in (0, 1)]
    assert alone == failures


@pytest.mark.parametrize(
    ("rows", "runs"),
    [
        pytest.param([(0, "A")], [("A", 0, None)], id="it begins with the range"),
        pytest.param([(-5, "A"), (0, "")], [("A", 0, 0)], id="one before ends with its start"),
        pytest.param([(-5, "A"), (-1, "")], [], id="one before"),
        pytest.param([(5, "A"), (15, "")], [("A", 5, 15)], id="it ends with the range"),
        pytest.param([(5, "A"), (15.1, "")], [("A", 5, None)], id="it ends later"),
        pytest.param([(15, "A")], [], id="it begins with the next range"),
        pytest.param([(14.9, "A")], [("A", 14.9, None)], id="it begins just before that"),
        pytest.param([(5, "A"), (9, "B")], [("A", 5, 9), ("B", 9, None)], id="two"),
    ],
)
def test_orders_of_a_range(
    rows: list[tuple[float, str]], runs: list[tuple[str, float, float | None]]
) -> None:
    computed = compute(MachineSamples(order=orders(*rows)))
    assert computed.orders == [
        OrderRun(number, at(start), None if end is None else at(end), None)
        for number, start, end in runs
    ]


def test_what_is_passed_on_is_what_holds_right_before_the_edge() -> None:
    samples = MachineSamples(
        state=states((0, S.PRODUCING), (15, S.IDLE), (30, S.SETUP), code="7"),
        order=orders((0, "A"), (15, "B"), (30, "C")),
        run_time=Series.of([at(0), at(15), at(30)], [0.25, 2.0, 3.0]),
    )
    first, second = compute(samples, buckets=2).carries
    assert (first.state, first.code, first.order, first.run_time_s) == (
        S.PRODUCING, "7", "A", 0.25,
    )  # fmt: skip
    assert (second.state, second.code, second.order, second.run_time_s) == (
        S.IDLE, "7", "B", 2.0,
    )  # fmt: skip
    assert first.fault is first.unknown_until_us is first.by_others is None


@pytest.mark.parametrize(
    ("rows", "run_time_s"),
    [
        pytest.param([], None, id="never one"),
        pytest.param([(5, 2.0), (9, 0.0)], 0.0, id="none any more"),
        pytest.param([(15, 2.0)], None, id="not before the edge"),
        pytest.param([(14.9, 2.0)], 2.0, id="just before the edge"),
    ],
)
def test_a_run_time_that_ended_differs_from_none_at_all(
    rows: list[tuple[float, float]], run_time_s: float | None
) -> None:
    series = Series.of([at(minute) for minute, _ in rows], [value for _, value in rows])
    assert compute(MachineSamples(run_time=series)).carries[0].run_time_s == run_time_s


@pytest.mark.parametrize(
    ("begin", "fault"),
    [
        (15, None),
        (15 - 1 / MINUTE, (at(15) - 1, True)),
        (14.9, (at(14.9), True)),
        (0, (at(0), True)),
    ],
)
def test_a_fault_that_goes_on_is_passed_on(begin: float, fault: tuple[int, bool] | None) -> None:
    computed = compute(MachineSamples(state=states((-5, S.PRODUCING), (begin, S.MALFUNCTION))))
    assert computed.carries[0].fault == fault


@pytest.mark.parametrize(
    ("gap", "unknown_until"),
    [
        pytest.param((5, 20), 20, id="it spans the edge"),
        pytest.param((5, 15), None, id="it ends with it"),
        pytest.param((15, 20), None, id="it begins with it"),
    ],
)
def test_a_gap_that_spans_an_edge_is_passed_on(
    gap: tuple[float, float], unknown_until: float | None
) -> None:
    samples = MachineSamples(state=states((0, S.PRODUCING)), unknown=((at(gap[0]), at(gap[1])),))
    computed = compute(samples)
    expected = None if unknown_until is None else at(unknown_until)
    assert computed.carries[0].unknown_until_us == expected
    assert computed.carries[0].state == S.PRODUCING  # as sampled
    inside = max(0, min(gap[1], 15) - min(gap[0], 15))
    assert computed.elements_of(0).unknown_s == inside * 60


def test_a_gap_that_began_before_the_range_hides_its_part() -> None:
    samples = MachineSamples(state=states((-9, S.PRODUCING)), unknown=((at(-5), at(5)),))
    assert compute(samples).elements_of(0).unknown_s == 300


def test_a_gap_that_ended_with_the_range_before_begins_no_second_fault() -> None:
    samples = MachineSamples(state=states((-20, S.MALFUNCTION)), unknown=((at(-10), at(0)),))
    carry = Carry(int(S.MALFUNCTION), fault=(at(-20), True))
    computed = compute(samples, carry=carry)
    assert computed.columns["fe"].tolist() == [0]
    assert computed.columns["ttr_s"].tolist() == [900]


def test_what_is_reported_and_planned_is_known_time() -> None:
    total = CountSeries(1, Role.TOTAL_COUNT, Series.of([at(0)], [0.0]))
    samples = MachineSamples(state=states((0, S.PRODUCING)), counts=(total,))
    elements = compute(samples).elements_of(0)
    assert (elements.pq_known_s, elements.gq_known_s, elements.plan_known_s) == (900, 0, 0)


@pytest.mark.parametrize(
    ("reports", "by_others"),
    [
        (Reports(), None),
        (Reports(states=(StateSpan(at(0), OPEN_US, int(S.SETUP), "mes"),)), None),
        (Reports(entries=(StateSpan(at(9), at(20), int(S.SETUP), "tool"),)),
         (int(S.SETUP), "tool", 0.0)),
        (Reports(entries=(StateSpan(at(9), at(15), int(S.SETUP), "tool"),)),
         (int(S.SETUP), "tool", 0.0)),
        (Reports(entries=(StateSpan(at(15), at(20), int(S.SETUP), "tool"),)), None),
        (Reports(entries=(StateSpan(at(9), at(20), None, "jam"),)), (int(S.IDLE), "jam", 0.0)),
        (Reports(run_time_by_order={"A": 0.5}), (int(S.IDLE), None, 0.5)),
    ],
)  # fmt: skip
def test_what_others_report_at_an_edge_is_passed_on(
    reports: Reports, by_others: tuple[int, str | None, float] | None
) -> None:
    samples = MachineSamples(state=states((0, S.IDLE)), order=orders((0, "A")), reports=reports)
    assert compute(samples).carries[0].by_others == by_others


@pytest.mark.parametrize(("now", "seconds"), [(0, 0), (5, 300), (15, 900), (20, 900), (-5, 0)])
def test_time_is_counted_up_to_the_present(now: float, seconds: float) -> None:
    computed = compute(MachineSamples(state=states((-9, S.PRODUCING))), now_us=at(now))
    assert computed.elements_of(0).apt_s == seconds


def test_pieces_are_cut_where_something_differs_and_at_buckets() -> None:
    samples = MachineSamples(
        state=Series.of(
            [at(0), at(3), at(6), at(20)], [1.0, 1.0, 1.0, 1.0], text=["a", "b", "b", "b"]
        ),
        order=orders((0, "A"), (9, "B")),
        run_time=Series.of([at(4)], [2.0]),  # no piece of its own
    )
    pieces = compute(samples, buckets=2).intervals
    rows = zip(pieces.start.tolist(), pieces.end.tolist(), pieces.code, pieces.order, strict=True)
    assert [((start - T0) / MINUTE, (end - T0) / MINUTE, c, o) for start, end, c, o in rows] == [
        (0, 3, "a", "A"), (3, 9, "b", "A"), (9, 15, "b", "B"), (15, 30, "b", "B"),
    ]  # fmt: skip
