"""The weight of a request: what it will read, known before it reads.

A poll weighs 1. From WIDE_WEIGHT on, a request is wide: it waits for one of few slots and reads
through connections of its own.
"""

from dataclasses import dataclass
from typing import Final, Self

from werknetz.domain.bucket import BUCKET_US

ROWS_PER_UNIT: Final = 5_000
ROWS_PER_VALUE: Final = 100  # a computed value takes as long as so many rows
WIDE_WEIGHT: Final = 20


@dataclass(frozen=True, slots=True)
class Reads:
    """What a request reads and computes."""

    rows: int = 0
    values: int = 0

    @classmethod
    def of_buckets(cls, machines: int, start_us: int, end_us: int, *, values: int = 0) -> Self:
        """Return what a span of machines holds: a row for each quarter of an hour, at least."""
        return cls(machines * max(0, -(-(end_us - start_us) // BUCKET_US)), values)

    @property
    def weight(self) -> int:
        return 1 + (self.rows + self.values * ROWS_PER_VALUE) // ROWS_PER_UNIT

    @property
    def is_wide(self) -> bool:
        return self.weight >= WIDE_WEIGHT

    def __add__(self, other: "Reads") -> "Reads":
        return Reads(self.rows + other.rows, self.values + other.values)
