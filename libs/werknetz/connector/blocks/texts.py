"""Blocks of texts as samples: what a text becomes at its point is computed once."""

from collections.abc import Iterable
from itertools import repeat
from math import isfinite
from typing import Any, Final

import numpy as np

from werknetz.connector.columns import AddressTable
from werknetz.connector.contract import Reading, ReadingBlock
from werknetz.connector.values import Target, UnreadableValue, value_of
from werknetz.events.codec import SampleColumns

OUTCOMES_MAX: Final = 20_000


def readings_of(block: ReadingBlock) -> list[Reading]:
    """Return the rows of a block of texts as single readings."""
    server = block.server_time_us
    columns: Iterable[tuple[Any, ...]] = zip(
        block.address.tolist(),
        block.strings or (),
        block.status.tolist(),
        block.source_time_us.tolist(),
        repeat(None, len(block.address)) if server is None else server.tolist(),
        strict=True,
    )
    return [Reading(block.addresses[index], *others) for index, *others in columns]


def columns_of_texts(table: AddressTable, block: ReadingBlock) -> SampleColumns | None:
    """Return the samples of a block of texts, with its times and statuses.

    None where a row needs more than its text, or goes to quarantine: see `readings_of`.
    """
    values: list[float] = []
    rows: list[int] = []
    texts: list[str] = []
    outcomes = table.text_outcomes
    for row, key in enumerate(zip(block.address.tolist(), block.strings or (), strict=True)):
        if key not in outcomes:
            if len(outcomes) >= OUTCOMES_MAX:
                outcomes.clear()
            outcomes[key] = _convert(table.targets[key[0]], key[1])
        outcome = outcomes[key]
        if outcome is None:
            return None
        value, text = outcome
        values.append(value)
        if text is not None:
            rows.append(row)
            texts.append(text)
    return SampleColumns(
        point=table.number[block.address],
        time=block.source_time_us,
        value=np.array(values, np.float64),
        status=block.status,
        server_time=block.server_time_us,
        text_row=np.array(rows, np.int32),
        text=texts,
    )


def _convert(target: Target | None, text: str) -> tuple[float, str | None] | None:
    if target is None or target.computation is not None or target.time is not None:
        return None
    try:
        value, stored = value_of(target, text)
    except UnreadableValue:
        return None
    if stored is None:
        return (value, None) if isfinite(value) else None
    is_unknown_state = target.states is not None and stored not in target.states
    return None if is_unknown_state else (value, stored)
