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
from werknetz_core.ingest.records.sample_rows import CARRY_BACK_US, translate_samples, unpack_dirty

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
