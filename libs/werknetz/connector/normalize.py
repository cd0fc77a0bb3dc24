"""Apply a mapping to deliveries: readings in, samples or quarantine entries out. Pure.

Columns stay columns: numbers of known addresses are not processed one by one in Python.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan
from typing import Any

import msgspec

from werknetz.connector.blocks.join import join_blocks
from werknetz.connector.blocks.texts import columns_of_texts, readings_of
from werknetz.connector.clock.clock_check import HISTORY, ClockCheck, kind_of
from werknetz.connector.clock.reading_times import ReadingTimes
from werknetz.connector.columns import (
    AddressTable,
    judge_block,
    refuse_booleans,
    samples_of_block,
)
from werknetz.connector.content.sample_builder import SampleBuilder
from werknetz.connector.contract import Delivery, Reading, ReadingBlock, SourceRecord
from werknetz.connector.expressions.rule_expression_block import compute_block
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.points import NoPoint, PointTable
from werknetz.connector.quarantine import NOT_FINITE, UNKNOWN_STATE, Books, QuarantineLimiter
from werknetz.connector.records import RecordMapper
from werknetz.connector.uniform.samples import UniformMapper
from werknetz.connector.values import (
    DROPPED,
    Computation,
    Target,
    UnreadableValue,
    value_of,
    value_of_number,
)
from werknetz.domain.status import BAD, GOOD, UNCERTAIN
from werknetz.events.batch import (
    BusinessEvent,
    EventWithdrawn,
    MappingUsed,
    Points,
    Record,
    Samples,
    Tally,
    Unmapped,
)
from werknetz.events.codec import samples_of


class Normalizer:
    """Applies a mapping to the deliveries of one connector.

    `numbers` (key → number) are the points of the spool at start. New points get the next
    numbers. A `Points` record precedes the first sample of each point after a start.
    `sources` (key → address) are the addresses of these points: they keep their names.
    """

    def __init__(
        self, mapping: Mapping, connector_id: str, numbers: dict[str, int] | None = None,
        sources: dict[str, str] | None = None, clock: ClockCheck | None = None,
    ) -> None:  # fmt: skip
        self.mapping = mapping
        self.clock = clock or ClockCheck(known_points=max((numbers or {}).values(), default=0))
        self._times = ReadingTimes(self.clock)
        self._points = PointTable(
            mapping, connector_id, dict(numbers or {}), sources or {},
            clock=self.clock.options.clock,
        )  # fmt: skip
        self._records = RecordMapper(mapping, connector_id)
        self._books = Books()
        self._quarantine = QuarantineLimiter(mapping.label)
        self._uniform = UniformMapper(self._points, self._quarantine, self._books, self.clock)
        self._tables: list[AddressTable] = []
        self.suppressed: list[Unmapped] = []
        """Rejected records above the limit, of the last delivery: stored only as raw input."""
        self._is_used = False

    @property
    def numbers(self) -> dict[str, int]:
        return self._points.numbers

    @property
    def sources(self) -> dict[str, str]:
        defined = {key: point.source for key, point in self._points.definitions.items()}
        return {**self._points.stored_sources, **defined}

    def take_all_unmapped(self, arrival_us: int) -> list[Unmapped]:
        """Return all counted quarantine entries. Call it before the normalizer is replaced."""
        return self._quarantine.take_due(arrival_us, everything=True)

    def take_tally(self) -> Tally:
        """Return what was taken since the last call, for the batch of its records (M4)."""
        return self._books.close(self._quarantine.pending_count)

    def constant_records(self, start_us: int) -> tuple[list[Record], list[Record]]:
        """Return the samples of the constants: those with `since`, and those from the start on."""
        dated, undated = SampleBuilder(), SampleBuilder()
        for constant in self.mapping.constants:
            since_us = constant.since_us(self.mapping.time_zone)
            rows = undated if since_us is None else dated
            value, text, _ = constant.stored_value()
            number = self._points.resolve_constant(constant)
            rows.add(number, start_us if since_us is None else since_us, value, GOOD, text)
        self._books.taken += len(dated.point) + len(undated.point)
        samples = [[rows.samples()] if rows.point else [] for rows in (dated, undated)]
        return [*self._new_definitions(), *samples[0]], [*samples[1]]

    def normalize(self, delivery: Delivery, arrival_us: int) -> list[Record]:
        """Return the records of a delivery: gaps, points, samples, events, quarantine entries."""
        self.suppressed.clear()
        unmapped: list[Unmapped] = []
        books = self._books
        books.taken += len(delivery.unreadable)
        books.taken += delivery.ignored + delivery.duplicates
        books.ignored += delivery.ignored
        books.duplicates += delivery.duplicates
        for entry in delivery.unreadable:
            admitted = self._quarantine.admit(
                entry.source, entry.reason, entry.raw, entry.at_us,
                arrival_us=arrival_us, item=entry.item, raw_hash=entry.raw_hash,
            )  # fmt: skip
            if admitted is not None:
                size = entry.size or admitted.size
                unmapped.append(msgspec.structs.replace(admitted, size=size))
        kind = kind_of(self.clock.options, delivery)
        samples = self._of_messages(delivery, kind, arrival_us, unmapped)
        for delivered in join_blocks(delivery.blocks):
            table = self._table_of(delivered.addresses)
            table.extend()
            if delivered.strings is not None:
                samples += self._of_texts(table, delivered, kind, arrival_us, unmapped)
                continue
            block = judge_block(table, delivered, self.clock, kind, arrival_us)
            books.taken += len(block.address)
            block = refuse_booleans(table, block, arrival_us, unmapped)
            if table.any_computed:
                block, computed = compute_block(table, block, arrival_us, unmapped)
                samples += [computed] if computed is not None else []
            converted = samples_of_block(table, block, arrival_us, unmapped)
            if converted is not None:
                samples.append(converted)
        events: list[Record] = [
            *self._of_records(delivery.records, arrival_us, unmapped, is_live=kind != HISTORY)
        ]
        events += [self._records.end_of(end, arrival_us) for end in delivery.group_ends]
        unmapped += self._quarantine.take_due(arrival_us)
        return [
            *delivery.gaps,
            *self._new_definitions(mapping_used=bool(events)),
            *samples,
            *events,
            *unmapped,
        ]

    def _of_records(
        self,
        records: Sequence[SourceRecord],
        arrival_us: int,
        unmapped: list[Unmapped],
        *,
        is_live: bool,
    ) -> list[BusinessEvent | EventWithdrawn]:
        events: list[BusinessEvent | EventWithdrawn] = []
        for record in records:
            mapped = self._records.map_record(record, arrival_us, is_live=is_live)
            if mapped.unsure_time:
                self._times.note_unsure(record.source, arrival_us)
            self._times.note_events(record.source, mapped.events, arrival_us)
            self._books.taken += len(mapped)
            self._books.ignored += mapped.ignored
            events += mapped.events
            for failure in mapped.failures:
                self._refuse(record, failure, arrival_us, unmapped)
        return events

    def _refuse(
        self, record: SourceRecord, reason: str, arrival_us: int, unmapped: list[Unmapped]
    ) -> None:
        admitted = self._quarantine.admit(
            record.source, reason, record.raw or to_json(record.fields), arrival_us,
            item=record.item, raw_hash=record.message_hash,
        )  # fmt: skip
        if admitted is not None:
            unmapped.append(admitted)
            return
        counted = self._quarantine.entry_of(
            record.source, reason, b"", arrival_us,
            item=record.item, raw_hash=record.message_hash,
        )  # fmt: skip
        self.suppressed.append(counted)

    def _new_definitions(self, *, mapping_used: bool = False) -> list[Record]:
        """Return the mapping and the points that the spool does not contain since the start.

        `mapping_used`: the records refer to the mapping, also without new points.
        """
        if not self._points.unannounced and not mapping_used:
            return []
        records: list[Record] = []
        if not self._is_used:
            mapping = self.mapping
            used = MappingUsed(mapping.name, mapping.version, mapping.digest, mapping.document)
            records.append(used)
            self._is_used = True
        if self._points.unannounced:
            records.append(Points([*self._points.unannounced]))
            self._points.unannounced.clear()
        return records

    def _table_of(self, addresses: Sequence[str]) -> AddressTable:
        for table in self._tables:
            if table.addresses is addresses:
                return table
        table = AddressTable(addresses, self._points, self._quarantine, self._books)
        self._tables = [*self._tables[-7:], table]
        return table

    def _of_messages(
        self, delivery: Delivery, kind: int, arrival_us: int, unmapped: list[Unmapped]
    ) -> list[Samples]:
        """Return the samples of readings and uniform messages."""
        samples, readings = list[Samples](), delivery.readings
        if delivery.uniform:
            samples, single = self._uniform.map_messages(
                delivery.uniform, kind, arrival_us, unmapped
            )
            readings = [*readings, *single]
        if readings:
            self._books.taken += len(readings)
            self._times.begin(kind, arrival_us)
            samples += self._of_readings(readings, arrival_us, unmapped)
        return samples

    def _of_readings(
        self, readings: Sequence[Reading], arrival_us: int, unmapped: list[Unmapped]
    ) -> list[Samples]:
        rows, find, books, times = SampleBuilder(), self._points.resolve, self._books, self._times
        for reading in readings:
            target = find(reading.source, reading.value)
            if type(target) is NoPoint:
                if target.reason:
                    self._count_repeat(reading, target.reason, arrival_us, unmapped)
                else:
                    books.ignored += 1
                continue
            assert isinstance(target, Target)  # noqa: S101  the only other type
            raw_value, status = reading.value, reading.status
            try:
                if target.computation is not None:
                    raw_value = _compute(target, target.computation, reading)
                    if raw_value is DROPPED:
                        books.ignored += 1
                        continue
                    value, text = value_of(target, raw_value)
                else:
                    value, text = value_of_number(target, raw_value, reading.text)
            except UnreadableValue as error:
                admitted = self._quarantine.admit(
                    reading.source, str(error), raw_bytes_of(reading), arrival_us,
                    item=reading.item,
                )  # fmt: skip
                unmapped += [] if admitted is None else [admitted]
                continue
            if text is not None and target.states is not None and text not in target.states:
                books.taken += 1
                reason = UNKNOWN_STATE.format(text, target.table)
                self._count_repeat(reading, reason, arrival_us, unmapped)
                status = max(status, UNCERTAIN)
            elif text is None and not isfinite(value):
                # A missing value, NaN and infinity are no values: only text rows have no number.
                self._report_missing(target, reading, arrival_us, unmapped)
                value, status = nan, status if status >= UNCERTAIN else BAD
            at_us, status, kind = times.time_of(target, reading, status)
            rows.add(target.number, at_us, value, status, text, reading.server_time_us)
            rows.kind.append(kind)
            rows.source.append(reading.source)
        rows.judge(self.clock, arrival_us)
        return [rows.samples()] if rows.point else []

    def _of_texts(
        self, table: AddressTable, block: ReadingBlock, kind: int, arrival_us: int,
        unmapped: list[Unmapped],
    ) -> list[Samples]:  # fmt: skip
        self._books.taken += len(block.address)
        columns = columns_of_texts(table, block)
        if columns is None:
            self._times.begin(kind, arrival_us)
            return self._of_readings(readings_of(block), arrival_us, unmapped)
        judged = judge_block(table, block, self.clock, kind, arrival_us)
        return [
            samples_of(
                replace(
                    columns,
                    time=judged.source_time_us,
                    status=judged.status,
                    server_time=judged.server_time_us,
                )
            )
        ]

    def _report_missing(
        self, target: Target, reading: Reading, arrival_us: int, unmapped: list[Unmapped]
    ) -> None:
        """Report a number that is not finite; null and what the source calls bad say it itself."""
        if target.affects_kpis and reading.status < BAD and reading.value is not None:
            self._books.taken += 1
            self._count_repeat(reading, NOT_FINITE, arrival_us, unmapped)

    def _count_repeat(
        self, reading: Reading, reason: str, arrival_us: int, unmapped: list[Unmapped]
    ) -> None:
        entry = self._quarantine.count_repeat(
            reading.source, reason, raw_bytes_of(reading), arrival_us
        )
        if entry is not None:
            unmapped.append(entry)


def _compute(target: Target, computation: Computation, reading: Reading) -> Any:
    """Return the computed value, or DROPPED; raise UnreadableValue."""
    value = reading.value
    if target.no_boolean and type(value) is bool:
        raise UnreadableValue(target.no_boolean)
    if reading.text is not None and computation.reads_text:
        value = reading.text
    return computation.result(value, reading.status, reading.fields)


def raw_bytes_of(reading: Reading) -> bytes:
    """Return the bytes that quarantine stores of a reading."""
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
