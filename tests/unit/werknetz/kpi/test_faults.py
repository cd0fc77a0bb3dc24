"""Faults as whole runs: where each begins and ends, and whether it is a failure."""

import numpy as np
import pytest

from werknetz.domain.shift import Shift
from werknetz.domain.state import MachineState as S
from werknetz.kpi.faults import FaultRuns, fault_runs_of, flags_of_runs
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import EARLIEST_US, Steps
from werknetz.kpi.stops.thresholds import MinorStops

PLAN = PlannedTime.of([Shift("s", None, 0, 1000, ((200, 300),))])  # type: ignore[arg-type] # the day does not matter
MINOR_BELOW_10 = MinorStops((-(1 << 62),), (10,))
ORDER = Steps(np.array([EARLIEST_US]), np.array([True]), np.zeros(1, np.int64))
P, M, R, D = S.PRODUCING, S.MALFUNCTION, S.REPAIR, S.IDLE


def runs_of(
    *rows: tuple[int, S],
    first: S = P,
    horizon_us: int = 900,
    orders: Steps = ORDER,
    before: tuple[int, bool] | None = None,
) -> FaultRuns:
    at = np.array([EARLIEST_US, *(at for at, _ in rows)], np.int64)
    value = np.array([int(first), *(int(state) for _, state in rows)], np.int64)
    states = Steps(at, value, np.zeros(len(at), np.int64))
    return fault_runs_of(
        states, orders, PLAN, horizon_us=horizon_us, before=before, minor_stops=MINOR_BELOW_10
    )


def spans(runs: FaultRuns) -> list[tuple[int, int]]:
    return list(zip(runs.since.tolist(), runs.until.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rows", "expected", "malfunction"),
    [
        pytest.param([(5, M), (20, P)], [(5, 20)], [True], id="one"),
        pytest.param([(5, M), (9, R), (20, P)], [(5, 20)], [True], id="and its repair"),
        pytest.param([(5, R), (20, P)], [(5, 20)], [False], id="a repair alone"),
        pytest.param([(5, R), (9, M), (20, D)], [(5, 20)], [True], id="a repair first"),
        pytest.param(
            [(5, M), (9, D), (20, R), (30, P)], [(5, 9), (20, 30)], [True, False], id="two"
        ),
        pytest.param([(5, M)], [(5, 900)], [True], id="it goes on up to the known time"),
        pytest.param([(5, M), (900, P)], [(5, 900)], [True], id="what follows is not known yet"),
        pytest.param([(5, M), (899, P)], [(5, 899)], [True], id="the last known instant"),
        pytest.param([(900, M)], [], [], id="it begins beyond the known time"),
        pytest.param([(5, D)], [], [], id="no fault"),
    ],
)
def test_a_run_is_unbroken(
    rows: list[tuple[int, S]], expected: list[tuple[int, int]], malfunction: list[bool]
) -> None:
    runs = runs_of(*rows)
    assert spans(runs) == expected
    assert runs.has_malfunction.tolist() == malfunction


@pytest.mark.parametrize(("end", "is_minor"), [(14, True), (15, False), (16, False)])
def test_a_run_below_the_threshold_is_minor(end: int, is_minor: bool) -> None:
    runs = runs_of((5, M), (end, P))
    assert runs.minor.tolist() == [is_minor]
    assert runs.failure.tolist() == [not is_minor]


@pytest.mark.parametrize(
    ("start", "is_eligible"),
    [
        pytest.param(0, True, id="with the shift"),
        pytest.param(-1, False, id="before the shift"),
        pytest.param(199, True, id="before the break"),
        pytest.param(200, False, id="with the break"),
        pytest.param(300, True, id="after the break"),
    ],
)
def test_a_failure_begins_in_planned_busy_time(start: int, is_eligible: bool) -> None:
    runs = runs_of((start, M), (start + 50, P))
    assert runs.eligible.tolist() == runs.failure.tolist() == [is_eligible]


@pytest.mark.parametrize(("start", "is_eligible"), [(49, False), (50, True)])
def test_a_failure_begins_while_an_order_runs(start: int, is_eligible: bool) -> None:
    orders = Steps(np.array([EARLIEST_US, 50]), np.array([False, True]), np.array([0, 1]))
    assert runs_of((start, M), orders=orders).failure.tolist() == [is_eligible]


@pytest.mark.parametrize("is_eligible", [True, False])
def test_a_run_that_began_before_the_states_is_the_one_that_is_carried(is_eligible: bool) -> None:
    runs = runs_of((5, P), (20, M), (40, P), first=M, before=(-30, is_eligible))
    assert spans(runs) == [(-30, 5), (20, 40)]
    assert runs.eligible.tolist() == [is_eligible, True]
    # Without such a run it began long ago, and what is carried of another state is no start.
    [(since, until), *_] = spans(runs_of((5, P), first=M))
    assert (since, until) == (-(1 << 61), 5)
    assert spans(runs_of((20, M), first=P, before=(-30, True))) == [(20, 900)]


def test_the_run_of_an_instant() -> None:
    runs = runs_of((5, M), (9, P), (20, M), (30, P))
    index = runs.index(np.array([4, 5, 8, 9, 19, 20, 99]))
    assert index.tolist() == [-1, 0, 0, 0, 0, 1, 1]
    flags = np.array([True, False])
    assert flags_of_runs(flags, index).tolist() == [False, True, True, True, True, False, False]
    assert flags_of_runs(np.array([], np.bool_), np.array([-1, -1])).tolist() == [False, False]
