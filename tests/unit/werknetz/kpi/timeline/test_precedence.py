"""Human > machine > MES > calendar, element by element; one row a case."""

from dataclasses import dataclass, field

import pytest

from plumbing.timelines import BREAK, MINUTE, T0, at, compute, span, state_samples
from werknetz.domain.role import Role
from werknetz.domain.shift import Shift
from werknetz.domain.state import MachineState as S
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.timeline.reports import (
    JobRun,
    ReportedQuantity,
    Reports,
    topmost_of,
)

LATE_BREAK = PlannedTime.of([
    Shift("a", None, T0, T0 + 30 * MINUTE, ((T0 + 15 * MINUTE, T0 + 30 * MINUTE),))  # type: ignore[arg-type] # the day does not matter
])  # fmt: skip


def texts(*entries: tuple[float, str]) -> Series:
    return Series.of(
        [at(m) for m, _ in entries], [None] * len(entries), text=[text for _, text in entries]
    )


FOREVER = float("inf")
RUNS = state_samples((0, S.PRODUCING))
STOPS = state_samples((0, S.PRODUCING), (5, S.IDLE))
UNKNOWN_AFTER_5 = Series.of([at(0), at(5)], [1.0, 1.0], [0, 0x8000_0000])


@dataclass(frozen=True)
class Case:
    name: str
    samples: MachineSamples
    expected: dict[str, float]  # minutes
    plan: PlannedTime = field(default_factory=PlannedTime.always)


