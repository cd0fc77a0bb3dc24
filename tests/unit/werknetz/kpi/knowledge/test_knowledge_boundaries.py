"""What is reported and known at exact instants, and how one count stands for another."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from plumbing.kpi_cases import G, T, at, counter
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.kpi.knowledge.known_time import has_run_time, run_time_since
from werknetz.kpi.knowledge.reported import LATEST_US, Reported, ReportedAt
from werknetz.kpi.knowledge.state_time import StateTime, known_share
from werknetz.kpi.series import EARLIEST_US, Steps
from werknetz.kpi.timeline.reports import JobRun, ReportedQuantity, Reports

COUNTS = {Role.TOTAL_COUNT: 10.0, Role.GOOD_COUNT: 7.0, Role.SCRAP_COUNT: 3.0}


@pytest.mark.parametrize("flags", list(product([False, True], repeat=3)))
def test_two_of_produced_good_and_scrap_give_the_third(flags: tuple[bool, bool, bool]) -> None:
    total, good, scrap = (np.array([flag]) for flag in flags)
    reported = ReportedAt(total, good, scrap, rework=np.array([True]))
    is_known = {
        "pq": bool(reported.pq[0]), "gq": bool(reported.gq[0]), "sq": bool(reported.sq[0]),
    }  # fmt: skip
    counted = {role: n for (role, n), flag in zip(COUNTS.items(), flags, strict=True) if flag}
    for name, true in (("pq", 10.0), ("gq", 7.0), ("sq", 3.0)):
        quantity = sum(reported.factors_of(role)[name][0] * n for role, n in counted.items())
        if is_known[name]:
            assert quantity == true, name
    two = sum(flags) >= 2
    assert is_known == {
        "pq": flags[0] or two, "gq": flags[1] or two, "sq": flags[2] or two,
    }  # fmt: skip
    assert bool(reported.quality[0]) is two
    rework = reported.factors_of(Role.REWORK_COUNT)
    assert {name: factor.tolist() for name, factor in rework.items()} == {
        "pq": [0], "gq": [0], "sq": [0], "rq": [1],
    }  # fmt: skip
    assert all(reported.factors_of(role)["rq"].tolist() == [0] for role in COUNTS)


@pytest.mark.parametrize(
    ("instant", "is_reported"), [(at(10) - 1, False), (at(10), True), (at(20), True),
                                 (at(20) + 1, False)],
)  # fmt: skip
def test_a_counter_reports_from_its_first_instant_to_its_last(
    instant: int, is_reported: bool
) -> None:
    count = replace(counter(T, [(0, 0)]), since_us=at(10), until_us=at(20))
    reported = Reported.of([count], {})
    assert reported.at(np.array([instant])).total.tolist() == [is_reported]


def test_a_counter_that_ended_before_it_began_reports_never() -> None:
    ended = replace(counter(T, [(30, 0)]), until_us=at(30) - 1)
    assert Reported.of([ended], {}).spans[T] == ()
    last = replace(counter(T, [(30, 0)]), until_us=at(30))
    assert Reported.of([last], {}).spans[T] == ((at(30), at(30) + 1),)
    silent = counter(T, [])
    assert Reported.of([silent], {}).spans[T] == ()


@pytest.mark.parametrize(
    ("start", "end", "phases"),
    [
        (at(0), at(60), [at(0), at(15), at(30)]),
        (at(15), at(60), [at(15), at(30)]),
        (at(0), at(30), [at(0), at(15)]),
        (at(0), at(30) + 1, [at(0), at(15), at(30)]),
        (at(31), at(60), [at(31)]),
    ],
)
def test_phases_begin_inside_the_range(start: int, end: int, phases: list[int]) -> None:
    reported = Reported.of([counter(T, [(15, 0)]), counter(G, [(30, 0)])], {})
    assert reported.phases_of(start, end).tolist() == phases


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        (at(5), at(40), (at(5), at(40))),
        (at(15), at(15), (at(0), at(15))),  # of the edge, in the bucket that ends with it
        (at(15) + 1, at(15) + 1, (at(15), at(30))),
        (at(16), at(15), (at(0), at(15))),  # it ends before it starts: only the end counts
    ],
)
def test_when_people_report_a_quantity(since: int, until: int, span: tuple[int, int]) -> None:
    entered = ReportedQuantity(T, since, until, 5.0)
    reported = Reported.of([], {}, Reports(entered=(entered,)))
    assert reported.spans[T] == (span,)
    assert reported.spans[G] == ()
    assert at(15) % BUCKET_US == 0


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param([], [(50, None)], id="no job"),
        pytest.param([(50, 60)], [(60, None)], id="a job from the first report on"),
        pytest.param([(51, 60)], [(50, 51), (60, None)], id="just after it"),
        pytest.param([(40, 60)], [(60, None)], id="a job that began before"),
        pytest.param([(10, 20)], [(50, None)], id="a job that ended before"),
        pytest.param([(60, 90), (70, 80)], [(50, 60), (90, None)], id="one inside another"),
        pytest.param([(80, 90), (60, 70)], [(50, 60), (70, 80), (90, None)], id="in any order"),
        pytest.param([(None, 90)], [(50, None)], id="a job without a start"),
    ],
)
def test_the_mes_reports_a_role_between_jobs(
    jobs: list[tuple[int | None, int]], expected: list[tuple[int, int | None]]
) -> None:
    runs = tuple(
        JobRun(str(n), None if start is None else at(start), at(end))
        for n, (start, end) in enumerate(jobs)
    )
    reports = Reports(jobs=runs, reported_since_us={T: at(50)})
    assert list(Reported.of([], {}, reports).spans[T]) == [
        (at(start), LATEST_US if end is None else at(end)) for start, end in expected
    ]


TIME = StateTime.of(
    np.array([0, 10, 20]), np.array([10, 20, 30]),
    apt=np.array([True, False, False]), unknown=np.array([False, True, False]),
)  # fmt: skip


def test_how_long_it_produced_and_was_unknown_up_to_an_instant() -> None:
    instants = np.array([-5, 0, 5, 10, 15, 20, 25, 99])
    assert TIME.apt_until(instants).tolist() == [0, 0, 5, 10, 10, 10, 10, 10]
    assert TIME.unknown_until(instants).tolist() == [0, 0, 0, 0, 5, 10, 10, 10]
    assert not TIME.is_known


@pytest.mark.parametrize(
    ("instant", "is_unknown"),
    [(-1, False), (0, False), (10, False), (11, True), (20, True), (21, False), (30, False),
     (31, False)],
)  # fmt: skip
def test_right_before_which_instants_the_state_is_unknown(instant: int, is_unknown: bool) -> None:
    assert TIME.is_unknown_before(np.array([instant])).tolist() == [is_unknown]


def test_without_intervals_all_is_known_and_nothing_was_made() -> None:
    nothing = np.empty(0, np.int64)
    time = StateTime.of(nothing, nothing, apt=nothing > 0, unknown=nothing > 0)
    assert time.is_known
    assert time.apt_until(np.array([5])).tolist() == [0]
    assert time.is_unknown_before(np.array([-1, 0, 1])).tolist() == [False] * 3


@pytest.mark.parametrize(
    ("apt_us", "unknown_us", "share"),
    [(5.0, 5.0, 0.5), (0.0, 5.0, 0.0), (5.0, 0.0, 1.0), (0.0, 0.0, 1.0), (0.25, 0.25, 0.5)],
)
def test_the_known_share_of_what_was_counted(
    apt_us: float, unknown_us: float, share: float
) -> None:
    assert known_share(np.array([apt_us]), np.array([unknown_us])).tolist() == [share]


def run_times(*rows: tuple[int, float]) -> Steps:
    instants, value = zip(*rows, strict=True)
    return Steps(np.array(instants), np.array(value), np.zeros(len(rows), np.int64))


@pytest.mark.parametrize(
    ("rows", "had_one", "since"),
    [
        ([(EARLIEST_US, 0.0), (5, 0.25)], False, 5),  # a quarter of a second is one
        ([(EARLIEST_US, 0.0), (5, 0.0)], False, None),
        ([(EARLIEST_US, 0.0), (5, 0.0), (9, 2.0), (12, 3.0)], False, 9),
        ([(EARLIEST_US, 0.0)], True, EARLIEST_US),
    ],
)
def test_since_when_run_times_are_reported(
    rows: list[tuple[int, float]], had_one: bool, since: int | None
) -> None:
    assert run_time_since(run_times(*rows), had_one=had_one) == since


@pytest.mark.parametrize(
    ("start", "has_order", "since", "is_known"),
    [
        (4, True, 5, False), (5, True, 5, True), (9, True, 5, False),
        (4, False, 5, False), (5, False, 5, True), (9, False, 5, True), (9, False, None, False),
        (9, False, 10, False), (10, False, 10, True),
    ],
)  # fmt: skip
def test_where_a_run_time_is_known_or_not_needed(
    start: int, has_order: bool, since: int | None, is_known: bool
) -> None:
    run_time = run_times((EARLIEST_US, 0.0), (5, 0.25), (9, 0.0))
    is_there = has_run_time(run_time, since, np.array([start]), np.array([has_order]))
    assert is_there.tolist() == [is_known]
