"""Columns of readings with computed values: evaluated once per distinct value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.columns import AddressTable, distinct_values, mark_missing
from werknetz.connector.contract import ReadingBlock
from werknetz.connector.quarantine import UNKNOWN_STATE
from werknetz.connector.values import DROPPED, Target, UnreadableValue, value_of
from werknetz.domain.status import UNCERTAIN
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import SampleColumns, samples_of


@dataclass(frozen=True, slots=True)
class _Result:
    """Result for all rows of an address that have the same value."""

    is_stored: bool
    number: float = 0.0
    text: str | None = None
    error: str = ""
    is_unknown_state: bool = False  # a state code that is not in its table


@dataclass(slots=True)
class _Column:
    keep: NDArray[np.bool_]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    text: NDArray[np.object_] | None = None  # most expressions return numbers


def compute_block(
    table: AddressTable, block: ReadingBlock, arrival_us: int, unmapped: list[Unmapped]
) -> tuple[ReadingBlock, Samples | None]:
    """Return the block without computed addresses, and the samples of the computed ones."""
    is_computed = table.computed.take(block.address)
    if not is_computed.any():
        return block, None
    computed = block.where(is_computed)
    size = len(computed.address)
    column = _Column(np.zeros(size, np.bool_), np.zeros(size), computed.status.copy())
    order = np.argsort(computed.address, kind="stable")
    indices, starts = np.unique(computed.address[order], return_index=True)
    for index, rows in zip(indices, np.split(order, starts[1:]), strict=True):
        _compute(table, int(index), rows, computed, column, arrival_us, unmapped)
    return block.where(~is_computed), _samples(table, computed, column, arrival_us, unmapped)


def _samples(
    table: AddressTable,
    block: ReadingBlock,
    column: _Column,
    arrival_us: int,
    unmapped: list[Unmapped],
) -> Samples | None:
    keep, server = column.keep, block.server_time_us
    if not keep.any():
        return None
    time, status = block.source_time_us, column.status
    text_row, texts = np.empty(0, np.int32), list[str]()
    if column.text is not None:
        row_texts = column.text[keep]
        text_row = np.flatnonzero([text is not None for text in row_texts]).astype(np.int32)
        texts = row_texts[text_row].tolist()
    address = block.address[keep]
    value, status = mark_missing(
        table, address, column.value[keep], status[keep], text_row, arrival_us, unmapped
    )
    return samples_of(
        SampleColumns(
            point=table.number[address],
            time=time[keep],
            value=value,
            status=status,
            server_time=None if server is None else server[keep],
            text_row=text_row,
            text=texts,
        )
    )


def _compute(
    table: AddressTable,
    index: int,
    of_address: NDArray[np.intp],
    block: ReadingBlock,
    column: _Column,
    arrival_us: int,
    unmapped: list[Unmapped],
) -> None:
    """Evaluate the expressions of an address once per distinct value and status."""
    target = table.targets[index]
    assert target is not None  # noqa: S101  only addresses with a target are computed
    assert target.computation is not None  # noqa: S101
    groups = [(0, of_address)]
    if target.computation.depends_on_status:
        codes, which = np.unique(block.status[of_address], return_inverse=True)
        groups = [(int(code), of_address[which == n]) for n, code in enumerate(codes)]
    for status, rows in groups:
        if target.computation.reads_text:
            values, which = distinct_values(block, block.value, rows)
        else:
            numbers, which = np.unique(block.value[rows], return_inverse=True)
            values = [(float(number), None) for number in numbers]
        results = [_evaluate(target, *value, status) for value in values]
        column.keep[rows] = np.array([r.is_stored for r in results])[which]
        column.value[rows] = np.array([r.number for r in results])[which]
        if any(result.text is not None for result in results):
            if column.text is None:
                column.text = np.full(len(column.keep), None, object)
            column.text[rows] = np.array([r.text for r in results], object)[which]
        for n, result in enumerate(results):
            if not result.is_stored and not result.error:
                table.books.ignored += int((which == n).sum())
            if result.error or result.is_unknown_state:
                number, written = values[n]
                raw = (result.text or written or repr(number)).encode()
                _report(table, index, result, raw, rows[which == n], column, arrival_us, unmapped)


def _report(
    table: AddressTable,
    index: int,
    result: _Result,
    raw: bytes,
    rows: NDArray[np.intp],
    column: _Column,
    arrival_us: int,
    unmapped: list[Unmapped],
) -> None:
    """Report failed computations and unknown states to quarantine."""
    address, quarantine = table.addresses[index], table.quarantine
    if result.error:
        unmapped.append(
            quarantine.entry_of(address, result.error, raw, arrival_us, count=len(rows))
        )
        return
    table.books.taken += len(rows)
    column.status[rows] = np.maximum(column.status[rows], UNCERTAIN)
    target = table.targets[index]
    states = "" if target is None else target.table
    reason = UNKNOWN_STATE.format(result.text, states)
    entry = quarantine.count_repeat(address, reason, raw, arrival_us, len(rows))
    if entry is not None:
        unmapped.append(entry)


def _evaluate(target: Target, value: float, written: str | None, status: int) -> _Result:
    assert target.computation is not None  # noqa: S101  checked by the caller
    try:
        computed = target.computation.result(value if written is None else written, status, None)
        if computed is DROPPED:
            return _Result(is_stored=False)
        number, text = value_of(target, computed)
    except UnreadableValue as error:
        return _Result(is_stored=False, error=str(error))
    is_unknown_state = target.states is not None and text is not None and text not in target.states
    return _Result(True, number, text, is_unknown_state=is_unknown_state)
