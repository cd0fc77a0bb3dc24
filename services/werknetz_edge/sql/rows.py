"""Converts rows into records and readings, and values of any driver into plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from hashlib import blake2b
from time import time_ns
from typing import Any, Final
from uuid import UUID

import msgspec

from werknetz.connector.clock.local_time import AHEAD_MAX_US, offsets_of_zone
from werknetz.connector.clock.wall_clock import unordered_clock
from werknetz.connector.contract import Reading, SourceRecord
from werknetz.connector.values import EXACT_MAX, UnreadableValue
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz_edge.sql.config import SqlSource
from werknetz_edge.sql.cursor import sortable
from werknetz_edge.sql.state import StoredContent, StoredRow

BYTES_MAX: Final = 4_096
DELETED: Final = b""
_REVISION_MAX: Final = 2**63
_COLUMN: Final = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class SqlRow:
    """A new, changed or deleted row."""

    fields: Mapping[str, Any]
    stored: StoredRow
    at_us: int | None
    is_sure: bool
    change: str  # new, changed, deleted
    is_first: bool = False  # the state holds all rows that were ever read, and not this one
    former_identity: bytes = b""  # of the fact that version 0.1 made of the row before

    @property
    def dedup_key(self) -> bytes:
        return dedup_key_of(self.stored)


def dedup_key_of(stored: StoredRow) -> bytes:
    """Identify the state of a row: equal for every read of the same state."""
    digest = blake2b(stored.key, digest_size=16)
    digest.update(stored.content)
    digest.update(stored.version.to_bytes(8, "big"))
    return digest.digest()


def key_of(source: SqlSource, values: Sequence[Any], restarts: int = 0) -> bytes:
    """Return the key of a row. An id that is used again after a restart names another row."""
    ids = list(map(to_plain, values))
    return _digest(source.name, [*ids, {"restart": restarts}] if restarts else ids)


def to_fields(source: SqlSource, names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    pairs = zip(names, values, strict=True)
    return {name: to_plain(value, source.zone) for name, value in pairs}


def to_row(
    source: SqlSource, names: Sequence[str], values: Sequence[Any],
    stored_rows: Mapping[bytes, StoredContent], restarts: int = 0,
) -> SqlRow | None:  # fmt: skip
    """Return the row; None where it is stored already with the same content."""
    raw = dict(zip(names, values, strict=True))
    fields = to_fields(source, names, values)
    ids = [raw[name] for name in source.id]
    key = key_of(source, ids, restarts if source.append else 0)
    content = _digest(source.name, list(fields.values()))
    before = stored_rows.get(key)
    if before is not None and before.content == content:
        return None
    # A cursor distinguishes the states of a row. Without one a row may return to an earlier state,
    # and only a counter distinguishes them.
    version = 0
    if source.changed_at is None:
        version = 1 if before is None else before.version + 1
    sort_value = None if source.cursor is None else sortable(raw[source.cursor])
    encoded_id = msgspec.msgpack.encode(list(map(to_plain, ids))) if source.stores_all_rows else b""
    revision = None if restarts else _revision_of(source, raw, before)
    stored = StoredRow(key, content, version, sort_value, encoded_id, revision)
    at_us, is_sure = _time_of(source, raw)
    change = "new" if before is None or before.content == DELETED else "changed"
    is_first = before is None and (source.stores_all_rows or source.append)
    former = _former_identity_of(key, before)
    return SqlRow(fields, stored, at_us, is_sure, change, is_first, former)


def deleted_row(source: SqlSource, key: bytes, before: StoredContent) -> SqlRow:
    ids = msgspec.msgpack.decode(before.id)
    fields = dict(zip(source.id, ids, strict=True))
    stored = StoredRow(key, DELETED, before.version + 1, None, before.id, before.revision)
    former = _former_identity_of(key, before)
    return SqlRow(fields, stored, None, True, "deleted", former_identity=former)


def _former_identity_of(key: bytes, before: StoredContent | None) -> bytes:
    if before is None or not before.is_former or before.content == DELETED:
        return b""
    return dedup_key_of(StoredRow(key, before.content, before.version, None))


def record_of(source: SqlSource, row: SqlRow) -> SourceRecord:
    """Return the record of a row. A deletion withdraws what the row was, or is a record itself."""
    ids = ", ".join(f"{name} {row.fields[name]}" for name in source.id)
    is_deleted = row.change == "deleted"
    withdraws = is_deleted and source.deletions == "withdraw" and source.kind == "records"
    is_own_record = is_deleted and not withdraws
    return SourceRecord(
        source=f"{source.name}/deleted" if is_own_record else source.name,
        fields={**row.fields, "_change": row.change},
        key=dedup_key_of(row.stored) if is_own_record else row.stored.key,
        item=ids[:200],
        source_time_us=row.at_us,
        version=None if is_deleted else row.stored.revision,
        is_new=row.is_first or is_own_record,
        deleted=withdraws,
        zone=source.zone if "zone" in source.model_fields_set else None,
        time_field=source.time or source.changed_at or "",
    )


def withdrawal_of_former(source: SqlSource, row: SqlRow) -> SourceRecord:
    """Return the withdrawal of the fact that version 0.1 made of a row: its id was another."""
    ids = ", ".join(f"{name} {row.fields[name]}" for name in source.id)
    return SourceRecord(
        source=source.name, fields={}, key=row.former_identity, item=ids[:200],
        deleted=True, has_former_identity=True,
    )  # fmt: skip


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
        return _with_zone(value, zone).isoformat()
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


def _with_zone(value: datetime, zone: str) -> datetime:
    """Return a time with its zone; one that the clock skipped stays without: it is refused."""
    if value.tzinfo is not None:
        return value
    try:
        offset, _ = offsets_of_zone(zone)(value)
    except UnreadableValue:
        return value
    return value.replace(tzinfo=timezone(offset))


def _revision_of(
    source: SqlSource, raw: Mapping[str, Any], before: StoredContent | None
) -> int | None:
    """Return the order of a row's states after `changed_at`; None: a later poll is newer.

    A later state with an earlier `changed_at` (the clock was set back) follows the one before.
    """
    value = None if source.changed_at is None else raw[source.changed_at]
    if isinstance(value, (datetime, str)):
        value, _ = _instant_of(source, value)
        if value is not None and value > time_ns() // 1000 + AHEAD_MAX_US:
            return None  # every later correction would be an older state
    elif isinstance(value, bytes):
        value = int.from_bytes(value)
    elif isinstance(value, (float, Decimal)):
        value = int(value) if value == int(value) else None
    if not isinstance(value, int) or not 0 <= value < _REVISION_MAX:
        return None
    if before is not None and before.revision is not None:
        return max(value, before.revision + 1)
    return value


def _time_of(source: SqlSource, raw: Mapping[str, Any]) -> tuple[int | None, bool]:
    column = source.time or source.changed_at
    return _instant_of(source, None if column is None else raw.get(column))


def _instant_of(source: SqlSource, value: Any) -> tuple[int | None, bool]:
    """Return the µs of a time, and whether they are certain; None where it is no time."""
    if not isinstance(value, (str, date)):
        return None, value is None
    # The repeated hour of a clock change: a database does not show the order of writing, but a row
    # is never read before it was written.
    clock = unordered_clock("iso", source.zone)
    try:
        return clock.to_instant(value, arrival_us=time_ns() // 1000)
    except UnreadableValue:
        return None, False


def _digest(scope: str, values: Sequence[Any]) -> bytes:
    text = msgspec.msgpack.encode([scope, values], enc_hook=str)
    return blake2b(text, digest_size=16).digest()
