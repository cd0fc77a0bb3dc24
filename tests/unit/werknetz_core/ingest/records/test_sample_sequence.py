"""The order of samples of one signal at one instant (M8)."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.delivery import NOW_US
from werknetz.events.codec import SampleColumns
from werknetz.store.ingest.samples_copy import NO_SEQUENCE
from werknetz_core.ingest.records.points import PointMap
from werknetz_core.ingest.records.sample_rows import (
    ROW_BITS,
    SEQUENCE_BITS,
    sequence_of_batch,
    translate_samples,
)


def _points() -> PointMap:
    return PointMap().with_points([(n, 10 + n, None, "process_value", None) for n in range(1, 5)])


def _sequences(
    points: PointMap, rows: list[tuple[int, int]], seq: int, *, is_staged: bool = False
) -> list[int | None]:
    """Return the sequence of each row (point, instant) of a batch."""
    columns = SampleColumns(
        point=np.array([point for point, _ in rows], np.int32),
        time=NOW_US + np.array([at for _, at in rows], np.int64),
        value=np.zeros(len(rows)),
        status=np.zeros(len(rows), np.uint32),
        server_time=None,
        text_row=np.empty(0, np.int32),
        text=[],
    )
    translated = translate_samples(
        columns, points, first_sequence=sequence_of_batch(seq, 0), is_staged=is_staged
    )
    assert translated.rows.sequence is not None
    return [None if n == NO_SEQUENCE else n for n in translated.rows.sequence.tolist()]


def _with_latest(points: PointMap) -> PointMap:
    points.latest_us[:] = NOW_US - 1
    return points


@pytest.mark.parametrize(
    ("rows", "has_sequence"),
    [
        ([(1, 0)], [False]),
        ([(1, 0), (1, 0), (1, 0)], [False, True, True]),
        ([(1, 0), (1, 1), (1, 2)], [False, False, False]),
        ([(1, 0), (2, 0), (1, 1), (2, 0)], [False, False, False, True]),
        ([(1, -1)], [True]),  # as the latest that was written before
        ([(1, 5), (1, 3), (1, 4), (2, 0)], [True, True, True, False]),  # a step back
        ([], []),
    ],
)
def test_a_sequence_is_stored_only_where_an_instant_may_repeat(
    rows: list[tuple[int, int]], has_sequence: list[bool]
) -> None:
    sequences = _sequences(_with_latest(_points()), rows, seq=7)
    assert [n is not None for n in sequences] == has_sequence
    present = [n for n in sequences if n is not None]
    assert all(n >> SEQUENCE_BITS == 7 and n & 1 for n in present)
    assert present == sorted(present)


def test_a_later_batch_follows_at_the_same_instant() -> None:
    points = _with_latest(_points())
    first = _sequences(points, [(1, 0), (1, 0)], seq=1)
    second = _sequences(points, [(1, 0)], seq=2)
    assert (first[0], second[0]) == (None, (2 << SEQUENCE_BITS) + 1)
    assert first[1] is not None
    assert first[1] < (second[0] or 0)


def test_without_knowledge_of_what_is_stored_the_first_row_has_a_sequence() -> None:
    points = _points()
    assert _sequences(points, [(1, 0)], seq=1) != [None]
    assert _sequences(points, [(1, 1)], seq=2) == [None]
    grown = points.with_points([(9, 19, None, "process_value", None)])
    assert _sequences(grown, [(1, 2)], seq=3) == [None], "new points keep what is known"


def test_a_staged_row_always_has_a_sequence_and_and_shows_whether_it_is_needed() -> None:
    sequences = _sequences(_with_latest(_points()), [(1, 0), (1, 0), (1, 1)], seq=1, is_staged=True)
    assert [(n or 0) & 1 for n in sequences] == [0, 1, 0]
    assert None not in sequences


def test_a_batch_of_any_size_stays_below_the_next() -> None:
    assert sequence_of_batch(3, 10**9) + 1 < sequence_of_batch(4, 0)
    assert sequence_of_batch(3, 5) - sequence_of_batch(3, 4) == 1 << ROW_BITS


def test_equal_rows_of_one_record_are_counted() -> None:
    """So that history that repeats a value within an instant is stored as it was, once."""
    columns = SampleColumns(
        point=np.array([1, 1, 1, 2, 1, 1], np.int32),
        time=np.full(6, NOW_US),
        value=np.array([10.0, 20.0, 10.0, 10.0, np.nan, np.nan]),
        status=np.zeros(6, np.uint32),
        server_time=None,
        text_row=np.array([4, 5], np.int32),
        text=["a", "b"],
    )
    rows = translate_samples(columns, _points(), is_staged=True).rows
    assert rows.sequence is not None
    assert ((rows.sequence >> 1) & 15).tolist() == [0, 0, 1, 0, 0, 0]


@given(st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(-3, 3)), max_size=8), max_size=8))
def test_the_stored_order_is_the_order_of_the_source(batches: list[list[tuple[int, int]]]) -> None:
    """Sorted by instant, nulls first and sequence, as every reader does."""
    points, stored = _points(), list[tuple[int, int, int, int]]()
    for seq, rows in enumerate(batches, start=1):
        for row, sequence in zip(rows, _sequences(points, rows, seq), strict=True):
            stored.append((*row, -1 if sequence is None else sequence, len(stored)))
    for before, after in pairwise(sorted(stored)):
        if before[:2] == after[:2]:
            assert before[2] != after[2], "their order would be that of rows on disk"
            assert before[3] < after[3]
