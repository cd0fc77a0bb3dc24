"""Quantities by what is reported: what nobody reports is in no sum, and phases are apart."""

import numpy as np
import pytest

from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.counts import SummedQuantities, sum_quantities
from werknetz.kpi.knowledge.frame import Frame
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.knowledge.state_time import StateTime
from werknetz.kpi.series import CountSeries, Series, run_time_steps_of

EDGES = np.array([0, 10, 20, 30, 40])
ONE_SECOND = run_time_steps_of(None, 1.0)  # an item, so planned seconds are items
T, G, S, R = Role.TOTAL_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT
COUNTED = {T: 10.0, G: 7.0, S: 3.0, R: 2.0}
FROM_ZERO = CounterStart(0.0, 0)


def state_time(*parts: tuple[int, str]) -> StateTime:
    """Build from the end and the kind of each part; the first begins at 0."""
    ends = [end for end, _ in parts]
    return StateTime.of(
        np.array([0, *ends[:-1]]), np.array(ends),
        apt=np.array([kind == "apt" for _, kind in parts]),
        unknown=np.array([kind == "unknown" for _, kind in parts]),
    )  # fmt: skip


PRODUCES = state_time((40, "apt"))


def count(role: Role, samples: dict[int, float], **options: object) -> CountSeries:
    series = Series.of(list(samples), list(samples.values()))
    number = list(Role).index(role) + 1
    return CountSeries(number, role, series, "to_zero", max_speed=1e9, **options)  # type: ignore[arg-type]  # options of the test


def sums(
    *counts: CountSeries, before: CounterStart = FROM_ZERO, time: StateTime = PRODUCES
) -> SummedQuantities:
    start = {str(c.signal_id): before for c in counts}
    frame = Frame.of(EDGES, Reported.of(counts, start), time)
    return sum_quantities(counts, start, ONE_SECOND, frame)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([T], {"pq": 10, "pri_pq_s": 10, "pace_pri_pq_s": 10}, id="the total"),
        pytest.param(
            [G], {"gq": 7, "pri_gq_s": 7, "judged_pri_pq_s": 7, "judged_pri_gq_s": 7}, id="good"
        ),
        pytest.param([S], {"sq": 3}, id="scrap"),
        pytest.param([R], {"rq": 2}, id="rework"),
        pytest.param(
            [T, R],
            {"pq": 10, "rq": 2, "pri_pq_s": 10, "pace_pri_pq_s": 10, "rework_pq": 10,
             "rework_rq": 2},
            id="the total and rework",
        ),
        *(
            pytest.param(
                roles,
                {"pq": 10, "gq": 7, "sq": 3, "pri_pq_s": 10, "pri_gq_s": 7, "judged_pri_pq_s": 10,
                 "judged_pri_gq_s": 7, "pace_pri_pq_s": 10, "quality_pq": 10, "quality_gq": 7,
                 "quality_sq": 3, "quality_pri_pq_s": 10, "quality_pri_gq_s": 7},
                id=f"{roles[0]} and {roles[1]}",
            )
            for roles in ([T, G], [T, S], [G, S])
        ),
    ],
)  # fmt: skip
def test_what_nobody_reports_is_in_no_sum(roles: list[Role], expected: dict[str, float]) -> None:
    columns = sums(*(count(role, {5: COUNTED[role]}) for role in roles)).columns
    assert len(columns) == 18
    assert {name: values.tolist() for name, values in columns.items()} == {
        name: [expected.get(name, 0), 0, 0, 0] for name in columns
    }


def test_quantities_of_each_phase_are_judged_by_what_was_reported_in_it() -> None:
    """Good items are reported since 20 only, scrap up to 29."""
    total = count(T, {5: 4, 20: 6, 25: 14, 35: 20})
    good = count(G, {25: 5, 35: 9}, since_us=20)
    columns = sums(total, good).columns
    assert columns["pq"].tolist() == [4, 2, 8, 6]
    assert columns["gq"].tolist() == [0, 0, 5, 4]
    # What lies at the start of a phase belongs to it, in the bucket that ends there.
    assert columns["quality_pq"].tolist() == [0, 2, 8, 6]
    assert columns["sq"].tolist() == [0, 2, 3, 2]
    ended = count(G, {5: 3, 25: 8}, until_us=29)
    columns = sums(total, ended).columns
    assert columns["quality_pq"].tolist() == [4, 2, 8, 0]
    assert columns["sq"].tolist() == [1, 2, 3, 0]


def test_unknown_time_before_a_range_lowers_what_is_known_in_it() -> None:
    before = CounterStart(0.0, -9, None, 10, 30)
    columns = sums(count(T, {10: 4, 20: 8}), before=before).columns
    assert columns["pace_pri_pq_s"].tolist() == pytest.approx([4 * 20 / 50, 4, 0, 0])


def frame_of(time: StateTime) -> Frame:
    return Frame.of(EDGES, Reported.of([], {}), time)


@pytest.mark.parametrize(
    ("time", "spans", "before", "shares"),
    [
        (PRODUCES, [(0, 5), (5, 10)], None, [1, 1]),
        (PRODUCES, [(0, 5), (5, 10)], (0, 5), [0.5, 1]),
        (PRODUCES, [(0, 5), (5, 10)], (5, 0), [1, 1]),
        (PRODUCES, [(0, 5), (5, 10)], (5, 5), [10 / 15, 1]),
        (state_time((20, "apt"), (40, "unknown")), [(15, 20), (20, 25)], (5, 5), [10 / 15, 0]),
        (state_time((20, "apt"), (40, "unknown")), [(15, 25)], None, [0.5]),
        (state_time((10, "unknown"), (40, "apt")), [(5, 20), (20, 30)], None, [10 / 15, 1]),
        (state_time((10, "unknown"), (40, "apt")), [(10, 20)], None, [1]),
    ],
)
def test_the_share_of_known_states(
    time: StateTime,
    spans: list[tuple[int, int]],
    before: tuple[int, int] | None,
    shares: list[float],
) -> None:
    since, until = (np.array(column) for column in zip(*spans, strict=True))
    frame = frame_of(time)
    share = frame.share_of(since, until) if before is None else frame.share_of(since, until, before)
    assert share.tolist() == pytest.approx(shares)


def test_an_instant_is_known_unless_its_state_is_not() -> None:
    instants = np.array([10, 11, 20, 21])
    assert frame_of(PRODUCES).is_known_at(instants).tolist() == [1, 1, 1, 1]
    gap = state_time((10, "apt"), (20, "unknown"), (40, "apt"))
    assert frame_of(gap).is_known_at(instants).tolist() == [1, 0, 0, 1]
