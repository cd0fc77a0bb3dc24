"""Daily partitions of a table: their names, and the statements that create and drop them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY_US: Final = 86_400_000_000
LOCK_PARTITIONING: Final = "SELECT pg_advisory_xact_lock(1463898704)"  # 'WARP'
# Readers of the table queue behind whoever waits for the catch-all.
SET_SHORT_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '2s'"
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DayTable:
    """A table that is partitioned by the UTC day of one of its columns."""

    name: str
    column: str

    @property
    def catch_all(self) -> str:
        return f"{self.name}_catch_all"

    @property
    def list_partitions(self) -> str:
        return f"""
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = '{self.name}'::regclass"""  # noqa: S608 - our own names

    def name_of(self, day: date) -> str:
        return f"{self.name}_{day:%Y%m%d}"

    def day_of(self, name: str) -> date | None:
        """Return the day of a partition's name; None for the catch-all and an operator's own."""
        digits = name.removeprefix(f"{self.name}_")
        if len(digits) != 8 or not digits.isdecimal():
            return None
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return None


# Functions of the owner of the tables: the services may not alter them. For transactions that hold
# LOCK_PARTITIONING. Rows in the catch-all are moved: otherwise a partition could not be attached.
MAKE_DAY: Final = "SELECT make_day_partition($1, $2)"
DROP_DAY: Final = "SELECT drop_day_partition($1, $2)"

SAMPLES: Final = DayTable("samples", "at")
RAW_INPUTS: Final = DayTable("raw_inputs", "stored_at")


def days_of(at_us: NDArray[np.int64], first: date, last: date) -> set[date]:
    """Return the days, in UTC, of the instants that lie within the given days."""
    if not len(at_us):
        return set()
    ends = np.array([at_us.min(), at_us.max()]) // DAY_US
    # Mostly one day: then nothing needs to be sorted.
    numbers = ends[:1] if ends[0] == ends[1] else np.unique(at_us // DAY_US)
    chosen = numbers[(numbers >= (first - _EPOCH).days) & (numbers <= (last - _EPOCH).days)]
    return {_EPOCH + timedelta(days=int(number)) for number in chosen}
