"""The books of a connector: what became of everything that it took (M4)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from werknetz.events.batch import BusinessEvent, EventWithdrawn, Record, Samples, Tally, Unmapped

POINT_BYTES: Final = 4  # of one sample; a batch whose columns differ in length was refused before


@dataclass(slots=True)
class BookCounts:
    """Counts in the order of `store.tables.BOOK_COUNTS`; `taken` is the sum of the others.

    The unit is a reading, a row of a block, or the outcome of one event rule for a record. A fact
    that a document or snapshot ends without naming it is taken and withdrawn, too.
    """

    taken: int = 0
    stored: int = 0
    duplicates: int = 0
    revisions: int = 0
    withdrawn: int = 0
    ignored: int = 0
    quarantined: int = 0

    def add(self, other: "BookCounts") -> None:
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def values(self) -> Sequence[int]:
        return (
            self.taken, self.stored, self.duplicates, self.revisions, self.withdrawn,
            self.ignored, self.quarantined,
        )  # fmt: skip

    @property
    def is_empty(self) -> bool:
        return not any(self.values)


_NAMES: Final = tuple(field.name for field in fields(BookCounts))


def taken_of(record: Record) -> int:
    """Return how much a record counts as taken where its batch has no tally of the edge."""
    match record:
        case Samples():
            return len(record.point) // POINT_BYTES
        case BusinessEvent() | EventWithdrawn():
            return 1
        case Unmapped():
            return quarantined_count(record)
        case _:
            return 0


def count_tally(tally: Tally) -> BookCounts:
    return BookCounts(taken=tally.taken, duplicates=tally.duplicates, ignored=tally.ignored)


def quarantined_count(record: Unmapped) -> int:
    """Return the occurrences that an entry stands for, within what the database can hold."""
    return max(1, min(record.count, 2**62))
