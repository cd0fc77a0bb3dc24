"""Daily partitions: their names, and the statements that make one of `samples` or drop one.

A partition is filled before it is attached: attaching locks out readers of the catch-all only,
while CREATE TABLE … PARTITION OF would lock the whole of `samples`.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAY_US: Final = 86_400_000_000
CATCH_ALL: Final = "samples_catch_all"
SAMPLES: Final = "samples"
_MOVE: Final = """
WITH moved AS (DELETE FROM samples_catch_all WHERE at >= '{start}' AND at < '{end}' RETURNING *)
INSERT INTO {name} SELECT * FROM moved"""
_EPOCH: Final = date(1970, 1, 1)

EXISTING: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'samples'::regclass"""

CHILDREN: Final = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass($1)"""

ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(1463898704)"  # 'WARP': partitions are made
# Whoever waits for the catch-all makes every reader of `samples` wait behind it.
SHORT_WAIT: Final = "SET LOCAL lock_timeout = '2s'"
LOCK_CATCH_ALL: Final = f"LOCK TABLE {CATCH_ALL} IN ACCESS EXCLUSIVE MODE"


def name_of(day: date, table: str = SAMPLES) -> str:
    return f"{table}_{day:%Y%m%d}"


def day_of(name: str, table: str = SAMPLES) -> date | None:
    """Return the day of a partition's name; None for the catch-all and for an operator's own."""
    digits = name.removeprefix(f"{table}_")
    if len(digits) != 8 or not digits.isdecimal():
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def days_of(at_us: NDArray[np.int64], first: date, last: date) -> set[date]:
    """Return the days, in UTC, of the instants that lie within the given days."""
    numbers = np.unique(at_us // DAY_US)
    chosen = numbers[(numbers >= (first - _EPOCH).days) & (numbers <= (last - _EPOCH).days)]
    return {_EPOCH + timedelta(days=int(number)) for number in chosen}


def making(day: date) -> tuple[str, ...]:
    """Return the statements, for one transaction that holds both locks above.

    What had gone to the catch-all moves: otherwise the day could not be attached.
    """
    name, start, end = name_of(day), _midnight(day), _midnight(day + timedelta(days=1))
    return (
        f"CREATE TABLE {name} (LIKE samples INCLUDING ALL)",
        _MOVE.format(name=name, start=start, end=end),
        f"""ALTER TABLE samples ATTACH PARTITION {name}
            FOR VALUES FROM ('{start}') TO ('{end}')""",
    )


def dropping(table: str, day: date) -> tuple[str, str]:
    """Return the statements, for one transaction with a short wait for its locks."""
    name = name_of(day, table)
    return f"ALTER TABLE {table} DETACH PARTITION {name}", f"DROP TABLE {name}"


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()
