"""Findings about machines: inputs that are missing, and a pace beyond belief."""

from dataclasses import replace

import numpy as np
import pytest

from plumbing.kpi_cases import (
    BUCKETS,
    EVERY_MINUTE,
    HIDDEN,
    PLANNED,
    RUNS,
    T0,
    G,
    KpiCase,
    T,
    at,
    compute_case,
    counter,
    machine,
    orders,
    states,
    steady,
)
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.shift import Shift
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.knowledge.doubts import PACE_MAX, PACE_SLACK_S, Doubt
from werknetz.kpi.knowledge.doubts import doubts_of as doubts_of_columns
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import MachineSamples
from werknetz.kpi.states import BucketRange, compute_buckets
from werknetz.kpi.timeline.reports import JobRun, ReportedQuantity, Reports

END = T0 + BUCKETS * BUCKET_US


def doubts_of(samples: MachineSamples, plan: PlannedTime = PLANNED) -> tuple[Doubt, ...]:
    [computed] = compute_case(KpiCase("", (samples,), {}, plan=plan))
    return computed.doubts


ROWS = [
    ("all is reported", machine(RUNS, [(0, 10)], steady(T, 9), steady(G, 9)), ""),
    ("no counter", machine(RUNS, [(0, 10)]), "quantity_not_reported"),
    ("total alone", machine(RUNS, [(0, 10)], steady(T, 9)), "quantity_not_reported"),
    ("good alone", machine(RUNS, [(0, 10)], steady(G, 9)), ""),
    ("no planned run time", machine(RUNS, None, steady(G, 9)), "run_time_not_known"),
    ("a planned run time of zero", machine(RUNS, [(0, 0)], steady(G, 9)), "run_time_not_known"),
    (
        "an order without planned run time",
        machine(RUNS, [(0, 9), (400, 0)], steady(G, 9), order=orders((0, "A"), (400, "B"))),
        "run_time_not_known",
    ),
    (
        "without an order none is needed",
        machine(RUNS, [(0, 9), (400, 0)], steady(G, 9), order=orders((0, "A"), (400, ""))),
        "",
    ),
    ("neither", machine(RUNS, None), "quantity_not_reported"),
]


