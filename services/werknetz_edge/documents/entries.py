"""Rows → what is handed over: a record, readings or a refusal, under a mark that names the row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from werknetz.connector.contract import Reading, SourceMessage, SourceRecord, hash_message
from werknetz.connector.records import value_at_path
from werknetz.connector.refusal import RAW_MAX
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.values import UnreadableValue, parse_time, to_text
from werknetz.domain.status import GOOD, UNCERTAIN_TIME
from werknetz.events.batch import Unmapped
from werknetz_edge.documents.config import PLACEHOLDER, DocumentConfig, ReadingsConfig
from werknetz_edge.documents.rows import DocumentPart, Row
from werknetz_edge.documents.seen import dedup_key_of, hash_of

CONFLICT: Final = (
    "was given before with other content: if it is a correction, name its version in the key"
)


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row: exactly one of the three says something."""

    row: Row
    record: SourceRecord | None = None
    readings: tuple[Reading, ...] = ()
    reject: Unmapped | None = None


@dataclass(frozen=True, slots=True)
class DedupUnit:
    """What is known or new as a whole: a row with a key of its own, or a part without."""

    dedup_key: bytes
    results: tuple[RowResult, ...]

    def to_conflict(self, message: SourceMessage, at_us: int) -> "DedupUnit":
        """The same as a refusal, for quarantine; under a mark of its own, so that it is told once.

        A row that cannot be read keeps the reason that it has.
        """
        entries = tuple(
            entry
            if entry.reject is not None
            else RowResult(
                entry.row,
                reject=reject_of(message.source, entry.row, CONFLICT, at_us, message.hash),
            )
            for entry in self.results
        )
        return DedupUnit(
            dedup_key_of(hash_of(b"contradiction", self.dedup_key), self.dedup_key), entries
        )


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A part of a document as it is handed over: kept in one transaction, with its message."""

    units: tuple[DedupUnit, ...]
    message: SourceMessage
    size: int


@dataclass(frozen=True, slots=True)
class RowReader:
    """Makes entries of the rows of one source."""

    source: str
    config: DocumentConfig

    def read_row(self, row: Row, identity: bytes, message: bytes, at_us: int) -> RowResult:
        if row.fields is None:
            return RowResult(row, reject=reject_of(self.source, row, row.reason, at_us, message))
        try:
            if self.config.readings is not None:
                found = _readings(row, self.config.readings, self.config.time)
                return RowResult(row, readings=found)
            at = None if self.config.time is None else _time_of(row, self.config.time)
        except UnreadableValue as error:
            return RowResult(row, reject=reject_of(self.source, row, str(error), at_us, message))
        record = SourceRecord(
            source=self.source,
            fields=row.fields,
            identity=identity,
            item=row.position,
            source_time_us=at,
            raw=row.raw[:RAW_MAX],
            message_hash=message,
        )
        return RowResult(row, record=record)


ReadRow = Callable[[Row, bytes, bytes, int], RowResult]
IdentityOf = Callable[[Row], bytes | None]


def prepare_part(
    part: DocumentPart,
    source: str,
    request_key: bytes,
    *,
    identity_of: IdentityOf,
    read_row: ReadRow,
    at_us: int,
) -> PreparedPart:
    """Make ready a part. `told` tells this telling from others: where rows have no key of theirs.

    `key_of` gives a row's identity, None where it has none.
    """
    digest = hash_message(part.content)
    base = hash_of(b"row", source.encode(), request_key)
    units: list[DedupUnit] = []
    loose: list[RowResult] = []
    for row in part.rows:
        key = identity_of(row)
        identity = key or hash_of(base, row.index.to_bytes(8, "big"))
        entry = read_row(row, identity, digest, at_us)
        if key is None:
            loose.append(entry)
        else:
            units.append(DedupUnit(dedup_key_of(key, row.raw), (entry,)))
    if loose:
        # One mark for all of them: a long body must not push out the marks of its own beginning.
        identity = hash_of(b"part", base, part.number.to_bytes(8, "big"))
        content = b"".join(entry.row.raw for entry in loose)
        units.append(DedupUnit(dedup_key_of(identity, content), tuple(loose)))
    message = SourceMessage(source, part.content, digest)
    return PreparedPart(tuple(units), message, len(part.content))


def identity_of_paths(source: str, paths: tuple[str, ...], row: Row) -> bytes | None:
    """The identity that the values at some paths make; None where one of them is missing."""
    if not paths or row.fields is None:
        return None
    values = [value_at_path(row.fields, path) for path in paths]
    if any(value is None or value == "" for value in values):
        return None
    return hash_of(b"key", source.encode(), *map(_written, values))


def reject_of(source: str, row: Row, reason: str, at_us: int, message: bytes = b"") -> Unmapped:
    size = len(row.raw) if len(row.raw) > RAW_MAX else 0
    return Unmapped(
        source=source,
        reason=reason.replace("\0", "\\0").encode(errors="replace").decode(),
        raw=row.raw[:RAW_MAX],
        at_us=at_us,
        size=size,
        item=row.position,
        raw_hash=message,
    )


def _readings(row: Row, form: ReadingsConfig, time: TimeFormat | None) -> tuple[Reading, ...]:
    fields = row.fields or {}
    address = PLACEHOLDER.sub(lambda found: _part(fields, found[1]), form.address)
    at_us, status = None, GOOD
    if time is not None:
        stated = value_at_path(fields, time.path)
        at_us = None if stated is None else parse_time(stated, time, None)
        status = UNCERTAIN_TIME if at_us is None else GOOD
    values = {path: value_at_path(fields, path) for path in form.values} or {
        name: value
        for name, value in fields.items()
        if not isinstance(value, (dict, list))
        and name not in form.address_paths
        and (time is None or name != time.path)
    }
    found = tuple(
        Reading(f"{address}#{path}", value, status, at_us, None, row.raw[:RAW_MAX], fields)
        for path, value in values.items()
        if value is not None or path in fields
    )
    if not found:
        raise UnreadableValue("none of the values is there: see `readings.values`")
    return found


def _part(fields: Mapping[str, Any], path: str) -> str:
    value = value_at_path(fields, path)
    if value is None or isinstance(value, (dict, list)):
        raise UnreadableValue(f"the address needs {path!r}, which the row does not have")
    text = to_text(value).strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise UnreadableValue(f"{path!r} is nothing that an address can hold: {text[:80]!r}")
    return text


def _time_of(row: Row, form: TimeFormat) -> int | None:
    stated = value_at_path(row.fields or {}, form.path)
    if stated is None or stated == "":
        return None
    at_us = parse_time(stated, form, None)
    if at_us is None:
        raise UnreadableValue(
            f"{form.path}: {str(stated)[:80]!r} is no time of the form {form.format}"
        )
    return at_us


def _written(value: Any) -> bytes:
    """4711 and "4711" are the same key: a CSV and a JSON of the same system tell the same."""
    if isinstance(value, str):
        return value.encode(errors="replace")
    return msgspec.json.encode(value, enc_hook=str)
