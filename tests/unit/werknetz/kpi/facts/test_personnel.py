"""MachineAttendance and work time in windows: shares, overlaps and people at several machines."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from werknetz.kpi.facts.personnel import MachineAttendance, sum_personnel

H = 3_600_000_000


def record(person: str, start: float, end: float, **fields: Any) -> MachineAttendance:
    return MachineAttendance(person, int(start * H), int(end * H), **fields)


def test_a_record_counts_in_the_windows_that_it_touches_by_its_share() -> None:
    (first, second, third) = sum_personnel(
        [record("anna", 6, 14, attended_s=7.5 * 3600, work_s=6 * 3600)],
        [(0, 6 * H), (6 * H, 8 * H), (8 * H, 14 * H)],
    )
    assert (first.attendances, first.apat_s, first.apwt_s) == (0, 0, 0)
    assert second.attendances == third.attendances == 1
    assert second.apat_s == pytest.approx(7.5 * 3600 / 4)
    assert third.apwt_s == pytest.approx(6 * 3600 * 3 / 4)


@pytest.mark.parametrize(
    ("window", "attendances"),
    [((4, 6), 0), ((4, 6.5), 1), ((8, 10), 0), ((7.5, 10), 1), ((6, 8), 1)],
)
def test_a_record_that_only_touches_a_window_is_not_in_it(
    window: tuple[float, float], attendances: int
) -> None:
    span = (int(window[0] * H), int(window[1] * H))
    (sums,) = sum_personnel([record("anna", 6, 8)], [span])
    assert sums.attendances == attendances


def test_without_attended_time_the_whole_span_counts_and_without_work_none() -> None:
    (sums,) = sum_personnel([record("anna", 6, 14)], [(0, 24 * H)])
    assert (sums.apat_s, sums.apwt_s) == (8 * 3600, 0)


def test_a_person_at_two_machines_is_there_once() -> None:
    two = [
        record("anna", 6, 14, work_s=8 * 3600),
        record("anna", 10, 14, work_s=4 * 3600),
        record("ben", 6, 14),
    ]
    (sums,) = sum_personnel(two, [(0, 24 * H)])
    # Anna: four hours alone, then four hours shared; Ben: eight hours.
    assert sums.apat_s == pytest.approx((8 + 8) * 3600)
    assert sums.apwt_s == pytest.approx(8 * 3600)
    assert sums.attendances == 3


def test_a_machine_outside_the_scope_takes_its_share() -> None:
    elsewhere = record("anna", 10, 14, counts=False)
    (sums,) = sum_personnel([record("anna", 6, 14), elsewhere], [(0, 24 * H)])
    assert sums.apat_s == pytest.approx(6 * 3600)
    assert sums.attendances == 1


@pytest.mark.parametrize("end", [6, 5])
def test_a_record_without_length_counts_nowhere(end: float) -> None:
    (sums,) = sum_personnel([record("anna", 6, end)], [(0, 24 * H)])
    assert (sums.attendances, sums.apat_s) == (0, 0)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 40), st.integers(1, 20), st.floats(0, 50_000)
        ),
        max_size=8,
    ),
    st.lists(st.integers(1, 59), max_size=5, unique=True),
)
def test_windows_add_up_to_the_whole(
    rows: list[tuple[str, int, int, float]], cuts: list[int]
) -> None:
    records = [record(p, start, start + length, work_s=work) for p, start, length, work in rows]
    edges = [0, *sorted(cuts), 60]
    parts = sum_personnel(records, [(a * H, b * H) for a, b in pairwise(edges)])
    (whole,) = sum_personnel(records, [(0, 60 * H)])
    assert sum(part.apat_s for part in parts) == pytest.approx(whole.apat_s)
    assert sum(part.apwt_s for part in parts) == pytest.approx(whole.apwt_s)
