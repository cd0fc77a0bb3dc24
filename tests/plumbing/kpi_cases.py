"""Worked cases of KPIs over what is known: samples of machines in, values out.

Each case is computed twice by tests: by pure code, and through a database and the API.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import Elements
from werknetz.kpi.plan import PlannedTime, Spans
from werknetz.kpi.series import EMPTY, CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets

T0: Final = 1_763_625_600_000_000  # 2025-11-20 08:00 UTC, the start of a bucket
MINUTE: Final = 60_000_000
BUCKETS: Final = 32  # 480 minutes
_ALWAYS: Final = PlannedTime.always()
PLANNED: Final = PlannedTime(_ALWAYS.shifts, _ALWAYS.breaks, _ALWAYS.shifts)
"""All time is planned, by a calendar."""

AFTER_240: Final = 240 + 1 / MINUTE  # what is counted at 240 minutes was made before
Points = Sequence[tuple[float, float]]
"""Minutes after the start, and values."""


def at(minute: float) -> int:
    return T0 + round(minute * MINUTE)


def series(points: Points) -> Series:
    return Series.of([at(minute) for minute, _ in points], [value for _, value in points])


def states(*points: tuple[float, S]) -> Series:
    return Series.of([at(minute) for minute, _ in points], [float(state) for _, state in points])


def orders(*points: tuple[float, str]) -> Series:
    instants = [at(minute) for minute, _ in points]
    return Series.of(instants, [None] * len(points), text=[number for _, number in points])


def counter(role: Role, points: Points, signal_id: int = 0) -> CountSeries:
    number = signal_id or list(Role).index(role) + 1
    # Counts are jumps of some hours here, not of single items.
    return CountSeries(number, role, series(points), "to_zero", max_speed=1e9)


def machine(
    state: Series | None,
    run_time: Points | None,
    *counts: CountSeries,
    order: Series | None = None,
    unknown: tuple[tuple[int, int], ...] = (),
) -> MachineSamples:
    own = None if run_time is None else series(run_time)
    return MachineSamples(state, order, own, counts, unknown)


RUNS: Final = states((0, S.PRODUCING))
EVERY_MINUTE: Final = range(481)
T, G, SC, RW = Role.TOTAL_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT


def steady(role: Role, total: float, minutes: float = 480) -> CountSeries:
    """Return a counter that rises evenly, and stands still afterwards."""
    points = [(n, total * min(n, minutes) / minutes) for n in EVERY_MINUTE]
    return counter(role, points)


@dataclass(frozen=True, slots=True)
class KpiCase:
    name: str
    machines: tuple[MachineSamples, ...]
    values: dict[str, float | None]
    strict: dict[str, float | None] = field(default_factory=dict)
    shares: dict[str, dict[str, float]] = field(default_factory=dict)  # of a KPI, by field
    reasons: dict[str, str] = field(default_factory=dict)  # parts of the reasons of null
    inputs: dict[str, dict[str, float | None]] = field(default_factory=dict)
    plan: PlannedTime = PLANNED


# 240 minutes of 14,400 good items at 1 s, then 100 at 144 s that are all scrap.
GOLDEN: Final = machine(
    RUNS, [(0, 1), (AFTER_240, 144)],
    counter(G, [(n, 60 * min(n, 240)) for n in EVERY_MINUTE]),
    counter(SC, [(n, max(n - 240, 0) * 100 / 240) for n in range(0, 481, 12)]),
)  # fmt: skip
HALF: Final = machine(RUNS, [(0, 10)], steady(T, 2880), steady(G, 1440))
# Half of the time is unknown, but the machine runs and counts all the time: 99.8 % of its pace.
HIDDEN: Final = states((0, S.PRODUCING), (120, S.UNKNOWN), (360, S.PRODUCING))
GAP: Final = ((at(120), at(360)),)
AT_998: Final = 0.998 * 2880

CASES: Final = (
    KpiCase(
        "a mix is earned item by item",
        (GOLDEN,),
        {
            "oee": 0.5, "oee_classic": 0.5, "nee": 0.5, "ooe": 0.5, "teep": 0.5,
            "quality_ratio": 14400 / 14500, "earned_quality_ratio": 0.5, "effectiveness": 1.0,
            "availability": 1.0, "scrap_ratio": 100 / 14500,
        },
        {"oee": 0.5, "teep": 0.5, "availability": 1.0},
        {"oee": {"state_share": 1, "quantity_share": 1, "plan_share": 1}},
    ),
    KpiCase(
        "a group is earned machine by machine",
        (GOLDEN, machine(RUNS, [(0, 10)], steady(G, 2592), steady(SC, 288))),
        {"oee": (0.5 + 0.9) / 2, "earned_quality_ratio": (0.5 + 0.9) / 2,
         "quality_ratio": (14400 + 2592) / (14500 + 2880)},
    ),
    KpiCase(
        "total and scrap: good is the rest, at the planned time of each",
        (machine(
            RUNS, [(0, 1), (AFTER_240, 144)],
            counter(T, [(n, 60 * min(n, 240) + max(n - 240, 0) * 100 / 240)
                        for n in [*range(240), *range(240, 481, 12)]]),
            counter(SC, [(n, max(n - 240, 0) * 100 / 240) for n in range(0, 481, 12)]),
        ),),
        {"oee": 0.5, "earned_quality_ratio": 0.5, "quality_ratio": 14400 / 14500},
    ),
    KpiCase(
        "total and good: scrap is the rest, and nobody counts rework",
        (machine(RUNS, [(0, 10)], steady(T, 2880), steady(G, 2160)),),
        {"quality_ratio": 0.75, "scrap_ratio": 0.25, "rework_ratio": None, "oee": 0.75},
        reasons={"rework_ratio": "nobody reports rework"},
        inputs={"rework_ratio": {"rework_rq": None},
                "scrap_ratio": {"quality_sq": 720, "quality_pq": 2880}},
    ),
    KpiCase(
        "total alone: good and scrap are unknown",
        (machine(RUNS, [(0, 10)], steady(T, 2880)),),
        {"effectiveness": 1.0, "quality_ratio": None, "scrap_ratio": None, "oee": None,
         "earned_quality_ratio": None, "availability": 1.0},
        {"oee": None},
        {"oee": {"quantity_share": 0, "state_share": 1}, "effectiveness": {"quantity_share": 1}},
        {"oee": "nobody reports the good quantity", "quality_ratio": "good quantity",
         "scrap_ratio": "nobody reports"},
        {"oee": {"pri_gq_s": None}},
    ),
    KpiCase(
        "good alone: what was produced is unknown, but good items can be valued",
        (machine(RUNS, [(0, 10)], steady(G, 2160)),),
        {"oee": 0.75, "effectiveness": None, "quality_ratio": None, "scrap_ratio": None,
         "teep": 0.75},
        reasons={"effectiveness": "nobody reports the produced quantity",
                 "quality_ratio": "produced"},
    ),
    KpiCase(
        "scrap alone: neither produced nor good is known",
        (machine(RUNS, [(0, 10)], steady(SC, 100)),),
        {"oee": None, "scrap_ratio": None, "quality_ratio": None},
        reasons={"scrap_ratio": "nobody reports"},
    ),
    KpiCase(
        "no counter at all",
        (machine(RUNS, [(0, 10)]),),
        {"oee": None, "effectiveness": None, "quality_ratio": None, "rework_ratio": None,
         "availability": 1.0},
        inputs={"oee": {"judged_pri_gq_s": None}},
    ),
    KpiCase(
        "a counter without any sample reports nothing",
        (machine(RUNS, [(0, 10)], CountSeries(1, T, EMPTY), CountSeries(2, G, EMPTY)),),
        {"oee": None, "quality_ratio": None},
    ),
    KpiCase(
        "counters that stand still report zero",
        (machine(RUNS, [(0, 10)], steady(T, 0), steady(G, 0), steady(RW, 0)),),
        {"oee": 0.0, "effectiveness": 0.0, "quality_ratio": None, "rework_ratio": None},
        reasons={"quality_ratio": "nothing was produced", "rework_ratio": "nothing was produced"},
        inputs={"quality_ratio": {"quality_pq": 0, "quality_gq": 0}},
    ),
    KpiCase(
        "a group is over the machines that report",
        (
            machine(RUNS, [(0, 10)], steady(T, 2880), steady(G, 2160), steady(RW, 288)),
            machine(RUNS, [(0, 10)], steady(T, 2880)),
        ),
        {"quality_ratio": 0.75, "scrap_ratio": 0.25, "rework_ratio": 0.1, "effectiveness": 1.0,
         "oee": 0.75},
        shares={"quality_ratio": {"quantity_share": 0.5}, "rework_ratio": {"quantity_share": 0.5},
                "effectiveness": {"quantity_share": 1}, "oee": {"quantity_share": 0.5}},
    ),
    KpiCase(
        "a machine without planned run time is left out",
        (HALF, machine(RUNS, None, steady(T, 2880), steady(G, 2880))),
        {"oee": 0.5, "nee": 0.5, "teep": 0.5, "effectiveness": 1.0, "availability": 1.0,
         "quality_ratio": 0.75},
        {"oee": 0.5, "teep": 0.5},
        {"oee": {"quantity_share": 0.5, "coverage": 1.0}, "availability": {"state_share": 1}},
    ),
    KpiCase(
        "a machine without counters is left out",
        (HALF, machine(RUNS, [(0, 10)])),
        {"oee": 0.5, "ooe": 0.5, "effectiveness": 1.0, "quality_ratio": 0.5},
        shares={"oee": {"quantity_share": 0.5, "coverage": 1.0}},
    ),
    KpiCase(
        "a planned run time of zero is none",
        (HALF, machine(RUNS, [(0, 0)], steady(T, 2880), steady(G, 2880))),
        {"oee": 0.5},
        shares={"oee": {"quantity_share": 0.5}},
    ),
    KpiCase(
        "the planned run time begins later",
        (machine(RUNS, [(AFTER_240, 10)], steady(T, 2880), steady(G, 1440)),),
        {"oee": 0.5, "effectiveness": 1.0},
        shares={"oee": {"quantity_share": 0.5}},
    ),
    KpiCase(
        "one order has no planned run time",
        (machine(
            RUNS, [(0, 10), (AFTER_240, 0)], steady(T, 2880), steady(G, 1440),
            order=orders((0, "A"), (240, "B")),
        ),),
        {"oee": 0.5, "effectiveness": 1.0},
        shares={"oee": {"quantity_share": 0.5}},
    ),
    KpiCase(
        "without an order no planned run time is needed: the time is lost",
        (machine(
            RUNS, [(0, 10), (AFTER_240, 0)], steady(T, 1440, 240), steady(G, 1440, 240),
            order=orders((0, "A"), (240, "")),
        ),),
        {"oee": 0.5, "effectiveness": 1.0, "availability": 0.5},
        shares={"oee": {"quantity_share": 1}},
    ),
    KpiCase(
        "a machine without state is left out of times, its strict OEE needs none",
        (HALF, machine(None, [(0, 10)], steady(T, 2880), steady(G, 2880))),
        {"oee": 0.5, "availability": 1.0, "effectiveness": 1.0},
        {"oee": 0.75, "availability": 0.5},
        {"oee": {"state_share": 0.5, "quantity_share": 1}},
    ),
    KpiCase(
        "nothing is known of the state",
        (machine(None, [(0, 10)], steady(T, 2880), steady(G, 2160), steady(RW, 0)),),
        {"oee": None, "availability": None, "effectiveness": None, "quality_ratio": 0.75,
         "rework_ratio": 0.0},
        {"oee": 0.75, "availability": None},
        {"oee": {"state_share": 0}},
        {"availability": "no good data", "oee": "no good data"},
    ),
    KpiCase(
        "a bad state for half of the time, counters every minute",
        (machine(HIDDEN, [(0, 10)], steady(T, AT_998), steady(G, AT_998)),),
        {"availability": 1.0, "effectiveness": 0.998, "oee": 0.998, "quality_ratio": 1.0,
         "allocation_efficiency": 1.0, "production_process_ratio": 1.0, "nee": 0.998,
         "teep": 0.998, "ooe": 0.998},
        {"availability": 0.5, "effectiveness": 0.998, "oee": 0.998, "allocation_efficiency": 0.5,
         "production_process_ratio": 0.5, "teep": 0.998},
        {"oee": {"coverage": 0.5, "state_share": 0.5, "quantity_share": 1}},
    ),
    KpiCase(
        "a gap of half of the time, after which the counter has its count",
        (machine(
            RUNS, [(0, 10)],
            counter(T, [(n, 0.998 * 6 * n) for n in EVERY_MINUTE if not 120 <= n < 361]),
            counter(G, [(n, 0.998 * 6 * n) for n in EVERY_MINUTE if not 120 <= n < 361]),
            unknown=GAP,
        ),),
        {"availability": 1.0, "effectiveness": 0.998, "oee": 0.998},
        {"availability": 0.5, "oee": 0.998},
        {"oee": {"coverage": 0.5}},
    ),
    KpiCase(
        "counters every two hours",
        (machine(
            HIDDEN, [(0, 10)], counter(T, [(n, 6 * n) for n in range(0, 481, 120)]),
            counter(G, [(n, 6 * n) for n in range(0, 481, 120)]),
        ),),
        {"availability": 1.0, "effectiveness": 1.0, "oee": 1.0},
    ),
    KpiCase(
        "counters every two hours, spread evenly",
        (machine(
            HIDDEN, [(0, 10)],
            *(replace(counter(role, [(n, 6 * n) for n in range(0, 481, 120)]), interpolate=True)
              for role in (T, G)),
        ),),
        {"availability": 1.0, "effectiveness": 1.0, "oee": 1.0},
        inputs={"oee": {"judged_pri_gq_s": 14400, "pri_gq_s": 28800}},
    ),
    KpiCase(
        "a machine that stood in the known half",
        (machine(
            states((0, S.IDLE), (240, S.UNKNOWN)), [(0, 10)],
            counter(T, [(0, 0), *((n, 6 * (n - 240)) for n in range(240, 481))]),
            counter(G, [(0, 0), *((n, 6 * (n - 240)) for n in range(240, 481))]),
        ),),
        {"availability": 0.0, "effectiveness": None, "oee": 0.0},
        {"oee": 0.5, "availability": 0.0},
        reasons={"effectiveness": "no production time"},
    ),
    KpiCase(
        "no shift calendar: all time is planned, and the share says so",
        (HALF,),
        {"oee": 0.5, "teep": 0.5},
        shares={"oee": {"plan_share": 0, "quantity_share": 1}},
        plan=PlannedTime.always(),
    ),
    KpiCase(
        "a calendar from the middle on",
        (HALF,),
        {"oee": 0.5},
        shares={"oee": {"plan_share": 0.5}},
        plan=PlannedTime(
            _ALWAYS.shifts, _ALWAYS.breaks, Spans(series([(240, 0), (9999, 0)]).at)
        ),
    ),
)  # fmt: skip


def compute_case(case: KpiCase) -> list[ComputedBuckets]:
    """Compute the machines of a case bucket by bucket."""
    span = BucketRange(T0, BUCKETS, T0 + 2 * BUCKETS * BUCKET_US)
    return [compute_buckets(samples, case.plan, Carry(), span) for samples in case.machines]


def sum_of(computed: ComputedBuckets) -> Elements:
    return Elements.sum(computed.elements_of(bucket) for bucket in range(BUCKETS))
