"""Daily partitions of a table: their names, and the statements that create and drop them.

A partition is filled before it is attached: attaching locks out readers of the catch-all only,
while CREATE TABLE … PARTITION OF would lock the whole of the table.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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

    @property
    def lock_catch_all(self) -> str:
        return f"LOCK TABLE {self.catch_all} IN ACCESS EXCLUSIVE MODE"

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

    def create_statements(self, day: date) -> tuple[str, ...]:
        """Return the statements, for one transaction that holds both locks above.

        Rows in the catch-all are moved: otherwise the partition could not be attached.
        """
        name, start, end = self.name_of(day), _midnight(day), _midnight(day + timedelta(days=1))
        return (
            f"CREATE TABLE {name} (LIKE {self.name} INCLUDING ALL)",
            f"""WITH moved AS (DELETE FROM {self.catch_all}
                WHERE {self.column} >= '{start}' AND {self.column} < '{end}' RETURNING *)
            INSERT INTO {name} SELECT * FROM moved""",  # noqa: S608 - our own names
            f"""ALTER TABLE {self.name} ATTACH PARTITION {name}
                FOR VALUES FROM ('{start}') TO ('{end}')""",
        )

    def drop_statements(self, day: date) -> tuple[str, str]:
        """Return the statements, for one transaction with a short wait for its locks."""
        name = self.name_of(day)
        return f"ALTER TABLE {self.name} DETACH PARTITION {name}", f"DROP TABLE {name}"


SAMPLES: Final = DayTable("samples", "at")
RAW_INPUTS: Final = DayTable("raw_inputs", "stored_at")


def days_of(at_us: NDArray[np.int64], first: date, last: date) -> set[date]:
    """Return the days, in UTC, of the instants that lie within the given days."""
    numbers = np.unique(at_us // DAY_US)
    chosen = numbers[(numbers >= (first - _EPOCH).days) & (numbers <= (last - _EPOCH).days)]
    return {_EPOCH + timedelta(days=int(number)) for number in chosen}


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()
