"""Columns of readings whose rules have expressions: one step for each different value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from werknetz.connector.columns import Lookup, times_of
from werknetz.connector.computed import DROPPED
from werknetz.connector.contract import ReadingBlock
from werknetz.connector.values import Target, Unreadable, value_of
from werknetz.domain.status import UNCERTAIN
from werknetz.events.batch import Samples, Unmapped
from werknetz.events.codec import Columns, samples_of


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
    text: NDArray[np.object_]


def split_computed(
    lookup: Lookup, block: ReadingBlock, arrival_us: int, refused: list[Unmapped]
) -> tuple[ReadingBlock, Samples | None]:
    """Return the block without the addresses that have expressions, and those as samples."""
    is_computed = lookup.computed[block.address]
    if not is_computed.any():
        return block, None
    own = _rows(block, is_computed)
    size = len(own.address)
    column = _Column(
        np.zeros(size, np.bool_), np.zeros(size), own.status.copy(), np.full(size, None, object)
    )
    for index in np.unique(own.address):
        _compute(lookup, int(index), own, column, arrival_us, refused)
    time, status = times_of(own.source_time_us, column.status, arrival_us)
    keep, server = column.keep, own.server_time_us
    texts = column.text[keep]
    text_row = np.flatnonzero([text is not None for text in texts]).astype(np.int32)
    samples = None
    if keep.any():
        samples = samples_of(
            Columns(
                point=lookup.number[own.address[keep]],
                time=time[keep],
                value=column.value[keep],
                status=status[keep],
                server_time=None if server is None else server[keep],
                text_row=text_row,
                text=[str(text) for text in texts[text_row]],
            )
        )
    return _rows(block, ~is_computed), samples


def _compute(
    lookup: Lookup,
    index: int,
    block: ReadingBlock,
    column: _Column,
    arrival_us: int,
    refused: list[Unmapped],
) -> None:
    """One step for each different value of an address."""
    target = lookup.targets[index]
    assert target is not None  # noqa: S101  only addresses with a target are computed
    assert target.computed is not None  # noqa: S101
    of_address = np.flatnonzero(block.address == index)
    groups = [(0, of_address)]
    if target.computed.by_status:
        codes, which = np.unique(block.status[of_address], return_inverse=True)
        groups = [(int(code), of_address[which == n]) for n, code in enumerate(codes)]
    for status, rows in groups:
        values, which = np.unique(block.value[rows], return_inverse=True)
        outcomes = [_outcome(target, float(value), status) for value in values]
        column.keep[rows] = np.array([o.kept for o in outcomes])[which]
        column.value[rows] = np.array([o.number for o in outcomes])[which]
        column.text[rows] = np.array([o.text for o in outcomes], object)[which]
        for n, outcome in enumerate(outcomes):
            if not (outcome.refusal or outcome.is_strange):
                continue
            same = rows[which == n]
            address = lookup.addresses[index]
            if outcome.refusal:
                raw = repr(float(values[n])).encode()
                refused.append(
                    lookup.refusals.one(address, outcome.refusal, raw, arrival_us, count=len(same))
                )
                continue
            column.status[same] = np.maximum(column.status[same], UNCERTAIN)
            reason = f"state code {outcome.text!r} is not in table {target.table!r}"
            raw = (outcome.text or "").encode()
            said = lookup.refusals.repeated(address, reason, raw, arrival_us, len(same))
            if said is not None:
                refused.append(said)


def _outcome(target: Target, value: float, status: int) -> _Outcome:
    assert target.computed is not None  # noqa: S101  the caller looked
    try:
        result = target.computed.result(value, status, None)
        if result is DROPPED:
            return _Outcome(kept=False)
        number, text = value_of(target, result)
    except Unreadable as error:
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
