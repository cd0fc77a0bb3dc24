"""Values that are no numbers, and clocks that are wrong, in every role: elements stay finite."""

import json
import math

import numpy as np
import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import ELEMENT_NAMES
from werknetz.kpi.plan import PlannedTime
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets
from werknetz.kpi.timeline.reports import OPEN_US, JobRun, ReportedQuantity, Reports, StateSpan

MINUTE = 60_000_000
T0 = 1_900_000 * BUCKET_US
NOW = T0 + 2 * BUCKET_US
ROLES = [role for role in Role if role.affects_kpis]
BAD = [math.nan, math.inf, -math.inf, 1e308, -1e308]


def at(minute: float) -> int:
    return T0 + round(minute * MINUTE)


def compute(samples: MachineSamples) -> ComputedBuckets:
    return compute_buckets(samples, PlannedTime.always(), Carry(), BucketRange(T0, 2, NOW))


def machine(
    bad_role: Role | None, bad: float = 0.0, bad_at: int = at(7), minute: float = 0
) -> MachineSamples:
    def series(role: Role, *values: float) -> Series:
        instants = [at(minute), at(minute + 5), at(minute + 10)]
        if role is bad_role:
            instants, values = [at(0), at(5), bad_at], (values[0], values[1], bad)
        return Series.of(instants, values, text=[None if role is Role.STATE else "A"] * 3)

    return MachineSamples(
        state=series(Role.STATE, 1, 1, 1),
        order=series(Role.ORDER, 0, 0, 0),
        run_time=series(Role.PLANNED_RUN_TIME, 2, 2, 2),
        counts=tuple(
            CountSeries(number, role, series(role, 0, 3, 6), "to_zero")
            for number, role in enumerate(role for role in ROLES if role.is_count)
        ),
    )


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("role", ROLES)
def test_what_is_no_number_moves_nothing_beyond_all_numbers(role: Role, bad: float) -> None:
    computed = compute(machine(role, bad))
    for name in ELEMENT_NAMES:
        assert np.isfinite(computed.columns[name]).all(), name
    for carry in computed.carries:
        assert "NaN" not in str(carry.to_document())


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("role", ROLES)
def test_a_machine_goes_on_after_a_value_beyond_all_numbers(role: Role, bad: float) -> None:
    carry = compute(machine(role, bad)).carries[-1]
    # PostgreSQL writes 1e308 as an integer of 309 digits.
    stored = json.loads(json.dumps(carry.to_document()), parse_float=as_written_by_postgresql)
    assert Carry.from_document(stored) == carry
    later = BucketRange(NOW, 2, NOW + 2 * BUCKET_US)
    after = compute_buckets(
        machine(None, minute=31), PlannedTime.always(), Carry.from_document(stored), later
    )
    for name in ELEMENT_NAMES:
        assert np.isfinite(after.columns[name]).all(), name


def as_written_by_postgresql(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


@pytest.mark.parametrize("role", ROLES)
def test_a_sample_of_the_future_changes_nothing_before_it(role: Role) -> None:
    with_it = compute(machine(role, 1.0, NOW + BUCKET_US))
    for name in ("pbt_s", "apt_s", "unknown_s"):
        total = with_it.columns[name].sum()
        assert total == {"pbt_s": 1800, "apt_s": 1800, "unknown_s": 0}[name]


def test_reports_of_wrong_clocks_stay_in_their_time() -> None:
    reports = Reports(
        entries=(StateSpan(NOW + MINUTE, NOW + 2 * MINUTE, 4), StateSpan(at(3), at(3), 4)),
        states=(StateSpan(NOW + MINUTE, OPEN_US, 5), StateSpan(0, at(0), 6)),
        jobs=(JobRun("A", NOW + MINUTE, OPEN_US), JobRun("B", None, at(5))),
        first_job_us=at(0),
        quantities=(
            ReportedQuantity(Role.GOOD_COUNT, NOW + MINUTE, NOW + 2 * MINUTE, 5),
            ReportedQuantity(Role.GOOD_COUNT, at(9), at(5), 7),  # it ends before it starts
        ),
    )
    computed = compute(MachineSamples(state=Series.of([at(0)], [1.0]), reports=reports))
    assert computed.columns["adot_s"].sum() == 1800  # no order runs
    assert computed.columns["gq"].tolist() == [7, 0]
