"""Reads samples as binary columns, and splits them by signal."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from werknetz.domain.bucket import instant_of
from werknetz.kpi.series import Series
from werknetz.store.elements import machine_inputs as statements
from werknetz.store.encoding.binary_rows import (
    Rows,
    fetch_rows,
    float_column,
    instant_column,
    int_column,
)
from werknetz.store.session import WriteConnection

_COLUMNS: Final = {
    "signal": "int4", "at": "timestamptz", "value": "float8", "status": "int4", "text": "int8",
}  # fmt: skip


async def load_series(
    connection: WriteConnection,
    signals: Sequence[int],
    texts: Sequence[int],
    span: tuple[int, int],
) -> dict[int, Series]:
    """Return the samples in [start, end) by signal; texts are read for `texts` only."""
    if not signals:
        return {}
    start, end = instant_of(span[0]), instant_of(span[1])
    rows = await fetch_rows(
        connection, statements.SAMPLES_IN_RANGE, list(signals), start, end, list(texts),
        columns=_COLUMNS,
    )  # fmt: skip
    words: dict[int, str] = {}
    if texts and rows["text"].any():
        for row in await connection.fetch(statements.TEXTS_IN_RANGE, list(texts), start, end):
            words[row["hash"]] = row["text"]
    return series_of(rows, words)


def series_of(rows: Rows, words: Mapping[int, str]) -> dict[int, Series]:
    """Split rows that ascend by signal and time; `words` are the texts by their hash."""
    signal, at = int_column(rows, "signal"), instant_column(rows, "at")
    value, status = float_column(rows, "value"), rows["status"].astype(np.int32).view(np.uint32)
    hashes, code = np.unique(int_column(rows, "text"), return_inverse=True)
    dictionary = np.empty(len(hashes), np.object_)
    dictionary[:] = [words.get(number) for number in hashes.tolist()]
    text = dictionary[code]
    first = np.flatnonzero(np.diff(signal)) + 1
    bounds = [0, *first.tolist(), len(signal)] if len(signal) else []
    return {
        int(signal[a]): Series(at[a:b], value[a:b], status[a:b], text[a:b])
        for a, b in pairwise(bounds)
    }
