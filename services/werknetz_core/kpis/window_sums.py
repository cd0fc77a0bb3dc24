"""Sums of elements over windows of equipment of any level, from roll-ups where they are current.

The cost is linear in the windows, and does not depend on what else is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.rollup import (
    Piece,
    RollupState,
    Span,
    merge_spans,
    pieces_of,
    widen_to_buckets,
)
from werknetz.domain.window import Window
from werknetz.store.elements.rollups import ROLLUP_STATES, bucket_sums_as_of, piece_sums
from werknetz.store.session import ReadConnection


@dataclass(frozen=True, slots=True)
class SumQuery:
    """Windows of one equipment. `ids`: of it and everything below it."""

    equipment_id: int
    ids: Sequence[int]
    windows: Sequence[Window]

    @property
    def span(self) -> Span:
        starts, ends = zip(*((w.start_us, w.end_us) for w in self.windows), strict=True)
        return widen_to_buckets(min(starts), max(ends))


async def load_window_sums(
    connection: ReadConnection, queries: Sequence[SumQuery], names: frozenset[str]
) -> list[dict[int, asyncpg.Record]]:
    """Return the sums of each query by the number of the window, from 1; without data no row.

    The connection must see one state of the database, as that of `Database.snapshot` does.
    """
    sums: list[dict[int, asyncpg.Record]] = [{} for _ in queries]
    with_windows = [n for n, query in enumerate(queries) if query.windows]
    if not with_windows:
        return sums
    states = await _load_states(connection, {n: queries[n] for n in with_windows})
    pieces: list[tuple[int, Piece]] = []
    numbers: list[tuple[int, int]] = []  # query and window, by the number in the statement
    first_numbers: dict[int, int] = {}
    for n in with_windows:
        query = queries[n]
        first_numbers[n] = len(numbers)
        numbers += [(n, number) for number in range(1, len(query.windows) + 1)]
        spans = [widen_to_buckets(w.start_us, w.end_us) for w in query.windows]
        pieces += [(n, piece) for piece in pieces_of(spans, states[n])]
    stale = {n for n, piece in pieces if piece.is_stale}
    statement = piece_sums(names, with_stale=bool(stale))
    rows = await connection.fetch(
        statement,
        *_piece_columns(pieces, queries, first_numbers),
        *([[n for n in stale for _ in queries[n].ids], [i for n in stale for i in queries[n].ids]]
          if stale else []),
    )  # fmt: skip
    for row in rows:
        n, number = numbers[row["n"]]
        sums[n][number] = row
    return sums


async def load_sums_as_of(
    connection: ReadConnection,
    queries: Sequence[SumQuery],
    names: frozenset[str],
    as_of_us: int,
) -> list[dict[int, asyncpg.Record]]:
    """Return the sums as they were known at an instant, from the buckets and their revisions.

    A bucket that had not settled by then is left out.
    """
    statement = bucket_sums_as_of(names)
    sums = []
    for query in queries:
        spans = [widen_to_buckets(w.start_us, w.end_us) for w in query.windows]
        rows = await connection.fetch(
            statement,
            list(query.ids),
            [instant_of(start_us) for start_us, _ in spans],
            [instant_of(end_us) for _, end_us in spans],
            instant_of(as_of_us),
        )
        sums.append({row["n"]: row for row in rows})
    return sums


def _piece_columns(
    pieces: Sequence[tuple[int, Piece]],
    queries: Sequence[SumQuery],
    first_numbers: Mapping[int, int],
) -> list[list[object]]:
    """Return number of the window, query, equipment, grain, start, end and staleness."""
    return [
        [first_numbers[n] + piece.n - 1 for n, piece in pieces],
        [n for n, _ in pieces],
        [queries[n].equipment_id for n, _ in pieces],
        [int(piece.grain) for _, piece in pieces],
        [instant_of(piece.start_us) for _, piece in pieces],
        [instant_of(piece.end_us) for _, piece in pieces],
        [piece.is_stale for _, piece in pieces],
    ]


async def _load_states(
    connection: ReadConnection, queries: Mapping[int, SumQuery]
) -> dict[int, RollupState]:
    spans = [query.span for query in queries.values()]
    rows = await connection.fetch(
        ROLLUP_STATES,
        list(queries),
        [query.equipment_id for query in queries.values()],
        [n for n, query in queries.items() for _ in query.ids],
        [number for query in queries.values() for number in query.ids],
        instant_of(min(start for start, _ in spans)),
        instant_of(max(end for _, end in spans)),
    )
    zones: dict[int, str | None] = {}
    stale: dict[int, list[Span]] = {n: [] for n in queries}
    for row in rows:
        zones[row["n"]] = row["zone"]
        if row["from_us"] is not None:
            stale[row["n"]].append((row["from_us"], row["to_us"]))
    return {
        n: RollupState(
            is_parent=len(query.ids) > 1,
            zone=ZoneInfo(zone) if (zone := zones.get(n)) else None,
            stale=merge_spans(stale[n]),
        )
        for n, query in queries.items()
    }