@pytest.mark.parametrize(("samples", "kind"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_a_missing_input_is_a_doubt(samples: MachineSamples, kind: str) -> None:
    assert [(doubt.kind, doubt.at_us) for doubt in doubts_of(samples)] == (
        [(kind, END)] if kind else []
    )


def test_the_last_planned_bucket_is_judged() -> None:
    missing = machine(RUNS, [(0, 10)], counter(G, [(400, 0)]))
    until_300 = PlannedTime.of([Shift("s", None, at(0), at(300))])  # type: ignore[arg-type] # the day does not matter
    [doubt] = doubts_of(missing, until_300)
    assert (doubt.kind, doubt.at_us) == ("quantity_not_reported", at(300))
    assert doubts_of(missing) == ()
    never = PlannedTime.of([Shift("s", None, at(900), at(990))])  # type: ignore[arg-type] # as above
    assert doubts_of(machine(RUNS, None), never) == ()


def pace(factor: float, slack_s: float = 0.0) -> MachineSamples:
    """Return a machine that counts, in one bucket, `factor` of what its cycle allows."""
    items = (900 * factor + slack_s) / 10
    points = [(0, 0), (29, 0), (30, 0), (44, items / 2), (45, items), (60, items)]
    return machine(RUNS, [(0, 10)], counter(T, points), counter(G, points))


def test_a_pace_beyond_belief_is_a_doubt() -> None:
    assert doubts_of(pace(PACE_MAX, PACE_SLACK_S)) == ()
    [doubt] = doubts_of(pace(PACE_MAX, PACE_SLACK_S + 1))
    assert doubt == Doubt(
        "cycle_too_easy", str(T0 // 86_400_000_000), at(45),
        pytest.approx(PACE_MAX * 900 + PACE_SLACK_S + 1), pytest.approx(900),
    )  # fmt: skip
    [doubt] = doubts_of(pace(22.76))
    assert doubt.planned_s == pytest.approx(22.76 * 900)


def test_of_a_day_the_worst_bucket_is_named() -> None:
    points = [(0, 0), (44, 0), (45, 200), (74, 200), (75, 600), (104, 600), (105, 900), (120, 900)]
    [doubt] = doubts_of(machine(RUNS, [(0, 10)], counter(T, points), counter(G, points)))
    assert (doubt.at_us, doubt.planned_s) == (at(75), 4000)


def test_counts_of_a_machine_that_does_not_produce_are_doubtful() -> None:
    samples = replace(pace(0.5), state=states((0, S.IDLE)))
    assert [doubt.kind for doubt in doubts_of(samples)] == ["cycle_too_easy"]


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(
            PlannedTime.of([Shift("s", None, at(0), at(480), ((at(30), at(45)),))]),  # type: ignore[arg-type] # the day does not matter
            id="through a break",
        ),
        pytest.param(
            PlannedTime.of([Shift("s", None, at(0), at(30))]),  # type: ignore[arg-type] # as above
            id="after the shift",
        ),
    ],
)
def test_a_machine_that_produces_outside_planned_time_is_not_too_fast(plan: PlannedTime) -> None:
    assert doubts_of(pace(PACE_MAX, PACE_SLACK_S), plan) == ()
    [doubt] = doubts_of(pace(PACE_MAX, PACE_SLACK_S + 1), plan)
    assert (doubt.kind, doubt.production_s) == ("cycle_too_easy", pytest.approx(900))


def test_seldom_samples_and_unknown_time_are_no_pace() -> None:
    seldom = [(n, 6 * n) for n in range(0, 481, 120)]
    assert doubts_of(machine(RUNS, [(0, 10)], counter(T, seldom), counter(G, seldom))) == ()
    steadily = [(n, 6 * n) for n in EVERY_MINUTE]
    assert doubts_of(machine(HIDDEN, [(0, 10)], counter(T, steadily), counter(G, steadily))) == ()


def test_production_before_a_range_counts_for_its_first_sample() -> None:
    seldom = [(n, 6 * n) for n in range(0, 481, 120)]
    samples, carry = machine(RUNS, [(0, 10)], counter(T, seldom), counter(G, seldom)), Carry()
    for bucket in range(BUCKETS):
        span = BucketRange(T0 + bucket * BUCKET_US, 1, END)
        computed = compute_buckets(samples, PLANNED, carry, span)
        assert computed.doubts == ()
        carry = computed.carries[-1]


def test_the_pace_of_reports_is_not_judged() -> None:
    reports = Reports(
        quantities=(
            ReportedQuantity(Role.GOOD_COUNT, at(0), at(480), 9000.0),
            ReportedQuantity(Role.SCRAP_COUNT, at(0), at(480), 0.0),
        )
    )
    assert doubts_of(replace(machine(RUNS, [(0, 10)]), reports=reports)) == ()


def test_the_mes_reports_at_the_end_of_a_job() -> None:
    job = JobRun("A", at(60), at(2000))
    reports = Reports(jobs=(job,), first_job_us=at(0), reported_since_us={Role.GOOD_COUNT: at(0)})
    running = replace(machine(RUNS, [(0, 10)]), reports=reports)
    [computed] = compute_case(KpiCase("", (running,), {}))
    assert computed.columns["gq_known_s"].sum() == 3600
    assert computed.doubts == ()
    without_run_time = replace(machine(RUNS, None), reports=replace(reports, jobs=()))
    assert [doubt.kind for doubt in doubts_of(without_run_time)] == ["run_time_not_known"]


NAMES = ("pbt_s", "gq_known_s", "quantity_known_s", "pace_pri_pq_s")


@pytest.mark.parametrize(
    ("pbt_s", "gq_known_s", "quantity_known_s", "kind"),
    [
        ([0.5], [0], [0], "quantity_not_reported"),
        ([0.5], [0.5], [0], "run_time_not_known"),
        ([0.5], [0.5], [0.5], None),
        ([0], [0], [0], None),  # nothing was planned
        ([900, 0], [0, 0], [0, 0], "quantity_not_reported"),
        ([900, 900], [0, 0.5], [0, 0.5], None),  # the last bucket counts
    ],
)
def test_half_a_second_is_planned_and_reported_time(
    pbt_s: list[float], gq_known_s: list[float], quantity_known_s: list[float], kind: str | None
) -> None:
    values = (pbt_s, gq_known_s, quantity_known_s, [0] * len(pbt_s))
    columns = dict(zip(NAMES, map(np.array, values), strict=True))
    edges = T0 + np.arange(len(pbt_s) + 1) * BUCKET_US
    kinds = [doubt.kind for doubt in doubts_of_columns(columns, None, edges)]
    assert kinds == ([] if kind is None else [kind])
    reported = doubts_of_columns(columns, None, edges, has_reports=True)
    assert [doubt.kind for doubt in reported] == [k for k in kinds if k == "run_time_not_known"]


@pytest.mark.parametrize(
    ("planned_s", "named"),
    [
        pytest.param([2000, 2000, 1900], [0], id="the first of equal ones"),
        pytest.param([1900, 2000, 1900], [1], id="the worst one"),
        pytest.param([1410, 1410, 1410], [], id="just believable"),
        pytest.param([1410, 1410.5, 1410], [1], id="just not"),
    ],
)
def test_which_bucket_of_a_day_has_a_pace_beyond_belief(
    planned_s: list[float], named: list[int]
) -> None:
    assert PACE_MAX * 900 + PACE_SLACK_S == 1410
    whole = np.full(3, 900.0)
    columns = dict(zip(NAMES, (whole, whole, whole, np.array(planned_s)), strict=True))
    start = T0 - T0 % 86_400_000_000
    edges = start + np.arange(4) * BUCKET_US
    doubts = doubts_of_columns(columns, whole, edges)
    assert [(d.at_us - start) // BUCKET_US - 1 for d in doubts] == named
