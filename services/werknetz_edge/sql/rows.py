"""Rows as records and readings, and values of any driver as values that a mapping reads."""

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
from werknetz_edge.sql.state import Taken

BYTES_SHOWN: Final = 4_096
DELETED: Final = b""
_COLUMN: Final = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class SqlRow:
    """A row, named and compared."""

    fields: Mapping[str, Any]
    taken: Taken
    at_us: int | None
    is_sure: bool
    change: str  # new, changed, deleted

    @property
    def mark(self) -> bytes:
        return identity_of(self.taken)


def identity_of(taken: Taken) -> bytes:
    """The same for the same state of the same row, whoever reads it and however often."""
    hashed = blake2b(taken.key, digest_size=16)
    hashed.update(taken.content)
    hashed.update(taken.version.to_bytes(8, "big"))
    return hashed.digest()


def key_of(source: SqlSource, values: Sequence[Any]) -> bytes:
    return _digest(source.name, list(map(plain, values)))


def row_of(
    source: SqlSource, names: Sequence[str], values: Sequence[Any],
    known: Mapping[bytes, tuple[bytes, int]],
) -> SqlRow | None:  # fmt: skip
    """Return the row, or None where it was taken as it is."""
    raw = dict(zip(names, values, strict=True))
    fields = {name: plain(value, source.zone) for name, value in raw.items()}
    ids = [raw[name] for name in source.id]
    key = key_of(source, ids)
    content = _digest(source.name, list(fields.values()))
    before, version = known.get(key, (DELETED, 0))
    if key in known and before == content:
        return None
    # A cursor tells one state of a row from the next; without one a row may come back to an
    # earlier state, and only counting tells them apart.
    version = 0 if source.changed_at is not None else version + 1
    place = None if source.cursor is None else sortable(raw[source.cursor])
    ident = msgspec.msgpack.encode(list(map(plain, ids))) if source.keeps_all else b""
    taken = Taken(key, content, version, place, ident)
    at_us, is_sure = _when(source, raw)
    change = "changed" if key in known and before != DELETED else "new"
    return SqlRow(fields, taken, at_us, is_sure, change)


def deleted_row(source: SqlSource, key: bytes, ident: bytes, version: int) -> SqlRow:
    ids = msgspec.msgpack.decode(ident)
    fields = dict(zip(source.id, ids, strict=True))
    taken = Taken(key, DELETED, version + 1, None, ident)
    return SqlRow(fields, taken, None, True, "deleted")


def record_of(source: SqlSource, row: SqlRow) -> SourceRecord:
    ids = ", ".join(f"{name} {row.fields[name]}" for name in source.id)
    return SourceRecord(
        source=f"{source.name}/deleted" if row.change == "deleted" else source.name,
        fields={**row.fields, "_change": row.change},
        identity=identity_of(row.taken),
        item=ids[:200],
        source_time_us=row.at_us,
    )


def readings_of(source: SqlSource, row: SqlRow) -> list[Reading]:
    def cell(found: re.Match[str]) -> str:
        value = row.fields.get(found.group(1))
        return "" if value is None else str(value)

    machine = _COLUMN.sub(cell, source.address or source.name)
    own = {*source.id, source.cursor, source.time, *_COLUMN.findall(source.address or "")}
    return [
        Reading(
            f"{machine}#{name}", value, GOOD if row.is_sure else UNCERTAIN_TIME, row.at_us,
            fields=row.fields,
        )
        for name, value in row.fields.items()
        if name not in own
    ]  # fmt: skip


def plain(value: Any, zone: str = "UTC") -> Any:  # noqa: PLR0911  a ladder of types
    """A value as JSON could hold it; a time that says no zone gets the declared one."""
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
        if len(content) > BYTES_SHOWN:
            return f"{len(content)} bytes, {blake2b(content, digest_size=16).hexdigest()}"
        return content.hex()
    if isinstance(value, (UUID, timedelta)):
        return str(value)
    return str(value)


def _when(source: SqlSource, raw: Mapping[str, Any]) -> tuple[int | None, bool]:
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
    # The hour that comes twice: a database tells nothing of the order in which rows were written.
    return microseconds_of(at), at.utcoffset() == at.replace(fold=1).utcoffset()


def _digest(scope: str, values: Sequence[Any]) -> bytes:
    text = msgspec.msgpack.encode([scope, values], enc_hook=str)
    return blake2b(text, digest_size=16).digest()
