"""How records and tallies are counted."""

from uuid import uuid4

import pytest

from plumbing.delivery import samples
from plumbing.facts import group_end, receipt, withdrawal
from werknetz.events.batch import GapClosed, Points, Record, Tally, Unmapped
from werknetz.store.tables import BOOK_COUNTS
from werknetz_core.ingest.records.books import (
    BookCounts,
    count_tally,
    quarantined_count,
    taken_of,
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (samples([1.0, 2.0, 3.0]), 3),
        (samples([]), 0),
        (receipt("D", 1), 1),
        (withdrawal("D"), 1),
        (group_end("G"), 0),
        (Unmapped("s", "r", b"", 1), 1),
        (Unmapped("s", "r", b"", 1, count=7), 7),
        (Points([]), 0),
        (GapClosed(uuid4(), 1), 0),
        (Tally(5), 0),
    ],
)
def test_what_a_record_without_a_tally_counts(record: Record, expected: int) -> None:
    assert taken_of(record) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(-1, 1), (0, 1), (1, 1), (2, 2), (2**62, 2**62), (2**62 + 1, 2**62)]
)
def test_counts_of_quarantine_are_bounded(count: int, expected: int) -> None:
    assert quarantined_count(Unmapped("s", "r", b"", 1, count=count)) == expected


def test_counts_add_up_in_the_order_of_the_table() -> None:
    assert count_tally(Tally(9, ignored=2, duplicates=3)) == BookCounts(
        taken=9, duplicates=3, ignored=2
    )
    counts = BookCounts(*range(1, 8))
    counts.add(BookCounts(*range(10, 80, 10)))
    assert counts.values == (11, 22, 33, 44, 55, 66, 77)
    assert BookCounts.__slots__ == BOOK_COUNTS
    assert BookCounts().is_empty
    for name in BOOK_COUNTS:
        assert not BookCounts(**{name: 1}).is_empty
