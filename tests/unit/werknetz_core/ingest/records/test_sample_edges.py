"""Rows of samples at the edges of time, and where nothing is unknown, equal or given."""

import numpy as np
import pytest

from plumbing.delivery import NOW_US
from werknetz.domain.bucket import BUCKET_US, TIME_MAX_US, TIME_MIN_US
from werknetz.events.codec import SampleColumns, UnreadableBatch
from werknetz.store.ingest.samples_copy import NO_SEQUENCE
from werknetz_core.ingest.records.points import PointMap
from werknetz_core.ingest.records.sample_rows import (
    ROW_BITS,
    SEQUENCE_BITS,
    find_possible_ties,
    pack_dirty,
    sequence_of_batch,
    translate_samples,
    unpack_dirty,
)

DAY_US = 86_400_000_000


def points() -> PointMap:
    return PointMap().with_points([(n, 10 + n, None, "process_value", None) for n in range(1, 4)])


def columns(
    rows: list[tuple[int, int]], texts: list[tuple[int, str]] | None = None
) -> SampleColumns:
    texts = texts or []
    return SampleColumns(
        point=np.array([point for point, _ in rows], np.int32),
        time=np.array([at for _, at in rows], np.int64),
        value=np.zeros(len(rows)),
        status=np.zeros(len(rows), np.uint32),
        server_time=None,
        text_row=np.array([row for row, _ in texts], np.int32),
        text=[text for _, text in texts],
    )


def test_where_all_points_are_known_none_is_unknown() -> None:
    translated = translate_samples(columns([(1, NOW_US), (2, NOW_US)]), points())
    assert translated.unknown.tolist() == []
    assert translated.dirty.tolist() == []


def test_without_a_position_the_first_row_is_row_0_and_not_staged() -> None:
    latest = points()
    latest.latest_us[:] = NOW_US
    rows = translate_samples(columns([(1, NOW_US), (1, NOW_US + 1)]), latest).rows
    assert rows.sequence is not None
    assert rows.sequence.tolist() == [1, NO_SEQUENCE]


def test_staged_rows_that_differ_have_no_equal_before_them() -> None:
    latest = points()
    latest.latest_us[:] = NOW_US - 1
    rows = translate_samples(
        columns([(1, NOW_US), (2, NOW_US), (1, NOW_US + 1)]), latest, is_staged=True
    ).rows
    assert rows.sequence is not None
    assert rows.sequence.tolist() == [0, 1 << ROW_BITS, 2 << ROW_BITS]


def test_the_last_row_of_a_batch_is_below_the_next_batch() -> None:
    assert sequence_of_batch(1, 10**9) == (2 << SEQUENCE_BITS) - (1 << ROW_BITS)
    assert sequence_of_batch(1, 3) == (1 << SEQUENCE_BITS) + (3 << ROW_BITS)


def test_of_two_texts_of_one_row_the_last_counts() -> None:
    samples = columns([(1, NOW_US), (2, NOW_US), (3, NOW_US)], [(1, "a"), (1, "b"), (2, "c")])
    rows = translate_samples(samples, points()).rows
    assert rows.text == ("b", "c")
    assert rows.text_row is not None
    assert rows.text_row.tolist() == [1, 2]


@pytest.mark.parametrize("numbers", [[1, 1], [1, 2, 1]])
def test_the_end_of_time_is_never_noted_as_the_latest(numbers: list[int]) -> None:
    """It means that the latest instant is unknown."""
    point = np.array(numbers, np.int32)
    at_us = np.full(len(numbers), TIME_MAX_US, np.int64)
    latest_us = np.full(4, NOW_US, np.int64)
    find_possible_ties(point, at_us, latest_us)
    assert latest_us[1] == TIME_MAX_US - 1
    assert latest_us[3] == NOW_US


@pytest.mark.parametrize(
    ("at_us", "is_marked"),
    [
        (TIME_MIN_US + DAY_US, False),
        (TIME_MIN_US + DAY_US + 1, True),
        (TIME_MAX_US - DAY_US - 1, True),
        (TIME_MAX_US - DAY_US, False),
        (TIME_MIN_US, False),
        (TIME_MAX_US, False),
    ],
)
def test_the_first_and_the_last_day_mark_no_bucket(at_us: int, is_marked: bool) -> None:
    packed = pack_dirty(np.array([7], np.int32), np.array([at_us], np.int64))
    _, buckets = unpack_dirty(packed)
    assert (at_us // BUCKET_US in buckets) is is_marked
    nobody = pack_dirty(np.array([0], np.int32), np.array([at_us], np.int64))
    assert nobody.tolist() == []


@pytest.mark.parametrize(("row", "is_readable"), [(-1, False), (0, True), (1, True), (2, False)])
def test_a_text_belongs_to_a_row_that_exists(row: int, is_readable: bool) -> None:
    batch = columns([(1, NOW_US), (2, NOW_US)], [(row, "a")])
    if is_readable:
        assert translate_samples(batch, points()).rows.text == ("a",)
    else:
        with pytest.raises(UnreadableBatch, match="text row"):
            translate_samples(batch, points())


def test_numbers_outside_the_map_are_unknown() -> None:
    point_map = points()
    size = len(point_map.signal_id)
    batch = columns([(-1, NOW_US), (0, NOW_US), (1, NOW_US), (size - 1, NOW_US), (size, NOW_US)])
    translated = translate_samples(batch, point_map)
    introduced = [n for n in range(size) if point_map.signal_id[n]]
    unknown = [n for n, point in enumerate([-1, 0, 1, size - 1, size]) if point not in introduced]
    assert translated.unknown.tolist() == unknown
