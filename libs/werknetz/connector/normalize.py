"""Reading → sample or refusal. Pure: a mapping, values and the arrival time in, records out.

Columns stay columns: numbers of known addresses meet no Python code one by one.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from werknetz.connector.columns import (
    CLOCK_AHEAD_US,
    CLOCK_FROM_US,
    AddressTable,
    samples_of_block,
)
from werknetz.connector.contract import Delivery, Reading, SourceRecord
from werknetz.connector.expressions.rule_expression_block import compute_block
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.points import NoPoint, PointTable
from werknetz.connector.quarantine import QuarantineLimiter
from werknetz.connector.records import RecordMapper
from werknetz.connector.values import DROPPED, Target, UnreadableValue, parse_time, value_of
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US
from werknetz.domain.status import BAD, GOOD, UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import BusinessEvent, MappingUsed, Points, Record, Samples, Unmapped


@dataclass(slots=True)
class _Rows:
    """Samples in the making."""

    point: "array[int]" = field(default_factory=lambda: array("i"))
    time: "array[int]" = field(default_factory=lambda: array("q"))
    value: "array[float]" = field(default_factory=lambda: array("d"))
    status: "array[int]" = field(default_factory=lambda: array("I"))
    server: list[int | None] = field(default_factory=list)
    text_row: "array[int]" = field(default_factory=lambda: array("i"))
    text: list[str] = field(default_factory=list)

    def add(
        self, point: int, at_us: int, value: float, status: int, text: str | None,
        server_us: int | None = None,
    ) -> None:  # fmt: skip
        if text is not None:
            self.text_row.append(len(self.point))
            self.text.append(text)
        self.point.append(point)
        self.time.append(at_us)
        self.value.append(value)
        self.status.append(status)
        self.server.append(server_us)

    def samples(self) -> Samples:
        server = b""
        if any(at is not None for at in self.server):
            pairs = zip(self.server, self.time, strict=True)
            server = array("q", [t if s is None else s for s, t in pairs]).tobytes()
        return Samples(
            point=self.point.tobytes(), time=self.time.tobytes(), value=self.value.tobytes(),
            status=self.status.tobytes(), server_time=server,
            text_row=self.text_row.tobytes(), text=self.text,
        )  # fmt: skip


class Normalizer:
    """Names what a connector read. One a connector; lives as long as the spool's numbers.

    `numbers` (key → number) is what the spool knows at start. New points get the next numbers,
    and each point is introduced by a `Points` record before its first sample after a start.
    """

    def __init__(
        self, mapping: Mapping, connector_id: str, numbers: dict[str, int] | None = None
    ) -> None:
        self.mapping = mapping
        self._points = PointTable(mapping, connector_id, dict(numbers or {}))
        self._records = RecordMapper(mapping)
        self._refusals = QuarantineLimiter(mapping.label)
        self._lookups: list[AddressTable] = []
        self.suppressed: list[Unmapped] = []
        """Records of the last delivery that were refused in a flood: counted, kept as raw input."""
        self._is_used = False

    @property
    def numbers(self) -> dict[str, int]:
        return self._points.numbers

    def renumber_points(self) -> Points:
        """After a new spool: every point so far, numbered anew. Goes first into the new spool."""
        points = self._points.renumber()
        self._lookups.clear()
        return Points(points)

    def take_due_unmapped(self, arrival_us: int) -> list[Unmapped]:
        """Refusals held back for a minute: to ask for when a source has gone quiet."""
        return self._refusals.take_due(arrival_us)

    def take_all_unmapped(self, arrival_us: int) -> list[Unmapped]:
        """Every refusal that waits for its minute: to ask for when this normalizer is left."""
        return self._refusals.take_due(arrival_us, everything=True)

    def constant_records(self, start_us: int) -> tuple[list[Record], list[Record]]:
        """Say what stands in the mapping itself: with a `since`, and from the start on."""
        dated, undated = _Rows(), _Rows()
        for constant in self.mapping.constants:
            since_us = constant.since_us(self.mapping.time_zone)
            rows = undated if since_us is None else dated
            value, text, _ = constant.stored_value()
            number = self._points.resolve_constant(constant)
            rows.add(number, start_us if since_us is None else since_us, value, GOOD, text)
        said = [[rows.samples()] if rows.point else [] for rows in (dated, undated)]
        return [*self._introduced(), *said[0]], [*said[1]]

    def normalize(self, delivery: Delivery, arrival_us: int) -> list[Record]:
        """Return what a delivery says: gaps, points, samples, events, refusals, in that order."""
        self.suppressed.clear()
        refused: list[Unmapped] = []
        for given in delivery.unreadable:
            said = self._refusals.admit(
                given.source, given.reason, given.raw, given.at_us,
                arrival_us=arrival_us, place=given.item, raw_hash=given.raw_hash,
            )  # fmt: skip
            if said is not None:
                refused.append(msgspec.structs.replace(said, size=given.size or said.size))
        samples: list[Samples] = []
        if delivery.readings:
            samples += self._of_readings(delivery.readings, arrival_us, refused)
        for block in delivery.blocks:
            lookup = self._lookup(block.addresses)
            lookup.extend()
            plain = block
            if lookup.any_computed:
                plain, computed = compute_block(lookup, block, arrival_us, refused)
                samples += [computed] if computed is not None else []
            found = samples_of_block(lookup, plain, arrival_us, refused)
            if found is not None:
                samples.append(found)
        events = self._of_records(delivery.records, arrival_us, refused)
        refused += self._refusals.take_due(arrival_us)
        return [*delivery.gaps, *self._introduced(also=bool(events)), *samples, *events, *refused]

    def _of_records(
        self, records: Sequence[SourceRecord], arrival_us: int, refused: list[Unmapped]
    ) -> list[BusinessEvent]:
        events: list[BusinessEvent] = []
        for record in records:
            try:
                events += self._records.events_of(record, arrival_us)
            except UnreadableValue as error:
                said = self._refusals.admit(
                    record.source, str(error), record.raw or to_json(record.fields), arrival_us,
                    place=record.item, raw_hash=record.message_hash,
                )  # fmt: skip
                if said is None:
                    said = self._refusals.entry_of(
                        record.source, str(error), b"", arrival_us,
                        place=record.item, raw_hash=record.message_hash,
                    )  # fmt: skip
                    self.suppressed.append(said)
                else:
                    refused.append(said)
        return events

    def _introduced(self, *, also: bool = False) -> list[Record]:
        """The mapping and the points that were not said since the start; `also`: it is used."""
        if not self._points.unannounced and not also:
            return []
        said: list[Record] = []
        if not self._is_used:
            mapping = self.mapping
            used = MappingUsed(mapping.name, mapping.version, mapping.digest, mapping.document)
            said.append(used)
            self._is_used = True
        if self._points.unannounced:
            said.append(Points([*self._points.unannounced]))
            self._points.unannounced.clear()
        return said

    def _lookup(self, addresses: Sequence[str]) -> AddressTable:
        for lookup in self._lookups:
            if lookup.addresses is addresses:
                return lookup
        lookup = AddressTable(addresses, self._points, self._refusals)
        self._lookups = [*self._lookups[-7:], lookup]
        return lookup

    def _of_readings(
        self, readings: Sequence[Reading], arrival_us: int, refused: list[Unmapped]
    ) -> list[Samples]:
        rows, find = _Rows(), self._points.resolve
        for reading in readings:
            target = find(reading.source, reading.value)
            if type(target) is NoPoint:
                if target.reason:
                    self._repeat(reading, target.reason, arrival_us, refused)
                continue
            assert isinstance(target, Target)  # noqa: S101  a slot of the table is one of two
            given, status = reading.value, reading.status
            try:
                if target.computation is not None:
                    given = target.computation.result(given, status, reading.fields)
                    if given is DROPPED:
                        continue
                value, text = value_of(target, given)
            except UnreadableValue as error:
                raw = raw_bytes_of(reading)
                said = self._refusals.admit(reading.source, str(error), raw, arrival_us)
                refused += [] if said is None else [said]
                continue
            if text is not None and target.states is not None and text not in target.states:
                reason = f"state code {text!r} is not in table {target.table!r}"
                self._repeat(reading, reason, arrival_us, refused)
                status = max(status, UNCERTAIN)
            elif given is None and status == GOOD and text is None:
                status = BAD
            at_us, status = _when(target, reading, status, arrival_us)
            rows.add(target.number, at_us, value, status, text, reading.server_time_us)
        return [rows.samples()] if rows.point else []

    def _repeat(
        self, reading: Reading, reason: str, arrival_us: int, refused: list[Unmapped]
    ) -> None:
        said = self._refusals.count_repeat(
            reading.source, reason, raw_bytes_of(reading), arrival_us
        )
        if said is not None:
            refused.append(said)


def _when(target: Target, reading: Reading, status: int, arrival_us: int) -> tuple[int, int]:
    """Return the sample's time, and its status where that time is in doubt."""
    at_us = reading.source_time_us
    form = target.time
    if form is not None:
        stated = (reading.fields or {}).get(form.path)
        at_us = None if stated is None else parse_time(stated, form, target.zone)
        if at_us is None:
            return arrival_us, status if status >= UNCERTAIN else UNCERTAIN_TIME
    if at_us is None:
        return arrival_us, status
    if CLOCK_FROM_US <= at_us <= arrival_us + CLOCK_AHEAD_US:
        return at_us, status
    if not TIME_MIN_US <= at_us <= TIME_MAX_US:
        at_us = arrival_us
    return at_us, status if status >= UNCERTAIN else UNCERTAIN_TIME


def raw_bytes_of(reading: Reading) -> bytes:
    """What to keep of a reading that no rule could read."""
    if reading.raw:
        return reading.raw
    value: Any = reading.value
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    return to_json(value)


def to_json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=str)
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:4096].encode(errors="replace")
