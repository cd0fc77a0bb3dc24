"""The newest sample up to an instant, without a look at every day of the history.

A statement that may reach back for ever is planned over every partition, which costs a tenth of a
second where there are thousands. So it reaches back a day, then a month, and only then for ever.
Days stand in the text, so that a plan that is used again leaves out the others, too.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from werknetz.store.queries.sample_order import IN_REVERSE_ORDER
from werknetz.store.session import ReadConnection

REACHES: Final = (timedelta(days=1), timedelta(days=32))
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)

_DAYS: Final = "at >= '{first}' AND at < '{end}'"

# The newest sample of each signal of $1, from $2 on and up to $3.
LATEST_SAMPLES: Final = f"""
SELECT s.id AS signal_id, l.at, l.value, l.status, l.text
FROM unnest($1::int[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT at, value, status, text FROM samples
    WHERE signal_id = s.id AND at >= $2 AND at <= $3 AND {_DAYS}
    ORDER BY at DESC, {IN_REVERSE_ORDER} LIMIT 1) AS l"""  # noqa: S608 - made of constants

LATEST_BEFORE: Final = f"""
SELECT at FROM samples WHERE signal_id = $1 AND at >= $2 AND at < $3 AND {_DAYS}
ORDER BY at DESC LIMIT 1"""  # noqa: S608 - made of constants


async def load_latest_samples(
    connection: ReadConnection, signal_ids: Iterable[int], until: datetime
) -> dict[int, Any]:
    """Return the newest sample of each signal up to an instant; signals without are left out."""
    missing = set(signal_ids)
    latest: dict[int, Any] = {}
    for since in _starts_of(until):
        statement = _within_days(LATEST_SAMPLES, since, until)
        rows = await connection.fetch(statement, sorted(missing), since, until)
        latest |= {row["signal_id"]: row for row in rows}
        missing -= latest.keys()
        if not missing:
            break
    return latest


async def load_latest_time(
    connection: ReadConnection, signal_id: int, before: datetime
) -> datetime | None:
    """Return the time of the newest sample before an instant; None: there is none."""
    for since in _starts_of(before):
        statement = _within_days(LATEST_BEFORE, since, before)
        at: datetime | None = await connection.fetchval(statement, signal_id, since, before)
        if at is not None:
            return at
    return None


def _within_days(statement: str, since: datetime, until: datetime) -> str:
    """Return the statement with the days of the span, in UTC."""
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    end = "infinity" if last == date.max else f"{last + timedelta(days=1)}T00:00Z"
    return statement.format(first=f"{first}T00:00Z", end=end)


def _starts_of(until: datetime) -> list[datetime]:
    return [*(max(_FIRST, until - reach) for reach in REACHES if until > _FIRST + reach), _FIRST]
