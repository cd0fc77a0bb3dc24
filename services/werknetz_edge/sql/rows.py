"""Converts rows into records and readings, and values of any driver into plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from werknetz.connector.contract import Reading, SourceRecord
from werknetz.connector.values import EXACT_MAX
from werknetz.domain.bucket import microseconds_of
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz_edge.sql.config import SqlSource
from werknetz_edge.sql.keyset import sortable
from werknetz_edge.sql.state import StoredRow

BYTES_MAX: Final = 4_096
DELETED: Final = b""
_COLUMN: Final = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class SqlRow:
    """A new, changed or deleted row."""

    fields: Mapping[str, Any]
    stored: StoredRow
    at_us: int | None
    is_sure: bool
    change: str  # new, changed, deleted

    @property
    def dedup_key(self) -> bytes:
        return identity_of(self.stored)


def identity_of(stored: StoredRow) -> bytes:
    """Identify the state of a row: equal for every read of the same state."""
    digest = blake2b(stored.key, digest_size=16)
    digest.update(stored.content)
    digest.update(stored.version.to_bytes(8, "big"))
    return digest.digest()


def key_of(source: SqlSource, values: Sequence[Any]) -> bytes:
    return _digest(source.name, list(map(to_plain, values)))


def to_row(
    source: SqlSource, names: Sequence[str], values: Sequence[Any],
    stored_rows: Mapping[bytes, tuple[bytes, int]],
) -> SqlRow | None:  # fmt: skip
    """Return the row; None where it is stored already with the same content."""
    raw = dict(zip(names, values, strict=True))
    fields = {name: to_plain(value, source.zone) for name, value in raw.items()}
    ids = [raw[name] for name in source.id]
    key = key_of(source, ids)
    content = _digest(source.name, list(fields.values()))
    before, version = stored_rows.get(key, (DELETED, 0))
    if key in stored_rows and before == content:
        return None
    # A cursor distinguishes the states of a row. Without one a row may return to an earlier state,
    # and only a counter distinguishes them.
    version = 0 if source.changed_at is not None else version + 1
    sort_value = None if source.cursor is None else sortable(raw[source.cursor])
    encoded_id = msgspec.msgpack.encode(list(map(to_plain, ids))) if source.stores_all_rows else b""
    stored = StoredRow(key, content, version, sort_value, encoded_id)
    at_us, is_sure = _time_of(source, raw)
    change = "changed" if key in stored_rows and before != DELETED else "new"
    return SqlRow(fields, stored, at_us, is_sure, change)


def deleted_row(source: SqlSource, key: bytes, encoded_id: bytes, version: int) -> SqlRow:
    ids = msgspec.msgpack.decode(encoded_id)
    fields = dict(zip(source.id, ids, strict=True))
    stored = StoredRow(key, DELETED, version + 1, None, encoded_id)
    return SqlRow(fields, stored, None, True, "deleted")


def record_of(source: SqlSource, row: SqlRow) -> SourceRecord:
    ids = ", ".join(f"{name} {row.fields[name]}" for name in source.id)
    return SourceRecord(
        source=f"{source.name}/deleted" if row.change == "deleted" else source.name,
        fields={**row.fields, "_change": row.change},
        key=identity_of(row.stored),
        item=ids[:200],
        source_time_us=row.at_us,
    )


def readings_of(source: SqlSource, row: SqlRow) -> list[Reading]:
    def cell(match: re.Match[str]) -> str:
        value = row.fields.get(match.group(1))
        return "" if value is None else str(value)

    address = _COLUMN.sub(cell, source.address or source.name)
    excluded = {*source.id, source.cursor, source.time, *_COLUMN.findall(source.address or "")}
    return [
        Reading(
            f"{address}#{name}", value, GOOD if row.is_sure else UNCERTAIN_TIME, row.at_us,
            fields=row.fields,
        )
        for name, value in row.fields.items()
        if name not in excluded
    ]  # fmt: skip


def to_plain(value: Any, zone: str = "UTC") -> Any:  # noqa: PLR0911  one return per type
    """Convert a value into a JSON type; a time without a zone gets the configured one."""
    if value is None or isinstance(value, (bool, int, float, str, list, dict)):
        return value
    if isinstance(value, Decimal):
        exact = value == int(value) if value.is_finite() and abs(value) < EXACT_MAX else None
        if exact is None:
            return str(value)
        return int(value) if exact else float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        content = bytes(value)
        if len(content) > BYTES_MAX:
            return f"{len(content)} bytes, {blake2b(content, digest_size=16).hexdigest()}"
        return content.hex()
    if isinstance(value, (UUID, timedelta)):
        return str(value)
    return str(value)


def _time_of(source: SqlSource, raw: Mapping[str, Any]) -> tuple[int | None, bool]:
    column = source.time or source.changed_at
    value = None if column is None else raw.get(column)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None, False
    if not isinstance(value, datetime):
        return None, value is None
    if value.tzinfo is not None:
        return microseconds_of(value), True
    zone = ZoneInfo(source.zone)
    at = value.replace(tzinfo=zone)
    # The repeated hour of a clock change: a database does not show the order of writing.
    return microseconds_of(at), at.utcoffset() == at.replace(fold=1).utcoffset()


def _digest(scope: str, values: Sequence[Any]) -> bytes:
    text = msgspec.msgpack.encode([scope, values], enc_hook=str)
    return blake2b(text, digest_size=16).digest()
