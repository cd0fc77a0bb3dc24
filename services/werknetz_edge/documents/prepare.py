"""Turns rows into records, readings or rejects, with the key by which a repetition is dropped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from werknetz.connector.clock.local_time import AHEAD_MAX_US
from werknetz.connector.clock.wall_clock import read_time, unordered_clock
from werknetz.connector.content.elements import UnreadableElements, read_elements
from werknetz.connector.content.numbers import UntypedText
from werknetz.connector.content.paths import value_at_path
from werknetz.connector.content.quality import status_of_quality
from werknetz.connector.contract import Reading, SourceMessage, SourceRecord, hash_message
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.values import UnreadableValue, to_text
from werknetz.domain.status import UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import Unmapped
from werknetz_edge.documents.config import PLACEHOLDER, DocumentConfig, ReadingsConfig
from werknetz_edge.documents.dedup import dedup_key_of, hash_of
from werknetz_edge.documents.rows import DocumentPart, DocumentRow

CONFLICT: Final = (
    "was delivered before with other content: if the source corrects rows, set "
    "`corrections: accept`"
)

_VERSION_MAX: Final = 2**63


@dataclass(frozen=True, slots=True)
class RowResult:
    """What one row becomes: a record, readings or a reject.

    A row with elements that cannot be read has the readings of the others, and a reject of these.
    """

    row: DocumentRow
    record: SourceRecord | None = None
    readings: tuple[Reading, ...] = ()
    reject: Unmapped | None = None


@dataclass(frozen=True, slots=True)
class DedupUnit:
    """What is new or a duplicate as a whole: a row with its own key, or the rows without one."""

    dedup_key: bytes
    results: tuple[RowResult, ...]
    former_key: bytes = b""  # that version 0.1 gave it: spools may hold it
    can_revise: bool = False  # other content under the same key is a correction, no conflict

    def to_conflict(self, message: SourceMessage, at_us: int) -> "DedupUnit":
        """Return the rejects for quarantine, with a key of their own: each conflict counts once.

        A row that cannot be read keeps its own reason.
        """
        results = tuple(
            result
            if result.reject is not None and not result.readings
            else RowResult(
                result.row,
                reject=reject_of(message.source, result.row, CONFLICT, at_us, message.hash),
            )
            for result in self.results
        )
        identity = hash_of(b"contradiction", self.dedup_key)  # spools of earlier versions have it
        return DedupUnit(dedup_key_of(identity, self.dedup_key), results)


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A part of a document, ready for delivery: stored in one transaction, with its message."""

    units: tuple[DedupUnit, ...]
    message: SourceMessage
    size: int


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one source."""

    source: str
    config: DocumentConfig
    is_push: bool = False  # rows arrive soon after their time
    can_revise: bool = False
    group: bytes = b""  # of the listing that contains the rows
    changed_at: TimeFormat | None = None

    def read_row(self, row: DocumentRow, identity: bytes, message: bytes, at_us: int) -> RowResult:
        if row.fields is None:
            return RowResult(row, reject=reject_of(self.source, row, row.reason, at_us, message))
        try:
            if self.config.readings is not None:
                return self._read_readings(row, self.config.readings, message, at_us)
            at = self._time_of(row, at_us)
        except UnreadableValue as error:
            return RowResult(row, reject=reject_of(self.source, row, str(error), at_us, message))
        record = SourceRecord(
            source=self.source,
            fields=row.fields,
            key=identity,
            item=row.position,
            source_time_us=at,
            raw=row.raw[:RAW_MAX],
            message_hash=message,
            version=self._version_of(row, at_us),
            can_revise=self.can_revise,
            group=self.group,
            zone=None if self.config.time is None else self.config.time.own_zone,
            time_field="" if self.config.time is None else self.config.time.path,
        )
        return RowResult(row, record=record)

    def _version_of(self, row: DocumentRow, arrival_us: int) -> int | None:
        """Return the order of a row's states after `version` or `changed_at`; None: unknown."""
        fields = row.fields or {}
        if self.config.version is not None:
            value = value_at_path(fields, self.config.version)
            try:
                number = int(str(value))
            except ValueError as error:
                raise UnreadableValue(
                    f"{self.config.version}: {str(value)[:80]!r} is not a whole number: a version "
                    "grows with each correction"
                ) from error
            return number if -_VERSION_MAX <= number < _VERSION_MAX else None
        value = None if self.changed_at is None else value_at_path(fields, self.changed_at.path)
        if self.changed_at is None or value is None:
            return None
        at_us, is_sure = read_time(value, self.changed_at, arrival_us=arrival_us, is_live=False)
        # A time of the future would make every later correction an older state.
        is_order = at_us is not None and is_sure and at_us <= arrival_us + AHEAD_MAX_US
        return at_us if is_order else None

    def _time_of(self, row: DocumentRow, arrival_us: int) -> int | None:
        form = self.config.time
        value = None if form is None else value_at_path(row.fields or {}, form.path)
        if form is None or value is None or value == "":
            return None
        clock = unordered_clock(form.format, form.own_zone or "UTC")
        try:
            return clock.to_instant(value, arrival_us=arrival_us, is_live=self.is_push)[0]
        except UnreadableValue as error:
            raise UnreadableValue(f"{form.path}: {error}") from error

    def _moment_of(self, row: DocumentRow, arrival_us: int) -> tuple[int | None, bool]:
        """Return the time of the values of a row, and whether it is certain."""
        form = self.config.time
        value = None if form is None else value_at_path(row.fields or {}, form.path)
        if form is None or value is None:
            return None, form is None
        return read_time(value, form, arrival_us=arrival_us, is_live=self.is_push)

    def _read_readings(
        self, row: DocumentRow, config: ReadingsConfig, message: bytes, at_us: int
    ) -> RowResult:
        """Raises UnreadableValue where the row as a whole has no readings."""
        if config.elements is None:
            is_untyped = self.config.payload == "csv"
            moment = self._moment_of(row, at_us)
            readings = _readings_of_fields(
                row, config, self.config.time, moment, is_untyped=is_untyped
            )
            return RowResult(row, readings=readings)
        try:
            read, refused = read_elements(
                row.fields or {}, config.elements, _address_of(row.fields or {}, config),
                arrival_us=at_us, is_live=self.is_push,
            )  # fmt: skip
        except UnreadableElements as error:
            raise UnreadableValue(str(error)) from error
        reject = None
        if refused:
            reasons = "; ".join(f"{element.position}: {element.reason}" for element in refused[:3])
            reason = f"{len(refused)} elements cannot be read: {reasons}"
            content = b"[" + b",".join(element.raw for element in refused) + b"]"
            reject = reject_of(self.source, replace(row, raw=content), reason, at_us, message)
        return RowResult(row, readings=tuple(read), reject=reject)


