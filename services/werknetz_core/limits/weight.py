"""The weight of a request: what it will read, known before it reads.

A poll weighs 1. From WIDE_WEIGHT on, a request is wide: it waits for one of few slots, and the
wide process computes it.
"""

from dataclasses import dataclass
from typing import Final, Self

from werknetz.domain.bucket import BUCKET_US

ROWS_PER_UNIT: Final = 5_000  # about 2 ms
ROWS_PER_VALUE: Final = 100  # a computed value takes as long as so many rows
ROWS_PER_PIECE: Final = 10  # of a machine that stops every few quarters of an hour
ROWS_PER_PIECE_MAX: Final = 60  # of one that stops in each
WIDE_WEIGHT: Final = 10


@dataclass(frozen=True, slots=True)
class Reads:
    """What a request reads and computes."""

    rows: int = 0  # that PostgreSQL sums, or that are passed on as they are
    values: int = 0
    pieces: int = 0  # quarters of an hour of which this process reads each stop

    @classmethod
    def of_buckets(
        cls, machines: int, start_us: int, end_us: int, *, values: int = 0, stops: bool = False
    ) -> Self:
        """Return what a span of machines holds: a row for each quarter of an hour, at least.

        `stops`: each stop of it becomes an object.
        """
        rows = machines * max(0, -(-(end_us - start_us) // BUCKET_US))
        return cls(rows, values, rows if stops else 0)

    @property
    def weight(self) -> int:
        return self._weight(ROWS_PER_PIECE)

    @property
    def is_wide(self) -> bool:
        """Whether it can be wide: nobody knows before how often machines stopped."""
        return self._weight(ROWS_PER_PIECE_MAX) >= WIDE_WEIGHT

    def _weight(self, rows_per_piece: int) -> int:
        rows = self.rows + self.values * ROWS_PER_VALUE + self.pieces * rows_per_piece
        return 1 + rows // ROWS_PER_UNIT

    def __add__(self, other: "Reads") -> "Reads":
        return Reads(self.rows + other.rows, self.values + other.values, self.pieces + other.pieces)
