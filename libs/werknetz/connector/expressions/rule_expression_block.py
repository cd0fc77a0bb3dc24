"""Columns of readings whose rules have expressions: one step for each different value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.columns import AddressTable, check_times
from werknetz.connector.contract import ReadingBlock
from werknetz.connector.values import DROPPED, Target, UnreadableValue, value_of
from werknetz.domain.status import UNCERTAIN
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import SampleColumns, samples_of


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of all rows of an address that have the same value."""

    kept: bool
    number: float = 0.0
    text: str | None = None
    refusal: str = ""
    is_strange: bool = False  # a state's code that its table has not


@dataclass(slots=True)
class _Column:
    keep: NDArray[np.bool_]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    text: NDArray[np.object_] | None = None  # most expressions give numbers


def compute_block(
    lookup: AddressTable, block: ReadingBlock, arrival_us: int, refused: list[Unmapped]
) -> tuple[ReadingBlock, Samples | None]:
    """Return the block without the addresses that have expressions, and those as samples."""
    is_computed = lookup.computed.take(block.address)
    if not is_computed.any():
        return block, None
    own = _rows(block, is_computed)
    size = len(own.address)
    column = _Column(np.zeros(size, np.bool_), np.zeros(size), own.status.copy())
    order = np.argsort(own.address, kind="stable")
    indices, starts = np.unique(own.address[order], return_index=True)
    for index, rows in zip(indices, np.split(order, starts[1:]), strict=True):
        _compute(lookup, int(index), rows, own, column, arrival_us, refused)
    return _rows(block, ~is_computed), _samples(lookup, own, column, arrival_us)


def _samples(
    lookup: AddressTable, block: ReadingBlock, column: _Column, arrival_us: int
) -> Samples | None:
    keep, server = column.keep, block.server_time_us
    if not keep.any():
        return None
    time, status = check_times(block.source_time_us, column.status, arrival_us)
    text_row, texts = np.empty(0, np.int32), list[str]()
    if column.text is not None:
        kept = column.text[keep]
        text_row = np.flatnonzero([text is not None for text in kept]).astype(np.int32)
        texts = kept[text_row].tolist()
    return samples_of(
        SampleColumns(
            point=lookup.number[block.address[keep]],
            time=time[keep],
            value=column.value[keep],
            status=status[keep],
            server_time=None if server is None else server[keep],
            text_row=text_row,
            text=texts,
        )
    )


def _compute(
    lookup: AddressTable,
    index: int,
    of_address: NDArray[np.intp],
    block: ReadingBlock,
    column: _Column,
    arrival_us: int,
    refused: list[Unmapped],
) -> None:
    """One step for each different value of an address."""
    target = lookup.targets[index]
    assert target is not None  # noqa: S101  only addresses with a target are computed
    assert target.computation is not None  # noqa: S101
    groups = [(0, of_address)]
    if target.computation.depends_on_status:
        codes, which = np.unique(block.status[of_address], return_inverse=True)
        groups = [(int(code), of_address[which == n]) for n, code in enumerate(codes)]
    for status, rows in groups:
        values, which = np.unique(block.value[rows], return_inverse=True)
        outcomes = [_outcome(target, float(value), status) for value in values]
        column.keep[rows] = np.array([o.kept for o in outcomes])[which]
        column.value[rows] = np.array([o.number for o in outcomes])[which]
        if any(outcome.text is not None for outcome in outcomes):
            if column.text is None:
                column.text = np.full(len(column.keep), None, object)
            column.text[rows] = np.array([o.text for o in outcomes], object)[which]
        for n, outcome in enumerate(outcomes):
            if outcome.refusal or outcome.is_strange:
                raw = (outcome.text or repr(float(values[n]))).encode()
                _tell(lookup, index, outcome, raw, rows[which == n], column, arrival_us, refused)


def _tell(
    lookup: AddressTable,
    index: int,
    outcome: _Outcome,
    raw: bytes,
    rows: NDArray[np.intp],
    column: _Column,
    arrival_us: int,
    refused: list[Unmapped],
) -> None:
    """Put into quarantine what could not be computed, and states that no table knows."""
    address, refusals = lookup.addresses[index], lookup.refusals
    if outcome.refusal:
        refused.append(
            refusals.entry_of(address, outcome.refusal, raw, arrival_us, count=len(rows))
        )
        return
    column.status[rows] = np.maximum(column.status[rows], UNCERTAIN)
    target = lookup.targets[index]
    table = "" if target is None else target.table
    reason = f"state code {outcome.text!r} is not in table {table!r}"
    said = refusals.count_repeat(address, reason, raw, arrival_us, len(rows))
    if said is not None:
        refused.append(said)


def _outcome(target: Target, value: float, status: int) -> _Outcome:
    assert target.computation is not None  # noqa: S101  the caller looked
    try:
        result = target.computation.result(value, status, None)
        if result is DROPPED:
            return _Outcome(kept=False)
        number, text = value_of(target, result)
    except UnreadableValue as error:
        return _Outcome(kept=False, refusal=str(error))
    strange = target.states is not None and text not in target.states
    return _Outcome(True, number, text, is_strange=strange)


def _rows(block: ReadingBlock, mask: NDArray[np.bool_]) -> ReadingBlock:
    server = block.server_time_us
    return ReadingBlock(
        addresses=block.addresses,
        address=block.address[mask],
        value=block.value[mask],
        status=block.status[mask],
        source_time_us=block.source_time_us[mask],
        server_time_us=None if server is None else server[mask],
    )