ReadRow = Callable[[DocumentRow, bytes, bytes, int], RowResult]
IdentityOf = Callable[[DocumentRow], bytes | None]
DedupIdentitiesOf = Callable[[DocumentRow, bytes], tuple[bytes, bytes]]
"""Returns the identity by which a repetition is dropped, and that of version 0.1, or b""."""


def _same_identity(_row: DocumentRow, key: bytes) -> tuple[bytes, bytes]:
    return key, b""


def prepare_part(
    part: DocumentPart,
    source: str,
    request_key: bytes,
    *,
    identity_of: IdentityOf,
    read_row: ReadRow,
    at_us: int,
    can_revise: bool = False,
    dedup_identities_of: DedupIdentitiesOf = _same_identity,
) -> PreparedPart:
    """Read a part. `request_key` identifies this request, for rows without a key of their own.

    `identity_of` returns a row's identity, None where it has none.
    """
    digest = hash_message(part.content)
    base = hash_of(b"row", source.encode(), request_key)
    units: list[DedupUnit] = []
    without_key: list[RowResult] = []
    for row in part.rows:
        key = identity_of(row)
        identity = key or hash_of(base, row.index.to_bytes(8, "big"))
        result = read_row(row, identity, digest, at_us)
        if key is None:
            without_key.append(result)
        else:
            own, former = dedup_identities_of(row, key)
            units.append(
                DedupUnit(
                    dedup_key_of(own, row.raw),
                    (result,),
                    former_key=dedup_key_of(former, row.raw) if former else b"",
                    can_revise=can_revise
                    or (result.record is not None and result.record.can_revise),
                )
            )
    if without_key:
        # One key for all of them: the keys of a long body must not push out its own first ones.
        identity = hash_of(b"part", base, part.number.to_bytes(8, "big"))
        content = b"".join(result.row.raw for result in without_key)
        units.append(DedupUnit(dedup_key_of(identity, content), tuple(without_key)))
    message = SourceMessage(source, part.content, digest)
    return PreparedPart(tuple(units), message, len(part.content))


def identity_of_paths(source: str, paths: tuple[str, ...], row: DocumentRow) -> bytes | None:
    """Return the identity made of the values at `paths`; None where one of them is missing."""
    if not paths or row.fields is None:
        return None
    values = [value_at_path(row.fields, path) for path in paths]
    if any(value is None or value == "" for value in values):
        return None
    return hash_of(b"key", source.encode(), *map(_encode_key, values))


def reject_of(
    source: str, row: DocumentRow, reason: str, at_us: int, message: bytes = b""
) -> Unmapped:
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


def _address_of(fields: Mapping[str, Any], config: ReadingsConfig) -> str:
    return PLACEHOLDER.sub(lambda match: _address_part(fields, match[1]), config.address)


def _readings_of_fields(
    row: DocumentRow, config: ReadingsConfig, time: TimeFormat | None,
    moment: tuple[int | None, bool], *, is_untyped: bool,
) -> tuple[Reading, ...]:  # fmt: skip
    fields = row.fields or {}
    address = _address_of(fields, config)
    quality = None if config.status is None else value_at_path(fields, config.status)
    at_us, is_sure = moment
    status = status_of_quality(quality, config.quality)
    status = UNCERTAIN_TIME if not is_sure and status < UNCERTAIN else status
    values = {path: value_at_path(fields, path) for path in config.values} or {
        name: value
        for name, value in fields.items()
        if not isinstance(value, (dict, list))
        and name not in {*config.address_paths, config.status}
        and (time is None or name != time.path)
    }
    readings = tuple(
        Reading(
            f"{address}#{path}",
            UntypedText(value) if is_untyped and isinstance(value, str) else value,
            status,
            at_us,
            None,
            row.raw,
            fields,
            may_be_old=True,
        )
        for path, value in values.items()
        if value is not None or path in fields
    )
    if not readings:
        raise UnreadableValue("the row has none of the values: see `readings.values`")
    return readings


def _address_part(fields: Mapping[str, Any], path: str) -> str:
    value = value_at_path(fields, path)
    if value is None or isinstance(value, (dict, list)):
        raise UnreadableValue(f"the address needs {path!r}, which the row does not have")
    text = to_text(value).strip()
    if not text or len(text) > 200 or not text.isprintable():
        raise UnreadableValue(f"{path!r} cannot be part of an address: {text[:80]!r}")
    return text


def _encode_key(value: Any) -> bytes:
    """Encode 4711 and "4711" alike: the same system sends numbers in JSON, and texts in CSV."""
    if isinstance(value, str):
        return value.encode(errors="replace")
    return msgspec.json.encode(value, enc_hook=str)
