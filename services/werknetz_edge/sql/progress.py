"""How far a source was read, beyond its cursor: ranges that were skipped, and restarts of its ids.

A number far ahead of the others leaves a range of numbers that may still come: it stays watched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from werknetz_edge.sql.cursor import decode_cursor, encode_cursor

RANGES_MAX: Final = 8
"""Skipped ranges that are watched; each costs a query per poll. The least recent one goes first."""
SKIP_MIN: Final = 100  # with a smaller `lag`: databases skip numbers of rolled back transactions
RECENT_ANCHORS: Final = 8


class SkippedRange(msgspec.Struct, frozen=True, array_like=True):
    """Numbers between the last one read below (`start`) and a row that was read (`end`)."""

    start: Any
    end: Any


class Anchor(msgspec.Struct, frozen=True, array_like=True):
    """A row that is remembered to recognize a table whose ids begin again."""

    id: Any
    columns: dict[str, bytes]  # hashes of the values, so that a new column changes nothing


class SourceProgress(msgspec.Struct, frozen=True):
    """Saved with the rows. `floor`: a state of version 0.1 has no rows before it."""

    rows: int = 0  # read of this table, for the choice of anchors
    restarts: int = 0  # of the ids or of the cursor
    is_reread: bool = False  # the table is read again from its beginning
    floor: Any = None
    skipped: list[SkippedRange] = []
    unwatched: int = 0  # skipped ranges that are no longer watched
    anchors: list[Anchor] = []  # the first rows, ever more sparse
    recent: list[Anchor] = []  # the last rows


def encode_progress(progress: SourceProgress) -> bytes:
    return msgspec.msgpack.encode(_convert_values(progress, encode_cursor))


def decode_progress(encoded: bytes) -> SourceProgress:
    return _convert_values(msgspec.msgpack.decode(encoded, type=SourceProgress), decode_cursor)


def _convert_values(progress: SourceProgress, convert: Callable[[Any], Any]) -> SourceProgress:
    return msgspec.structs.replace(
        progress,
        floor=convert(progress.floor),
        skipped=[SkippedRange(convert(r.start), convert(r.end)) for r in progress.skipped],
        anchors=[Anchor(convert(a.id), a.columns) for a in progress.anchors],
        recent=[Anchor(convert(a.id), a.columns) for a in progress.recent],
    )


def skips_in(last: Any, values: Iterable[Any], lag: int) -> tuple[list[SkippedRange], Any]:
    """Return the ranges that ascending numbers skip, and the last number.

    A step of at most `lag` is no skip: the next poll reads the numbers in between.
    """
    skips: list[SkippedRange] = []
    for value in values:
        if last is not None and value - last > max(lag, SKIP_MIN):
            skips.append(SkippedRange(last, value))
        if last is None or value > last:
            last = value
    return skips, last


def add_skips(progress: SourceProgress, new: Sequence[SkippedRange]) -> SourceProgress:
    """Watch new ranges; the least recent ones beyond `RANGES_MAX` are dropped, and counted."""
    if not new:
        return progress
    skipped = [*progress.skipped, *new]
    surplus = max(0, len(skipped) - RANGES_MAX)
    return msgspec.structs.replace(
        progress, skipped=skipped[surplus:], unwatched=progress.unwatched + surplus
    )


def shrink_range(
    progress: SourceProgress, end: Any, values: Sequence[Any], lag: int
) -> SourceProgress:
    """Note that `values` were read in the range that ends at `end`: it becomes the most recent."""
    current = next((r for r in progress.skipped if r.end == end), None)
    if current is None:
        return progress
    new = [value for value in values if value > current.start]
    if not new:
        return progress
    skips, last = skips_in(current.start, new, lag)
    others = [r for r in progress.skipped if r.end != end]
    rest = [] if end - last <= 1 else [SkippedRange(last, end)]
    return add_skips(msgspec.structs.replace(progress, skipped=others), [*skips, *rest])


def anchor_of(row_id: Any, fields: Mapping[str, Any]) -> Anchor:
    return Anchor(row_id, {name: _hash(value) for name, value in fields.items()})


def add_anchors(progress: SourceProgress, rows: Sequence[Anchor]) -> SourceProgress:
    """Remember the first row, the second, the fourth, the eighth …, and the last ones."""
    numbered = enumerate(rows, start=progress.rows + 1)
    sparse = [row for number, row in numbered if number & (number - 1) == 0]
    return msgspec.structs.replace(
        progress,
        rows=progress.rows + len(rows),
        anchors=[*progress.anchors, *sparse],
        recent=[*progress.recent, *rows][-RECENT_ANCHORS:],
    )


def is_restart(anchors: Iterable[Anchor], present: Iterable[Anchor]) -> bool:
    """Whether a table has begun its ids again: none of the known rows is there unchanged.

    A column that was added or removed since is not compared.
    """
    before = {row.id: row.columns for row in anchors}
    return not any(_are_equal(before.get(row.id), row.columns) for row in present)


def _are_equal(before: Mapping[str, bytes] | None, now: Mapping[str, bytes]) -> bool:
    return before is not None and all(now.get(name, h) == h for name, h in before.items())


def _hash(value: Any) -> bytes:
    return blake2b(msgspec.msgpack.encode(value, enc_hook=str), digest_size=8).digest()
