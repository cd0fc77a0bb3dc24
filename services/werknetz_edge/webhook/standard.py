"""`POST /api/v1/events:batch`: rows with a `kind` become records with the fields of that fact.

A row with the `id` of an earlier one and a higher `version` corrects it; `deleted` withdraws it.

Times may be written as RFC 3339 (`due_from`) or in µs UTC (`due_from_us`). In a CSV everything is
text, so numbers are also read from text.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from werknetz.connector.contract import SourceRecord
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.values import Target, UnreadableValue, to_text, value_of
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US, microseconds_of
from werknetz.events.facts import KINDS, FieldType, fields_of
from werknetz_edge.documents.dedup import hash_of
from werknetz_edge.documents.prepare import RowResult, reject_of
from werknetz_edge.documents.rows import DocumentRow

SOURCE: Final = "api"
_HEAD: Final = frozenset({"kind", "at", "at_us", "source", "id", "fields", "version", "deleted"})
_VERSION_MAX: Final = 2**63
_NAME_MAX: Final = 200


def identity_of(row: DocumentRow) -> bytes | None:
    """Return the identity made of `id`, source and kind; None where the row has no `id`."""
    fields = row.fields or {}
    own = fields.get("id")
    if own is None or own == "" or isinstance(own, (dict, list)):
        return None
    parts = (fields.get("source") or SOURCE, fields.get("kind"), own)
    return hash_of(b"event", *(str(part).encode(errors="replace") for part in parts))


def read_row(row: DocumentRow, identity: bytes, message: bytes, at_us: int) -> RowResult:
    if row.fields is None:
        return RowResult(row, reject=reject_of(SOURCE, row, row.reason, at_us, message))
    try:
        record = _to_record(row, row.fields, identity, message)
    except UnreadableValue as error:
        return RowResult(row, reject=reject_of(SOURCE, row, str(error), at_us, message))
    return RowResult(row, record=record)


def _to_record(
    row: DocumentRow, fields: Mapping[str, Any], identity: bytes, message: bytes
) -> SourceRecord:
    kind = fields.get("kind")
    if not isinstance(kind, str) or not kind:
        raise UnreadableValue(f"`kind` is missing: one of {', '.join(KINDS)}")
    source = fields.get("source") or SOURCE
    if not isinstance(source, str) or len(source) > _NAME_MAX or not source.isprintable():
        raise UnreadableValue("`source` must be a name of at most 200 characters")
    version, deleted = _version_of(fields), _is_deleted(fields)
    return SourceRecord(
        source=source,
        # An unknown kind is rejected by the mapper.
        fields=_fact_fields(kind, fields) if kind in KINDS else fields,
        version=version,
        can_revise=version is not None or deleted,
        deleted=deleted,
        key=identity,
        item=row.position,
        kind=kind,
        source_time_us=_time_of(fields),
        raw=row.raw[:RAW_MAX],
        message_hash=message,
    )


def _version_of(fields: Mapping[str, Any]) -> int | None:
    value = fields.get("version")
    if value is None or value == "":
        return None
    if fields.get("id") in (None, ""):
        raise UnreadableValue("`version` needs `id`: which event does it correct?")
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal() or int(text) >= _VERSION_MAX:
        raise UnreadableValue("`version` must be a whole number that grows with each correction")
    return int(text)


def _is_deleted(fields: Mapping[str, Any]) -> bool:
    value = fields.get("deleted")
    if value in (None, "", False, "false"):
        return False
    if value not in (True, "true"):
        raise UnreadableValue("`deleted` must be true or false")
    if fields.get("id") in (None, ""):
        raise UnreadableValue("`deleted` needs `id`: which event ends?")
    return True


def _fact_fields(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    inner = fields.get("fields")
    outer = {name: value for name, value in fields.items() if name not in _HEAD}
    if inner is not None and not isinstance(inner, dict):
        raise UnreadableValue("`fields` must be an object")
    values = outer if inner is None else outer | inner
    types = fields_of(kind)
    body: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or value == "":
            continue
        full = f"{name}_us" if name not in types and f"{name}_us" in types else name
        if full in body:
            raise UnreadableValue(f"{full} is set twice")
        body[full] = value if full not in types else _convert_field(full, types[full], value)
    return body


def _convert_field(name: str, kind: FieldType, value: Any) -> Any:
    try:
        match kind:
            case "number":
                return _to_number(value)
            case "instant":
                return parse_instant(value)
            case "texts":
                return value if isinstance(value, list) else [to_text(value)]
            case _:
                return _to_text(value)
    except UnreadableValue as error:
        raise UnreadableValue(f"{name}: {error}") from error


def _to_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise UnreadableValue("must be a text")
    return to_text(value)


def _to_number(value: Any) -> float:
    if isinstance(value, (dict, list, bool)):
        raise UnreadableValue("must be a number")
    number, _ = value_of(Target(0, linear=True), value)
    return number


def parse_instant(value: Any) -> int:
    """Read RFC 3339 or µs UTC; raise UnreadableValue."""
    if isinstance(value, str) and not value.strip().lstrip("-").isdecimal():
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise UnreadableValue(
                f"{value[:80]!r} is not a time such as 2026-11-24T06:00:00Z"
            ) from error
        if at.tzinfo is None:
            raise UnreadableValue(f"{value[:80]!r} has no zone: add Z or an offset such as +01:00")
        try:
            return microseconds_of(at)
        except OverflowError as error:
            raise UnreadableValue(f"{value[:80]!r} is out of range") from error
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UnreadableValue("must be a time such as 2026-11-24T06:00:00Z, or µs since 1970 UTC")
    text = str(value).strip()
    if len(text) > 20 or not TIME_MIN_US <= int(text) <= TIME_MAX_US:
        raise UnreadableValue(f"{text[:40]} µs is out of range")
    return int(text)


def _time_of(fields: Mapping[str, Any]) -> int | None:
    values = [fields[name] for name in ("at", "at_us") if fields.get(name) not in (None, "")]
    if not values:
        return None
    if len(values) > 1:
        raise UnreadableValue("set either `at` or `at_us`")
    try:
        return parse_instant(values[0])
    except UnreadableValue as error:
        raise UnreadableValue(f"at: {error}") from error