CASES = [
    Case("machine alone", MachineSamples(state=STOPS), {"apt_s": 5, "idle_s": 10}),
    Case(
        "a person outranks the machine",
        MachineSamples(state=STOPS, reports=Reports(entries=(span(5, 7, S.SETUP),))),
        {"apt_s": 5, "aust_s": 2, "idle_s": 8},
    ),
    Case(
        "a person outranks a machine that produces",
        MachineSamples(state=RUNS, reports=Reports(entries=(span(5, 7, S.MALFUNCTION),))),
        {"apt_s": 13, "malfunction_s": 2},
    ),
    Case(
        "the later entry outranks the earlier one",
        MachineSamples(
            state=RUNS,
            reports=Reports(entries=(span(2, 8, S.MALFUNCTION), span(4, 6, S.STARVED))),
        ),
        {"apt_s": 9, "malfunction_s": 4, "starved_s": 2},
    ),
    Case(
        "an entry about the reason leaves the state",
        MachineSamples(state=STOPS, reports=Reports(entries=(span(5, 15, None, code="x"),))),
        {"apt_s": 5, "idle_s": 10},
    ),
    Case(
        "a stop without an order, by a person's reason",
        MachineSamples(
            state=STOPS, reports=Reports(entries=(span(5, 9, None, code="x", without_order=True),))
        ),
        {"apt_s": 5, "adot_s": 4, "adet_s": 6, "idle_s": 6},
    ),
    Case(
        "the same with a state, over time in which the machine produces",
        MachineSamples(
            state=RUNS, reports=Reports(entries=(span(5, 9, S.IDLE, code="x", without_order=True),))
        ),
        {"apt_s": 11, "adot_s": 4, "adet_s": 0},
    ),
    Case(
        "what is no stop has its order, whatever the reason",
        MachineSamples(
            state=STOPS, reports=Reports(entries=(span(2, 7, None, code="x", without_order=True),))
        ),
        {"apt_s": 5, "adot_s": 2, "idle_s": 8},
    ),
    Case(
        "a later entry replaces the reason",
        MachineSamples(
            state=STOPS,
            reports=Reports(
                entries=(span(5, 9, None, code="x", without_order=True), span(5, 7, None, code="y"))
            ),
        ),
        {"apt_s": 5, "adot_s": 2, "idle_s": 8},
    ),
    Case(
        "a planned entry is planned down time, whatever the machine reports",
        MachineSamples(state=STOPS, reports=Reports(entries=(span(5, 9, None, is_planned=True),))),
        {"apt_s": 5, "pdot_s": 4, "idle_s": 6, "pbt_s": 11},
    ),
    Case(
        "maintenance that was not planned is a delay",
        MachineSamples(
            state=RUNS, reports=Reports(entries=(span(5, 9, S.MAINTENANCE, is_planned=False),))
        ),
        {"apt_s": 11, "pdot_s": 0, "idle_s": 4, "adet_s": 4},
    ),
    Case(
        "maintenance that a person entered is planned by its state",
        MachineSamples(state=RUNS, reports=Reports(entries=(span(5, 9, S.MAINTENANCE),))),
        {"apt_s": 11, "pdot_s": 4},
    ),
    Case(
        "a later entry without planned replaces a planned one",
        MachineSamples(
            state=STOPS,
            reports=Reports(entries=(span(5, 9, None, is_planned=True), span(5, 7, S.MALFUNCTION))),
        ),
        {"apt_s": 5, "malfunction_s": 2, "pdot_s": 2, "idle_s": 6},
    ),
    Case(
        "a fault in planned down time is no failure",
        MachineSamples(
            state=state_samples((0, S.PRODUCING), (5, S.MALFUNCTION), (9, S.PRODUCING)),
            reports=Reports(entries=(span(5, 9, None, is_planned=True),)),
        ),
        {"pdot_s": 4, "ttr_s": 0, "fe": 0},
    ),
    Case(
        "outside the shift planned time is none",
        MachineSamples(state=RUNS, reports=Reports(entries=(span(10, 15, None, is_planned=True),))),
        {"apt_s": 9, "pdot_s": 3, "off_shift_s": 3},
        BREAK,
    ),
    Case(
        "the MES alone",
        MachineSamples(reports=Reports(states=(span(0, 5, S.PRODUCING), span(5, 8, S.STARVED)))),
        {"apt_s": 5, "starved_s": 3, "unknown_s": 7},
    ),
    Case(
        "the next state of the MES replaces an open one, and one with an end inside gives it back",
        MachineSamples(
            reports=Reports(states=(span(0, FOREVER, S.PRODUCING), span(5, 8, S.STARVED)))
        ),
        {"apt_s": 12, "starved_s": 3},
    ),
    Case(
        "the machine outranks the MES",
        MachineSamples(state=STOPS, reports=Reports(states=(span(0, FOREVER, S.SETUP),))),
        {"apt_s": 5, "aust_s": 0, "idle_s": 10},
    ),
    Case(
        "the MES where the machine's state is bad",
        MachineSamples(state=UNKNOWN_AFTER_5, reports=Reports(states=(span(0, FOREVER, S.SETUP),))),
        {"apt_s": 5, "aust_s": 10, "unknown_s": 0},
    ),
    Case(
        "the MES before the machine's first sample and in a gap",
        MachineSamples(
            state=state_samples((2, S.PRODUCING)),
            unknown=((at(5), at(9)),),
            reports=Reports(states=(span(0, FOREVER, S.SETUP),)),
        ),
        {"apt_s": 9, "aust_s": 6, "unknown_s": 0},
    ),
    Case(
        "an MES that does not know either",
        MachineSamples(
            state=state_samples((2, S.PRODUCING)),
            reports=Reports(states=(span(0, FOREVER, S.UNKNOWN),)),
        ),
        {"apt_s": 13, "unknown_s": 2},
    ),
    Case(
        "a person outranks the MES",
        MachineSamples(
            reports=Reports(
                states=(span(0, FOREVER, S.PRODUCING),), entries=(span(3, 4, S.BLOCKED),)
            )
        ),
        {"apt_s": 14, "blocked_s": 1},
    ),
    Case(
        "jobs of the MES are the orders, from the first report on",
        MachineSamples(
            state=RUNS,
            reports=Reports(jobs=(JobRun("A", at(5), at(9)),), first_job_us=at(3)),
        ),
        {"apt_s": 7, "adot_s": 8, "aoet_s": 7},
    ),
    Case(
        "the order signal outranks jobs",
        MachineSamples(
            state=RUNS,
            order=texts((0, "B"), (12, "")),
            reports=Reports(jobs=(JobRun("A", at(5), at(9)),), first_job_us=at(0)),
        ),
        {"apt_s": 12, "adot_s": 3},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_precedence(case: Case) -> None:
    elements = compute(case.samples, plan=case.plan).elements_of(0)
    minutes = {name: getattr(elements, name) / (60 if name.endswith("_s") else 1)
             for name in case.expected}  # fmt: skip
    assert minutes == pytest.approx(case.expected)


def test_the_run_time_is_that_of_the_signal_then_that_of_the_order() -> None:
    samples = MachineSamples(
        state=RUNS,
        order=texts((0, "A"), (5, "B"), (10, "C")),
        run_time=Series.of([at(12)], [7.0]),
        counts=(
            CountSeries(
                1, Role.GOOD_COUNT, Series.of([at(1), at(6), at(11), at(13)], [1.0] * 4),
                kind="increment",
            ),
        ),
        reports=Reports(run_time_by_order={"A": 3.0, "B": 5.0}),
    )  # fmt: skip
    assert compute(samples).elements_of(0).pri_gq_s == pytest.approx(3 + 5 + 0 + 7)


def counter_at(*minutes: float) -> tuple[CountSeries]:
    series = Series.of([at(minute) for minute in minutes], [1.0] * len(minutes))
    return (CountSeries(1, Role.GOOD_COUNT, series, kind="increment"),)


def test_a_run_time_of_less_than_a_second_is_one() -> None:
    samples = MachineSamples(
        state=RUNS, order=texts((0, "A")), run_time=Series.of([at(0)], [0.5]), counts=counter_at(1),
        reports=Reports(run_time_by_order={"A": 3.0}),
    )  # fmt: skip
    assert compute(samples).elements_of(0).pri_gq_s == 0.5


def test_an_order_without_a_run_time_has_none() -> None:
    samples = MachineSamples(
        state=RUNS, order=texts((0, "A"), (5, "B")), counts=counter_at(1, 6, 7),
        reports=Reports(run_time_by_order={"A": 3.0}),
    )  # fmt: skip
    assert compute(samples).elements_of(0).pri_gq_s == 3


def pieces_of(samples: MachineSamples) -> list[tuple[float, S, str | None, str | None]]:
    """Return start, state, code and order of each piece, in minutes."""
    pieces = compute(samples).intervals
    columns = (pieces.start, pieces.state, pieces.code, pieces.order)
    return [
        ((int(start) - T0) / MINUTE, S(int(state)), code, order)
        for start, state, code, order in zip(*columns, strict=True)
    ]


def test_each_job_is_the_order_of_its_time_and_there_is_none_between_them() -> None:
    jobs = (JobRun("A", at(2), at(5)), JobRun("B", at(7), at(9)), JobRun("C", None, at(11)))
    samples = MachineSamples(state=RUNS, reports=Reports(jobs=jobs, first_job_us=at(1)))
    orders = [(start, order) for start, _, _, order in pieces_of(samples)]
    assert orders == [
        (0, None), (1, None), (2, "A"), (5, None), (7, "B"), (9, None),
    ]  # fmt: skip
    assert compute(samples).elements_of(0).adot_s == (1 + 2 + 6) * 60


def test_without_a_job_in_the_range_no_order_runs_since_the_first_report() -> None:
    samples = MachineSamples(state=RUNS, reports=Reports(first_job_us=at(4)))
    elements = compute(samples).elements_of(0)
    assert (elements.apt_s, elements.adot_s) == (4 * 60, 11 * 60)


def test_each_stop_has_the_code_of_the_source_that_holds() -> None:
    own = Series.of([at(0), at(3)], [float(S.IDLE), 0.0], text=["7", None])
    reports = Reports(
        states=(span(0, 6, S.STARVED, code="mes 1"), span(6, 15, S.BLOCKED, code="mes 2")),
        entries=(span(8, 10, None, code="jam"), span(10, 12, S.SETUP, code="tool"),
                 span(12, 13, S.SETUP)),
    )  # fmt: skip
    assert pieces_of(MachineSamples(state=own, reports=reports)) == [
        (0, S.IDLE, "7", None), (3, S.STARVED, "mes 1", None), (6, S.BLOCKED, "mes 2", None),
        (8, S.BLOCKED, "jam", None), (10, S.SETUP, "tool", None), (12, S.SETUP, None, None),
        (13, S.BLOCKED, "mes 2", None),
    ]  # fmt: skip


def quantity_of(role: Role, since: float, until: float, quantity: float) -> ReportedQuantity:
    return ReportedQuantity(role, at(since), at(until), quantity)


QUANTITIES = [
    ("of an instant", PlannedTime.always(), (5, 5), [600, 0]),
    ("of the edge, in the bucket that ends with it", PlannedTime.always(), (15, 15), [600, 0]),
    ("of the edge before", PlannedTime.always(), (0, 0), [0, 0]),
    ("even over its job", PlannedTime.always(), (0, 30), [300, 300]),
    ("of a job that began before", PlannedTime.always(), (-30, 30), [150, 150]),
    ("of a job that ends later", PlannedTime.always(), (15, 60), [0, 200]),
    ("over planned busy time only", BREAK, (0, 30), [600, 0]),
    ("without planned time over all of it", BREAK, (15, 45), [0, 300]),
    ("without breaks", BREAK, (6, 15), [600, 0]),
    ("without a break of the second bucket", LATE_BREAK, (0, 30), [600, 0]),
    ("of a break alone over all of it", LATE_BREAK, (15, 30), [0, 600]),
]


@pytest.mark.parametrize(
    ("plan", "times", "expected"),
    [row[1:] for row in QUANTITIES],
    ids=[row[0] for row in QUANTITIES],
)
def test_quantities_of_the_mes_by_bucket(
    plan: PlannedTime, times: tuple[float, float], expected: list[float]
) -> None:
    reports = Reports(quantities=(quantity_of(Role.GOOD_COUNT, *times, 600),))
    computed = compute(MachineSamples(reports=reports), buckets=2, plan=plan)
    assert computed.columns["gq"].tolist() == pytest.approx(expected)


def test_topmost_of_no_spans_is_nothing() -> None:
    instants, index = topmost_of([])
    assert (len(instants), len(index)) == (0, 0)
