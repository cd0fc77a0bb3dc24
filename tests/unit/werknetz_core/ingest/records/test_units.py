"""Records of batches as units: where each one's rows begin, which are joined, how they divide."""

import numpy as np
import pytest

from plumbing.delivery import samples
from werknetz.events.batch import Samples, Tally
from werknetz_core.ingest.records import rejects
from werknetz_core.ingest.records.rejects import (
    RecordUnit,
    chunks_of_samples,
    split_rows,
    split_units,
    units_of,
)


def units(*sizes: int) -> list[RecordUnit]:
    return [RecordUnit(n, "live", samples([0.0] * size)) for n, size in enumerate(sizes)]


def test_units_begin_where_the_rows_before_them_in_their_batch_end() -> None:
    records = [samples([1.0, 2.0]), Tally(taken=3), samples([]), samples([3.0])]
    assert [unit.first_row for unit in units_of(7, "live", records)] == [0, 2, 2, 2]


def test_halves_of_a_record_stay_where_they_were() -> None:
    unit = RecordUnit(7, "live", samples([1.0, 2.0, 3.0]), first_row=10)
    halves = split_units([unit])
    assert halves is not None
    [left], [right] = halves
    assert (left.first_row, right.first_row) == (10, 11)
    again = split_units([right])
    assert again is not None
    assert [half[0].first_row for half in again] == [11, 12]


@pytest.mark.parametrize(
    ("sizes", "chunks"),
    [
        ((), []),
        ((4, 6), [[4, 6]]),  # as many rows as are translated together
        ((4, 7), [[4], [7]]),
        ((11,), [[11]]),  # one record is never divided
        ((0, 11, 0, 10, 1), [[0], [11], [0, 10], [1]]),
    ],
)
def test_records_are_joined_up_to_a_number_of_rows(
    sizes: tuple[int, ...], chunks: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "TOGETHER_ROWS", 10)
    assert [
        [len(unit.record.point) // 4 for unit in chunk if isinstance(unit.record, Samples)]
        for chunk in chunks_of_samples(units(*sizes))
    ] == chunks


def test_rows_of_joined_records_go_back_to_their_records() -> None:
    parts = split_rows(units(2, 0, 3, 1), [2, 0, 3, 1], np.array([1, 2, 4]))
    assert [(unit.seq, rows.tolist()) for unit, rows in parts] == [(0, [1]), (2, [2, 4])]
    assert list(split_rows(units(2), [2], np.empty(0, np.int64))) == []
