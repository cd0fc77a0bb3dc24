"""When a count is reported: from the bucket of its first sample on, within its lifetime."""

from dataclasses import replace

import numpy as np
import pytest

from plumbing.kpi_cases import T0, G, T, at, counter
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.kpi.counter_steps import CounterStart
from werknetz.kpi.knowledge.reported import Reported
from werknetz.kpi.series import CountSeries
from werknetz.kpi.timeline.reports import JobRun, ReportedQuantity, Reports

END = T0 + 32 * BUCKET_US
INSTANTS = np.array([at(minute) for minute in range(480)])


def minutes_of(reported: Reported, role: Role) -> tuple[int, int, int]:
    """Return the first minute in which a count is reported, the last, and how many."""
    flags = {T: reported.at(INSTANTS).total, G: reported.at(INSTANTS).good}[role]
    minutes = np.flatnonzero(flags)
    return int(minutes[0]), int(minutes[-1]), len(minutes)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (counter(T, [(20, 0)]), (15, 479, 465)),
        (counter(T, [(30, 0)]), (30, 479, 450)),
        (replace(counter(T, [(30, 0)]), kind="increment"), (15, 479, 465)),
        (replace(counter(T, [(20, 0)]), since_us=at(18)), (18, 479, 462)),
        (replace(counter(T, [(20, 0)]), until_us=at(40)), (15, 40, 26)),
    ],
)
def test_a_counter_reports_within_its_lifetime(
    count: CountSeries, expected: tuple[int, int, int]
) -> None:
    assert minutes_of(Reported.of([count], {}), T) == expected


def test_a_counter_that_reported_before_reports_at_once() -> None:
    silent = counter(T, [])
    before = {str(silent.signal_id): CounterStart(7.0)}
    assert minutes_of(Reported.of([silent], before), T) == (0, 479, 480)
    assert not Reported.of([silent], {}).at(INSTANTS).total.any()
    ended = replace(silent, since_us=at(10), until_us=at(20))
    assert minutes_of(Reported.of([ended], before), T) == (10, 20, 11)


def test_phases_begin_where_another_count_is_reported() -> None:
    first = replace(counter(T, [(0, 0)]), until_us=at(100) - 1)
    second = replace(counter(T, [(100, 0)], 9), since_us=at(100))
    good = counter(G, [(50, 0)])
    reported = Reported.of([first, second, good], {})
    assert minutes_of(reported, T) == (0, 479, 480)
    assert reported.phases_of(T0, END).tolist() == [T0, at(45), at(100)]
    assert reported.phases_of(at(45), at(100)).tolist() == [at(45)]


def test_people_and_the_mes_report_what_they_cover() -> None:
    shift = ReportedQuantity(T, at(60), at(120), 500.0)
    instant = ReportedQuantity(G, at(200), at(200), 3.0)
    reported = Reported.of([], {}, Reports(entered=(shift, instant)))
    assert minutes_of(reported, T) == (60, 119, 60)
    assert minutes_of(reported, G) == (195, 209, 15)


def test_the_mes_reports_between_jobs_and_what_a_job_made() -> None:
    jobs = (JobRun("A", at(100), at(200)), JobRun("B", at(300), at(400)))
    quantities = (ReportedQuantity(T, at(100), at(200), 9.0),)
    reports = Reports(jobs=jobs, quantities=quantities, reported_since_us={T: at(50)})
    reported = Reported.of([], {}, reports)
    flags = reported.at(INSTANTS).total
    assert np.flatnonzero(flags).tolist() == [*range(50, 300), *range(400, 480)]
