"""The fast path: columns of readings to columns of samples by lookup tables, without a loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.clock.clock_check import UNJUDGED, ClockCheck
from werknetz.connector.contract import ReadingBlock
from werknetz.connector.points import NoPoint, PointTable
from werknetz.connector.quarantine import NOT_FINITE, UNKNOWN_STATE, Books, QuarantineLimiter
from werknetz.connector.time_format import Clock
from werknetz.connector.values import (
    Target,
    UnreadableValue,
    plain_text,
    value_of_number,
)
from werknetz.domain.status import BAD, UNCERTAIN, UNCERTAIN_TIME
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import SampleColumns, samples_of

_NO_POINT: Final = -1
_CLOCKS: Final[dict[Clock, int]] = {"source": 0, "server": 1, "arrival": 2}
_GROW: Final = 1024


@dataclass(slots=True)
class AddressTable:
    """Lookup tables by address index, for one list of addresses that only grows."""

    addresses: Sequence[str]
    points: PointTable
    quarantine: QuarantineLimiter
    books: Books
    size: int = 0  # addresses that were resolved
    targets: list[Target | None] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    number: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    factor: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    offset: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    special: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    computed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    all_plain: bool = True
    all_identity: bool = True
    all_mapped: bool = True
    any_computed: bool = False
    no_boolean: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    any_no_boolean: bool = False
    clock: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    other_clock: bool = False  # whether a target's clock is not the source's
    text_outcomes: dict[tuple[int, str], tuple[float, str | None] | None] = field(
        default_factory=dict
    )
    """What texts become at their points: those of machines repeat (states, orders, names)."""

    def extend(self) -> None:
        """Resolve the addresses that were added since the last call."""
        size = len(self.addresses)
        if size == self.size:
            return
        if size > len(self.number):
            room = size + _GROW
            self.number = _enlarge(self.number, room)
            self.factor = _enlarge(self.factor, room)
            self.offset = _enlarge(self.offset, room)
            self.special = _enlarge(self.special, room)
            self.computed = _enlarge(self.computed, room)
            self.no_boolean = _enlarge(self.no_boolean, room)
            self.clock = _enlarge(self.clock, room)
        for index in range(self.size, size):
            self._add(index, self.points.resolve(self.addresses[index]))
        self.size = size

    def _add(self, index: int, resolved: Target | NoPoint) -> None:
        target = resolved if isinstance(resolved, Target) else None
        self.targets.append(target)
        self.reasons.append("" if isinstance(resolved, Target) else resolved.reason)
        self.number[index] = _NO_POINT if target is None else target.number
        self.factor[index] = 1.0 if target is None else target.factor
        self.offset[index] = 0.0 if target is None else target.offset
        self.special[index] = target is not None and not target.is_plain
        self.all_mapped &= target is not None
        if target is not None:
            self.computed[index] = target.computation is not None
            self.any_computed |= target.computation is not None
            self.no_boolean[index] = target.no_boolean != ""
            self.any_no_boolean |= target.no_boolean != ""
            self.clock[index] = _CLOCKS[target.clock]
            self.other_clock |= target.clock != "source"
            self.all_plain &= target.is_plain
            self.all_identity &= (target.factor, target.offset) == (1.0, 0.0)


def judge_block(
    table: AddressTable, block: ReadingBlock, check: ClockCheck, kind: int, arrival_us: int
) -> ReadingBlock:
    """Return the block with the times and statuses to store."""
    point = table.number[block.address]
    time, status = block.source_time_us, block.status
    kinds: int | NDArray[np.int8] = kind
    if not table.all_mapped:
        kinds = np.where(point == _NO_POINT, np.int8(UNJUDGED), np.int8(kind))
        point = np.maximum(point, 0)
    if table.other_clock:
        time, status, kinds = _apply_clocks(table, block, kinds, arrival_us)
    judged = check.judge(
        point, time, status, kinds, arrival_us,
        lambda row: table.addresses[block.address[row]],
    )  # fmt: skip
    if judged.time is block.source_time_us and judged.status is block.status:
        return block
    server = block.server_time_us
    if judged.source_time is not None:
        other = judged.time if server is None else server
        server = np.where(judged.source_time != judged.time, judged.source_time, other)
    return ReadingBlock(
        block.addresses, block.address, block.value, judged.status, judged.time, server,
        block.texts, block.boolean, block.strings,
    )  # fmt: skip


def _apply_clocks(
    table: AddressTable, block: ReadingBlock, kinds: int | NDArray[np.int8], arrival_us: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int8]]:
    """Return time, status and kind by the clock of each address: see `TimeOptions`."""
    clock = table.clock[block.address]
    is_server, is_arrival = clock == _CLOCKS["server"], clock == _CLOCKS["arrival"]
    time, status = block.source_time_us, block.status
    if block.server_time_us is None:
        unknown = is_server & (status < UNCERTAIN)
        status = np.where(unknown, np.uint32(UNCERTAIN_TIME), status)
        is_arrival |= is_server
    else:
        time = np.where(is_server, block.server_time_us, time)
    kind = np.where(is_arrival, np.int8(UNJUDGED), np.asarray(kinds, np.int8))
    return np.where(is_arrival, np.int64(arrival_us), time), status, kind


def refuse_booleans(
    table: AddressTable, block: ReadingBlock, arrival_us: int, unmapped: list[Unmapped]
) -> ReadingBlock:
    """Return the block without the Booleans of addresses that take none; report them."""
    if block.boolean is None or not table.any_no_boolean:
        return block
    refused = block.boolean & table.no_boolean[block.address]
    if not refused.any():
        return block
    address, value = block.address[refused], block.value[refused]
    for index in np.unique(address).tolist():
        values = value[address == index]
        target = table.targets[index]
        entry = table.quarantine.count_repeat(
            table.addresses[index], target.no_boolean if target else "",
            b"true" if values[-1] else b"false", arrival_us, len(values),
        )  # fmt: skip
        if entry is not None:
            unmapped.append(entry)
    return block.where(~refused)


def samples_of_block(
    table: AddressTable, block: ReadingBlock, arrival_us: int, unmapped: list[Unmapped]
) -> Samples | None:
    """Return the samples of a block; None where no address has a point."""
    columns = _select_mapped(table, block, arrival_us, unmapped)
    if not len(columns.address):
        return None
    address, value = columns.address, columns.value
    time, status = columns.source_time_us, columns.status
    rows, texts = np.empty(0, np.int32), list[str]()
    raw = value
    if not table.all_identity:
        value = raw * table.factor[address] + table.offset[address]
    if not table.all_plain:
        special = table.special[address]
        if special.any():
            value, status = value.copy(), status.copy()
            rows, texts = _special(
                table, columns, raw, value, status, special, arrival_us, unmapped
            )
    value, status = mark_missing(table, address, value, status, rows, arrival_us, unmapped)
    return samples_of(
        SampleColumns(
            point=table.number[address],
            time=time,
            value=value,
            status=status,
            server_time=columns.server_time_us,
            text_row=rows,
            text=texts,
        )
    )


def _select_mapped(
    table: AddressTable, block: ReadingBlock, arrival_us: int, unmapped: list[Unmapped]
) -> ReadingBlock:
    """Return the rows that have a point; report the others to quarantine."""
    if table.all_mapped:
        return block
    has_point = table.number[block.address] != _NO_POINT
    if has_point.all():
        return block
    unmapped_address = block.address[~has_point]
    values = block.value[~has_point]
    indices, last, counts = np.unique(unmapped_address[::-1], return_index=True, return_counts=True)
    for index, back, count in zip(indices, last, counts, strict=True):
        if not (reason := table.reasons[index]):
            table.books.ignored += int(count)
        else:
            raw = repr(float(values[len(values) - 1 - back])).encode()
            entry = table.quarantine.count_repeat(
                table.addresses[index], reason, raw, arrival_us, int(count)
            )
            if entry is not None:
                unmapped.append(entry)
    return block.where(has_point)


def mark_missing(
    table: AddressTable,
    address: NDArray[np.int32],
    value: NDArray[np.float64],
    status: NDArray[np.uint32],
    text_row: NDArray[np.int32],
    arrival_us: int,
    unmapped: list[Unmapped],
) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
    """Return values and statuses: NaN and infinity are no values, so NaN and bad.

    Rows with a text have no number and are not affected. Those of a role that affects KPIs are
    reported to quarantine, unless the source calls them bad itself.
    """
    missing = ~np.isfinite(value)
    if not missing.any():
        return value, status
    missing[text_row] = False
    _report_missing(table, address, value, missing & (status < BAD), arrival_us, unmapped)
    is_good = missing & (status < UNCERTAIN)
    return np.where(missing, np.nan, value), np.where(is_good, np.uint32(BAD), status)


def _report_missing(
    table: AddressTable,
    address: NDArray[np.int32],
    value: NDArray[np.float64],
    missing: NDArray[np.bool_],
    arrival_us: int,
    unmapped: list[Unmapped],
) -> None:
    for index in np.unique(address[missing]).tolist():
        target = table.targets[index]
        if target is None or not target.affects_kpis:
            continue
        numbers = value[missing & (address == index)]
        table.books.taken += len(numbers)
        raw = repr(float(numbers[-1])).encode()
        entry = table.quarantine.count_repeat(
            table.addresses[index], NOT_FINITE, raw, arrival_us, len(numbers)
        )
        if entry is not None:
            unmapped.append(entry)


def _special(
    table: AddressTable,
    block: ReadingBlock,
    raw: NDArray[np.float64],
    value: NDArray[np.float64],
    status: NDArray[np.uint32],
    special: NDArray[np.bool_],
    arrival_us: int,
    unmapped: list[Unmapped],
) -> tuple[NDArray[np.int32], list[str]]:
    """Convert states and texts, once per distinct code of an address; return rows and texts."""
    all_rows: list[NDArray[np.intp]] = []
    texts: list[NDArray[np.object_]] = []
    address = block.address
    for index in np.unique(address[special]):
        target = table.targets[index]
        rows = np.flatnonzero(address == index)
        rows = rows[np.isfinite(raw[rows])]  # no value: no code
        codes, which = distinct_values(block, raw, rows)
        meanings = [_meaning(target, *code) for code in codes] if target else []
        value[rows] = np.array([number for number, _ in meanings])[which]
        code_texts = np.array([text for _, text in meanings], object)
        all_rows.append(rows)
        texts.append(code_texts[which])
        for n, (_, code) in enumerate(meanings):
            if target is None or target.states is None or code in target.states:
                continue
            unknown = rows[which == n]
            status[unknown] = np.maximum(status[unknown], UNCERTAIN)
            table.books.taken += len(unknown)
            reason = UNKNOWN_STATE.format(code, target.table)
            entry = table.quarantine.count_repeat(
                table.addresses[index], reason, code.encode(), arrival_us, len(unknown)
            )
            if entry is not None:
                unmapped.append(entry)
    order = np.concatenate([*all_rows, np.empty(0, np.intp)])
    ranks = np.argsort(order, kind="stable")
    all_texts = np.concatenate([*texts, np.empty(0, np.object_)])
    return order[ranks].astype(np.int32), all_texts[ranks].tolist()


def distinct_values(
    block: ReadingBlock, raw: NDArray[np.float64], rows: NDArray[np.intp]
) -> tuple[list[tuple[float, str | None]], NDArray[np.intp]]:
    """Return the distinct numbers of rows, with what the source wrote, and which a row has."""
    numbers, which = np.unique(raw[rows], return_inverse=True)
    if block.texts is None:
        return [(float(number), None) for number in numbers], which
    odd = dict(zip(block.texts.row.tolist(), block.texts.text, strict=True))
    plain = [plain_text(float(number), comma=block.texts.comma) for number in numbers]
    positions: dict[tuple[float, str | None], int] = {}
    index = np.empty(len(rows), np.intp)
    for n, (row, number) in enumerate(zip(rows.tolist(), which.tolist(), strict=True)):
        pair = float(numbers[number]), odd.get(row, plain[number])
        index[n] = positions.setdefault(pair, len(positions))
    return [*positions], index


def _meaning(target: Target, code: float, written: str | None) -> tuple[float, str]:
    try:
        number, text = value_of_number(target, code, written)
    except UnreadableValue as error:
        return 0.0, str(error)
    return number, text or ""


def _enlarge(column: NDArray[Any], room: int) -> NDArray[Any]:
    wide = np.zeros(room, column.dtype)
    wide[: len(column)] = column
    return wide
