"""Decode notifications of a subscription into columns, or into readings where they do not fit.

Runs of equal layout are decoded at once (`columns`), other notifications one by one (`record`).
Bytes that cannot be decoded go to quarantine; the rest is processed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from time import monotonic
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.contract import Reading, ReadingBlock
from werknetz.connector.quarantine import RAW_MAX
from werknetz.connector.values import count_elements
from werknetz.events.batch import Unmapped
from werknetz_edge.opcua.decoding.columns import (
    BOOLEAN,
    EXACT,
    INT64,
    SERVER,
    SOURCE,
    STRING,
    UINT64,
    VALUE,
    RecordLayout,
    StringRecords,
    layout_of,
    read_strings,
    read_uniform_records,
)
from werknetz_edge.opcua.decoding.filetime import instant_of, instants_of, server_instants_of, us_of
from werknetz_edge.opcua.decoding.message import NotificationMessage
from werknetz_edge.opcua.decoding.record import NotificationRecord, read_record
from werknetz_edge.opcua.decoding.values import cells_of, to_json_value
from werknetz_edge.opcua.subscription.activity import Activity
from werknetz_edge.opcua.subscription.initial_values import InitialValues

HEARTBEAT: Final = "heartbeat"
EVENTS_HANDLE: Final = 0xFFFF_FFFE  # of the item for events: no address has such an index
ELEMENTS_MAX: Final = 4096  # a longer array stays one JSON text: signals are bounded
_SHORT_RUN: Final = 8
_OVERFLOW_MASK: Final = 0x0C80  # InfoType and the overflow bit
_OVERFLOW: Final = 0x0480
_NODE_UNKNOWN: Final = 0x8034_0000
_Single = tuple[int, float, int, int, int]  # handle, value, status, source and server time
_NO_TIME: Final = -1  # stands for "no time" in columns: FILETIMEs of servers are not negative


@dataclass(slots=True)
class DecodedMessage:
    """The content of one message."""

    blocks: list[ReadingBlock] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unreadable: list[Unmapped] = field(default_factory=list)
    overflows: dict[int, int] = field(default_factory=dict)  # handle → instant
    unknown_nodes: set[int] = field(default_factory=set)  # handles of nodes the server has deleted
    unreadable_count: int = 0  # notifications that could not be read
    has_initial_values: bool = False  # may repeat values of a former subscription

    @property
    def values(self) -> int:
        return len(self.readings) + sum(len(block.address) for block in self.blocks)


class Decoder:
    """Decodes messages; a client handle is the index into `addresses`."""

    def __init__(self, addresses: list[str], arrays: str = "elements") -> None:
        self.addresses = addresses
        self.namespaces: Sequence[str] = ()
        self.initial_values = InitialValues()
        self.activity = Activity()
        self._arrays = arrays
        self._elements: dict[int, list[int]] = {}
        self._cells: dict[int, dict[str, int]] = {}  # of matrices

    def decode(self, message: NotificationMessage, arrived_us: int) -> DecodedMessage:
        result = DecodedMessage()
        self.activity.now_s = monotonic()
        for changes in message.changes:
            reader = _Reader(self, message.content, arrived_us, result)
            reader.read(changes.start, changes.end, changes.count)
        return result

    def element_handle(self, handle: int, index: int) -> int:
        """Return the handle of an array element; it is assigned at first use."""
        elements = self._elements.setdefault(handle, [])
        while len(elements) <= index:
            self.addresses.append(f"{self.addresses[handle]}[{len(elements)}]")
            elements.append(len(self.addresses) - 1)
        return elements[index]

    def cell_handle(self, handle: int, cell: str) -> int:
        """Return the handle of a cell of a matrix, such as "2,0"; it is assigned at first use."""
        cells = self._cells.setdefault(handle, {})
        if cell not in cells:
            self.addresses.append(f"{self.addresses[handle]}[{cell}]")
            cells[cell] = len(self.addresses) - 1
        return cells[cell]

    def handles_of(self, handle: int) -> list[int]:
        """Return the handles under which values of an item are stored: its elements, or itself."""
        elements, cells = self._elements.get(handle, []), self._cells.get(handle, {})
        return [*elements, *cells.values()] or [handle]

    def splits_array(self, elements: int) -> bool:
        return self._arrays == "elements" and 0 < elements <= ELEMENTS_MAX


class _Reader:
    """Decodes one list of notifications."""

    def __init__(
        self, decoder: Decoder, content: bytes, arrived_us: int, result: DecodedMessage
    ) -> None:
        self._decoder = decoder
        self._content = content
        self._arrived_us = arrived_us
        self._result = result
        self._singles: dict[tuple[bool, bool, bool], list[_Single]] = {}

    def read(self, position: int, end: int, count: int) -> None:
        try:
            while count > 0:
                read_count, position = self._next(position, end, count)
                count -= read_count
        except Exception as error:  # noqa: BLE001  # whatever a decoder meets: quarantine
            self._result.unreadable_count += count
            self._quarantine(position, end, f"a notification cannot be read: {error!r}")
        self._flush()

    def _next(self, position: int, end: int, count: int) -> tuple[int, int]:
        mask, kind = self._content[position + 4], self._content[position + 5]
        layout = layout_of(mask, kind if mask & VALUE else 0)
        if layout is None:
            texts = None
            if mask & VALUE and kind == STRING:
                texts = read_strings(self._content, position, end, count, mask)
            if texts is not None:
                self._emit_strings(texts)
                return len(texts.handle), texts.end
            record = read_record(self._content, position, end)
            self._note_initial_values(record.handle)
            self._emit_record(record, position)
            return 1, record.end
        if position + layout.size > end:
            raise ValueError("the bytes end within a record")
        run = read_uniform_records(self._content, position, end, count, mask, layout)
        self._note_initial_values(run["handle"])
        if len(run) < _SHORT_RUN:
            for index in range(len(run)):
                self._read_single(position + index * layout.size, layout)
        else:
            self._emit_run(run, layout, mask)
        return len(run), position + len(run) * layout.size

    def _note_initial_values(self, handles: Any) -> None:
        initial_values = self._decoder.initial_values
        if initial_values.expected_count:
            self._result.has_initial_values |= initial_values.observe(handles)

    def _read_single(self, position: int, layout: RecordLayout) -> None:
        """Decode a record of a short run, for which numpy costs more than it saves."""
        values = layout.single.unpack_from(self._content, position)
        record = dict(zip(layout.names, values, strict=True))
        value = record.get("value")
        if layout.kind == BOOLEAN:
            value = float(value != 0)
        status = record.get("status", 0)
        source, server = record.get("source"), record.get("server")
        if isinstance(value, int) and abs(value) > EXACT:
            self._decoder.activity.note_object(record["handle"], value)
            self._emit_text(record["handle"], value, status, source, server)
            return
        number = np.nan if value is None else value
        is_boolean = layout.kind == BOOLEAN
        self._add(record["handle"], number, status, source, server, is_boolean=is_boolean)

    def _add(
        self,
        handle: int,
        value: float,
        status: int,
        source: int | None,
        server: int | None,
        *,
        is_boolean: bool,
    ) -> None:
        kind = source is not None, server is not None, is_boolean
        self._singles.setdefault(kind, []).append(
            (
                handle,
                value,
                status,
                _NO_TIME if source is None else source,
                _NO_TIME if server is None else server,
            )
        )

    def _flush(self) -> None:
        for (has_source, has_server, is_boolean), rows in self._singles.items():
            handle, value, status, source, server = zip(*rows, strict=True)
            self._emit(
                np.array(handle, np.uint32),
                np.array(value, np.float64),
                np.array(status, np.uint32),
                np.array(source, np.int64) if has_source else None,
                np.array(server, np.int64) if has_server else None,
                is_boolean=is_boolean,
            )
        self._singles.clear()

    def _emit_run(self, run: NDArray[np.void], layout: RecordLayout, mask: int) -> None:
        names = layout.names
        handle = run["handle"]
        status = run["status"] if "status" in names else np.zeros(len(run), np.uint32)
        source = run["source"] if mask & SOURCE else None
        server = run["server"] if mask & SERVER else None
        if "value" not in names:
            value = np.full(len(run), np.nan)
        elif layout.kind == BOOLEAN:
            value = (run["value"] != 0).astype(np.float64)
        else:
            value = run["value"].astype(np.float64)
        if layout.kind in {INT64, UINT64}:
            large = np.abs(value) >= EXACT
            if large.any():
                for index in np.flatnonzero(large):
                    number = int(run["value"][index])
                    self._decoder.activity.note_object(int(handle[index]), number)
                    self._emit_text(
                        int(handle[index]),
                        int(run["value"][index]),
                        int(status[index]),
                        None if source is None else int(source[index]),
                        None if server is None else int(server[index]),
                    )
                keep = ~large
                handle, value, status = handle[keep], value[keep], status[keep]
                source = None if source is None else source[keep]
                server = None if server is None else server[keep]
        self._emit(handle, value, status, source, server, is_boolean=layout.kind == BOOLEAN)

    def _emit_strings(self, run: StringRecords) -> None:
        handle = np.array(run.handle, np.uint32)
        self._note_initial_values(handle)
        self._emit(
            handle,
            np.full(len(handle), np.nan),
            np.array(run.status, np.uint32),
            None if run.source is None else np.array(run.source, np.int64),
            None if run.server is None else np.array(run.server, np.int64),
            is_boolean=False,
            strings=run.text,
        )

    def _emit(
        self,
        handle: NDArray[np.uint32],
        value: NDArray[np.float64],
        status: NDArray[np.uint32],
        source: NDArray[np.int64] | None,
        server: NDArray[np.int64] | None,
        *,
        is_boolean: bool,
        strings: Sequence[str] | None = None,
    ) -> None:
        if not len(handle):
            return
        if int(handle.max()) >= len(self._decoder.addresses):
            assigned = self._find_assigned(handle)
            handle, value, status = handle[assigned], value[assigned], status[assigned]
            source = None if source is None else source[assigned]
            server = None if server is None else server[assigned]
            strings = None if strings is None else [*compress(strings, assigned.tolist())]
            if not len(handle):
                return
        self._decoder.activity.note(handle, value, strings)
        at, judged = instants_of(source, server, status, self._arrived_us)
        if status.any():
            self._note_status(handle, status, at)
        self._result.blocks.append(
            ReadingBlock(
                addresses=self._decoder.addresses,
                address=handle.astype(np.int32),
                value=value,
                status=np.ascontiguousarray(judged, np.uint32),
                source_time_us=np.ascontiguousarray(at, np.int64),
                server_time_us=server_instants_of(server, at),
                boolean=np.ones(len(handle), np.bool_) if is_boolean else None,
                strings=strings,
            )
        )

    def _find_assigned(self, handle: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Return which values are of an address; report the others to quarantine.

        After a session is resumed some servers also send a value for the item of events.
        """
        assigned = handle < len(self._decoder.addresses)
        unknown = {int(number) for number in handle[~assigned]} - {EVENTS_HANDLE}
        if unknown:
            self._result.unreadable_count += int((~assigned).sum())
            reason = f"client handle {min(unknown)} was never assigned"
            self._quarantine(0, len(self._content), reason)
        return assigned

    def _note_status(
        self, handle: NDArray[np.uint32], status: NDArray[np.uint32], at: NDArray[np.int64]
    ) -> None:
        over = (status & np.uint32(_OVERFLOW_MASK)) == _OVERFLOW
        for index in np.flatnonzero(over):
            self._result.overflows[int(handle[index])] = int(at[index])
        self._result.unknown_nodes.update(int(h) for h in handle[status == _NODE_UNKNOWN])

    def _emit_record(self, record: NotificationRecord, position: int) -> None:
        if record.handle == EVENTS_HANDLE:
            return
        if record.handle >= len(self._decoder.addresses):
            raise ValueError(f"client handle {record.handle} was never assigned")
        raw = self._content[position : record.end]
        value = record.value
        self._decoder.activity.note_object(record.handle, value)
        is_array = record.array and isinstance(value, list)
        if is_array and self._decoder.splits_array(count_elements(value)):
            self._emit_elements(record, value)
            return
        if self._decoder.addresses[record.handle] == HEARTBEAT and isinstance(value, datetime):
            value = value.timestamp()
        elif not isinstance(value, datetime):
            value = to_json_value(value, self._decoder.namespaces)
        self._emit_text(record.handle, value, record.status, record.source, record.server, raw=raw)

    def _emit_elements(self, record: NotificationRecord, array: list[Any]) -> None:
        is_matrix = isinstance(array[0], list)
        for index, (cell, value) in enumerate(cells_of(array)):
            if is_matrix:
                handle = self._decoder.cell_handle(record.handle, cell)
            else:
                handle = self._decoder.element_handle(record.handle, index)
            if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= EXACT):
                self._add(
                    handle, float(value), record.status, record.source, record.server,
                    is_boolean=isinstance(value, bool),
                )  # fmt: skip
                continue
            plain = value
            if not isinstance(value, datetime):
                plain = to_json_value(value, self._decoder.namespaces)
            self._emit_text(handle, plain, record.status, record.source, record.server)

    def _emit_text(
        self,
        handle: int,
        value: Any,
        status: int,
        source: int | None,
        server: int | None,
        raw: bytes = b"",
    ) -> None:
        at, judged = instant_of(source, server, status, self._arrived_us)
        if status & _OVERFLOW_MASK == _OVERFLOW:
            self._result.overflows[handle] = at
        if status == _NODE_UNKNOWN:
            self._result.unknown_nodes.add(handle)
        self._result.readings.append(
            Reading(
                source=self._decoder.addresses[handle],
                value=value,
                status=judged,
                source_time_us=at,
                server_time_us=None if server is None else us_of(server),
                raw=raw,
            )
        )

    def _quarantine(self, position: int, end: int, reason: str) -> None:
        self._result.unreadable.append(
            Unmapped(
                source="opcua",
                reason=reason,
                raw=self._content[position : min(end, position + RAW_MAX)],
                at_us=self._arrived_us,
                size=end - position if end - position > RAW_MAX else 0,
            )
        )
