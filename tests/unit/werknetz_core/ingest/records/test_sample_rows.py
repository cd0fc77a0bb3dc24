import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.delivery import NOW_US, samples
from werknetz.domain.bucket import BUCKET_US, TIME_MAX_US
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.events.batch import Samples
from werknetz.events.codec import UnreadableBatch, columns_of, select_rows
from werknetz_core.ingest.records.points import PointMap
from werknetz_core.ingest.records.sample_rows import (
    CARRY_BACK_US,
    find_possible_ties,
    sort_unique,
    translate_samples,
    unpack_dirty,
)

START_US = NOW_US - NOW_US % BUCKET_US
POINTS = PointMap().with_points(
    [
        (1, 11, 7, "state", 5),
        (2, 12, 7, "process_value", 5),
        (3, 13, None, "heartbeat", None),
    ]
)


def marks(columns: Samples) -> list[tuple[int, int]]:
    equipment, bucket = unpack_dirty(translate_samples(columns_of(columns), POINTS).dirty)
    return list(zip(equipment, bucket, strict=True))


def test_a_role_that_moves_kpis_marks_its_bucket() -> None:
    at_us = START_US + CARRY_BACK_US
    assert marks(samples([1.0], number=1, at_us=at_us)) == [(7, START_US // BUCKET_US)]
    assert marks(samples([1.0], number=2, at_us=at_us)) == []
    assert marks(samples([1.0], number=3, at_us=at_us)) == []


def test_a_sample_soon_after_a_boundary_marks_the_bucket_before_too() -> None:
    number = START_US // BUCKET_US
    near = samples([1.0], at_us=START_US + CARRY_BACK_US - 1)
    assert marks(near) == [(7, number - 1), (7, number)]


@given(st.lists(st.integers(0, TIME_MAX_US), min_size=1, max_size=30))
def test_marks_are_sorted_and_each_is_there_once(times: list[int]) -> None:
    columns = Samples(
        point=np.ones(len(times), "<i4").tobytes(),
        time=np.array(times, "<i8").tobytes(),
        value=np.zeros(len(times), "<f8").tobytes(),
        status=np.zeros(len(times), "<u4").tobytes(),
    )
    translated = marks(columns)
    assert translated == sorted(set(translated))
    day_us = 86_400_000_000
    assert {at_us // BUCKET_US for at_us in times if at_us < TIME_MAX_US - day_us} <= {
        bucket for _, bucket in translated
    }


def test_an_impossible_time_is_clamped_and_marked() -> None:
    rows = translate_samples(columns_of(samples([1.0], at_us=2**62)), POINTS).rows
    assert (rows.at_us[0], rows.status[0]) == (TIME_MAX_US, UNCERTAIN_TIME)


def test_points_that_were_never_introduced_stand_apart_with_their_texts() -> None:
    columns = Samples(
        point=np.array([1, 99, 2, -5, 0], "<i4").tobytes(),
        time=np.full(5, NOW_US, "<i8").tobytes(),
        value=np.arange(5, dtype="<f8").tobytes(),
        status=np.zeros(5, "<u4").tobytes(),
        text_row=np.array([1, 2], "<i4").tobytes(),
        text=["lost", "kept"],
    )
    translated = translate_samples(columns_of(columns), POINTS)
    assert translated.unknown.tolist() == [1, 3, 4]
    assert translated.rows.signal_id.tolist() == [11, 12]
    assert translated.rows.text == ("kept",)
    assert select_rows(columns_of(columns), translated.unknown).text == ["lost"]


def test_texts_out_of_order_are_ordered_and_texts_of_no_row_are_poison() -> None:
    def with_texts(rows: list[int]) -> Samples:
        plain = samples([1.0, 2.0, 3.0])
        return Samples(
            point=plain.point,
            time=plain.time,
            value=plain.value,
            status=plain.status,
            text_row=np.array(rows, "<i4").tobytes(),
            text=[str(row) for row in rows],
        )

    ordered = translate_samples(columns_of(with_texts([0, 2, 1, 2])), POINTS).rows
    assert ordered.text_row is not None
    assert ordered.text_row.tolist() == [0, 1, 2]
    with pytest.raises(UnreadableBatch):
        translate_samples(columns_of(with_texts([0, 9, 1])), POINTS)


def _is_strictly_later(point: int, at_us: int, before: list[tuple[int, int]]) -> bool:
    return all(at_us > other_us for other, other_us in before if other == point)


@pytest.mark.parametrize("seed", range(40))
def test_every_possible_tie_is_found(seed: int) -> None:
    """Over batches in order and out of order: a row is free only if all before it are earlier."""
    random = np.random.default_rng(seed)
    latest_us = np.zeros(4, np.int64)
    written = [(number, 0) for number in range(4)]
    for _ in range(6):
        count = int(random.integers(0, 9))
        point = random.integers(0, 4, count).astype(np.int32)
        at_us = random.integers(1, 40, count)
        if random.random() < 0.5:  # as most sources deliver: ascending, and new
            at_us = max(at for _, at in written) + np.arange(count) + 1
        may_tie = find_possible_ties(point, at_us, latest_us)
        ascending = bool((at_us[1:] > at_us[:-1]).all())
        for number, at, flag in zip(point.tolist(), at_us.tolist(), may_tie.tolist(), strict=True):
            is_free = _is_strictly_later(number, at, written)
            assert flag or is_free
            assert not (flag and is_free and ascending)
            written.append((number, at))
        newest = [max(at for other, at in written if other == number) for number in range(4)]
        assert latest_us.tolist() == newest


def test_a_point_whose_latest_instant_is_unknown_may_tie() -> None:
    latest_us = np.array([TIME_MAX_US], np.int64)
    point = np.zeros(2, np.int32)
    assert find_possible_ties(point, np.array([5, 6]), latest_us).tolist() == [True, True]
    assert find_possible_ties(point, np.array([7, 8]), latest_us).tolist() == [False, False]
    assert find_possible_ties(point[:1], np.array([8]), latest_us).tolist() == [True]
    assert find_possible_ties(point[:1], np.array([TIME_MAX_US]), latest_us).tolist() == [False]
    assert latest_us.tolist() == [TIME_MAX_US - 1]  # never the value that means "unknown"


@pytest.mark.parametrize("numbers", [[], [3], [2, 1, 2, 2, 1], [-1, 0, -1]])
def test_numbers_are_sorted_and_unique(numbers: list[int]) -> None:
    assert sort_unique(np.array(numbers, np.int64)).tolist() == sorted(set(numbers))
