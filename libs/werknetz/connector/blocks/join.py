"""Join blocks of readings, so that each step runs once for all."""

from collections.abc import Sequence
from itertools import chain, groupby

import numpy as np

from werknetz.connector.contract import ReadingBlock


def join_blocks(blocks: Sequence[ReadingBlock]) -> list[ReadingBlock]:
    """Join blocks that follow one another and differ in nothing but their rows."""
    if len(blocks) < 2:
        return [*blocks]
    return [_join([*group]) for _, group in groupby(blocks, key=_kind_of)]


def _kind_of(block: ReadingBlock) -> tuple[object, ...]:
    alone = id(block) if block.texts is not None else 0  # those are numbered by row
    return id(block.addresses), block.strings is None, block.server_time_us is None, alone


def _join(blocks: Sequence[ReadingBlock]) -> ReadingBlock:
    first = blocks[0]
    if len(blocks) == 1:
        return first
    boolean = None
    if any(block.boolean is not None for block in blocks):
        boolean = np.concatenate(
            [np.zeros(len(b.address), np.bool_) if b.boolean is None else b.boolean for b in blocks]
        )
    server = [block.server_time_us for block in blocks if block.server_time_us is not None]
    strings = [block.strings for block in blocks if block.strings is not None]
    return ReadingBlock(
        addresses=first.addresses,
        address=np.concatenate([block.address for block in blocks]),
        value=np.concatenate([block.value for block in blocks]),
        status=np.concatenate([block.status for block in blocks]),
        source_time_us=np.concatenate([block.source_time_us for block in blocks]),
        server_time_us=np.concatenate(server) if server else None,
        boolean=boolean,
        strings=[*chain.from_iterable(strings)] if strings else None,
    )
