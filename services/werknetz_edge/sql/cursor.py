"""Values of a cursor column: where the next poll starts, and what a clock may do to them (M11).

A cursor never lies in the future, and a local time within the hour that a clock change repeats
counts as its first occurrence: the next poll then reads the whole hour again.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from werknetz.connector.contract import ConfigurationRejected
from werknetz.domain.bucket import instant_of
from werknetz_edge.sql.config import SqlSource

LATE_FACTOR: Final = 12
"""Every 12th poll starts this many lags earlier, to find transactions that committed later."""
LATE_MIN_S: Final = 3_600.0
LATE_MIN: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def poll_start(source: SqlSource, cursor: Any, *, is_deep: bool = False) -> Any:
    """Return the first cursor of the next poll: before the newest row, by the lag."""
    lag_s, lag = source.lag_s, source.lag
    if is_deep:
        lag_s = max(LATE_FACTOR * lag_s, LATE_MIN_S)
        lag = max(LATE_FACTOR * lag, LATE_MIN)
    if isinstance(cursor, datetime):
        return _earlier(cursor, lag_s, ZoneInfo(source.zone))
    if isinstance(cursor, date):
        return cursor - timedelta(seconds=lag_s)
    if isinstance(cursor, (int, float, Decimal)):
        return cursor - lag
    if isinstance(cursor, bytes):
        return max(0, int.from_bytes(cursor) - lag).to_bytes(len(cursor))
    if isinstance(cursor, str):
        at = _time_of_text(source, cursor)
        return _format_like(cursor, _earlier(at, lag_s, ZoneInfo(source.zone)))
    raise ConfigurationRejected(
        f"{source.name}: {source.cursor} is a {type(cursor).__name__}: use a column that is a "
        "time, a number or a rowversion"
    )


def limit_to_now(source: SqlSource, cursor: Any, now_us: int) -> Any:
    """Return the cursor, or the present where it lies in the future.

    A row of the future would hide all rows that are written until then.
    """
    return now_as(source, cursor, now_us) if is_future(source, cursor, now_us) else cursor


def newest_of(source: SqlSource, values: Sequence[Any], saved: Any, now_us: int) -> Any:
    """Return the newest of ascending cursors that is not in the future.

    Where all are: `saved`, the cursor before, else the present.
    """
    for value in reversed(values):
        if not is_future(source, value, now_us):
            return value
    return limit_to_now(source, values[-1], now_us) if saved is None else saved


def is_future(source: SqlSource, cursor: Any, now_us: int) -> bool:
    """Whether a cursor is a time after `now_us`. A repeated local time counts as its first."""
    now = instant_of(now_us)
    zone = ZoneInfo(source.zone)
    if isinstance(cursor, str):
        cursor = _time_of_text(source, cursor)
    if isinstance(cursor, datetime):
        return (cursor if cursor.tzinfo is not None else cursor.replace(tzinfo=zone)) > now
    return isinstance(cursor, date) and cursor > now.astimezone(zone).date()


def now_as(source: SqlSource, cursor: Any, now_us: int) -> Any:
    """Return the present in the type and format of a cursor; the cursor where it is no time."""
    local = instant_of(now_us).astimezone(ZoneInfo(source.zone))
    if isinstance(cursor, str):
        at = _time_of_text(source, cursor)
        return _format_like(cursor, now_as(source, at, now_us))
    if isinstance(cursor, datetime):
        if cursor.tzinfo is not None:
            return local.astimezone(cursor.tzinfo)
        return local.replace(tzinfo=None, fold=0)
    return local.date() if isinstance(cursor, date) else cursor


def is_number(cursor: Any) -> bool:
    """Whether the cursor is an id or a sequence number, not a time and not a rowversion."""
    return isinstance(cursor, (int, float, Decimal)) and not isinstance(cursor, bool)


def _earlier(at: datetime, seconds: float, zone: ZoneInfo) -> datetime:
    """Return the earliest time that a row can have that is written later than `seconds` before.

    Without a zone in the value, `at` is local: in the hour that is repeated, later rows have
    earlier times.
    """
    lag = timedelta(seconds=seconds)
    if at.tzinfo is not None:
        return at - lag
    try:
        instant = at.replace(tzinfo=zone, fold=0).astimezone(UTC) - lag
        earlier = instant.astimezone(zone)
    except OverflowError:
        return datetime.min  # noqa: DTZ901  local time
    repeated = _repeated_span(earlier)
    return earlier.replace(tzinfo=None, fold=0) - repeated


def _repeated_span(at: datetime) -> timedelta:
    """Return by how much the clocks will be set back over this time; zero: it occurs once."""
    if at.fold:
        return timedelta()  # it is the second occurrence
    first, second = at.utcoffset(), at.replace(fold=1).utcoffset()
    if first is None or second is None or first <= second:
        return timedelta()
    return first - second


def _time_of_text(source: SqlSource, cursor: str) -> datetime:
    """SQLite stores times as text, which is sortable if all of them have the same format."""
    try:
        return datetime.fromisoformat(cursor)
    except ValueError as error:
        raise ConfigurationRejected(
            f"{source.name}: {cursor[:40]!r} in {source.cursor} is not an ISO time, "
            "which a text column must contain to be sortable"
        ) from error


def _format_like(example: str, at: datetime) -> str:
    digits = len(example.partition(".")[2].rstrip("Z").partition("+")[0])
    precision = "seconds" if digits == 0 else "milliseconds" if digits <= 3 else "microseconds"
    if len(example) <= len("2026-11-24"):
        return at.date().isoformat()
    text = at.isoformat("T" if "T" in example else " ", precision)
    return text.replace("+00:00", "Z") if example.endswith("Z") else text


def encode_cursor(value: Any) -> Any:
    """Encode a cursor for the state; `decode_cursor` restores it."""
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return value


def decode_cursor(encoded: Any) -> Any:
    if not isinstance(encoded, dict):
        return encoded
    if "at" in encoded:
        return datetime.fromisoformat(encoded["at"])
    if "day" in encoded:
        return date.fromisoformat(encoded["day"])
    return Decimal(encoded["number"])


def sortable(value: Any) -> Any:
    """Convert a cursor into a number or text that SQLite sorts."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, Decimal):
        return float(value)
    return value
