"""Sums of elements over windows of equipment of any level, from roll-ups where they are current.

The cost is linear in the windows, and does not depend on what else is stored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.domain.rollup import (
    Piece,
    RollupState,
    Run,
    Span,
    cut_runs,
    merge_spans,
    pieces_of,
    widen_to_buckets,
)
from werknetz.domain.window import Window
from werknetz.store.elements.rollups.reading import (
    ROLLUP_STATES,
    bucket_sums_as_of,
    piece_sums,
    run_rows,
)
from werknetz.store.encoding.arrays import array_literal, nested_literal
from werknetz.store.session import ReadConnection


@dataclass(frozen=True, slots=True)
class SumQuery:
    """Windows of one equipment. `ids`: of it and everything below it.

    Queries that share a list of windows share the work of cutting it.
    """

    equipment_id: int
    ids: Sequence[int]
    windows: Sequence[Window]

    @property
    def span(self) -> Span:
        starts, ends = zip(*((w.start_us, w.end_us) for w in self.windows), strict=True)
        return widen_to_buckets(min(starts), max(ends))


States = Mapping[int, RollupState]
"""What roll-ups can be used for, by equipment."""


async def load_window_sums(
    connection: ReadConnection,
    queries: Sequence[SumQuery],
    names: frozenset[str],
    states: States | None = None,
) -> list[dict[int, asyncpg.Record]]:
    """Return the sums of each query by the number of the window, from 1; without data no row.

    The connection must see one state of the database, as that of `Database.snapshot` does.
    `states`: of spans that cover the windows, if they are loaded.
    """
    sums: list[dict[int, asyncpg.Record]] = [{} for _ in queries]
    if states is None:
        states = await load_states(connection, queries)
    runs, pieces = _cut_all(queries, states)
    if runs:
        odd: set[int] = set()
        for row in await connection.fetch(run_rows(names), *_run_columns(runs, queries)):
            n, run = runs[row["n"]]
            number = run.numbers.get(row["start_s"])
            if number is None:
                odd.add(row["n"])
            else:
                sums[n][number] = row
        # Days that were cut by other rules of the time zone are not the windows: sum them.
        pieces += [(runs[i][0], piece) for i in sorted(odd) for piece in runs[i][1].pieces]
    if pieces:
        numbers = sorted({(n, piece.n) for n, piece in pieces})
        rows = await _fetch_piece_sums(connection, queries, names, pieces, numbers)
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


async def load_states(connection: ReadConnection, queries: Sequence[SumQuery]) -> States:
    """Return what roll-ups can be used for in the windows of the queries, by equipment."""
    with_windows = [query for query in queries if query.windows]
    if not with_windows:
        return {}
    # Equipment of one zone shares its windows.
    spans = [query.span for query in {id(q.windows): q for q in with_windows}.values()]
    rows = await connection.fetch(
        ROLLUP_STATES,
        [query.equipment_id for query in with_windows],
        array_literal(set().union(*(query.ids for query in with_windows))),
        instant_of(min(start for start, _ in spans)),
        instant_of(max(end for _, end in spans)),
    )
    zones = {row["equipment_id"]: row["zone"] for row in rows if row["zone"] is not None}
    marks = [(row["equipment_id"], row["from_us"], row["to_us"]) for row in rows
             if row["from_us"] is not None]  # fmt: skip
    return {
        query.equipment_id: RollupState(
            is_parent=len(query.ids) > 1,
            zone=ZoneInfo(zone) if (zone := zones.get(query.equipment_id)) else None,
            stale=stale,
        )
        for query, stale in zip(with_windows, _stale_spans(with_windows, marks), strict=True)
    }


def _stale_spans(
    queries: Sequence[SumQuery], marks: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[Span, ...]]:
    """Yield the spans of each query in which something below it has marks."""
    by_equipment: dict[int, list[Span]] = {}
    for number, from_us, to_us in marks:
        by_equipment.setdefault(number, []).append((from_us, to_us))
    for query in queries:
        marked = by_equipment.keys() & query.ids if by_equipment else ()
        yield merge_spans({span for number in marked for span in by_equipment[number]})


@dataclass(frozen=True, slots=True)
class _NumberedRun:
    run: Run
    pieces: Sequence[Piece]  # its windows
    numbers: Mapping[int, int]  # of its windows, by their start in seconds


_Cut = tuple[list[_NumberedRun], list[Piece]]


def _cut_all(
    queries: Sequence[SumQuery], states: States
) -> tuple[list[tuple[int, _NumberedRun]], list[tuple[int, Piece]]]:
    """Return the runs and the pieces of all queries, each with the number of its query."""
    cut: dict[tuple[int, RollupState], _Cut] = {}
    runs: list[tuple[int, _NumberedRun]] = []
    pieces: list[tuple[int, Piece]] = []
    for n, query in enumerate(queries):
        if not query.windows:
            continue
        key = (id(query.windows), states[query.equipment_id])
        if key not in cut:
            cut[key] = _cut_windows(query.windows, states[query.equipment_id])
        runs += [(n, run) for run in cut[key][0]]
        pieces += [(n, piece) for piece in cut[key][1]]
    return runs, pieces


def _cut_windows(windows: Sequence[Window], state: RollupState) -> _Cut:
    spans = [widen_to_buckets(window.start_us, window.end_us) for window in windows]
    runs, pieces = cut_runs(pieces_of(spans, state))
    numbered = []
    for run in runs:
        of_run = [Piece(n, run.grain, *spans[n - 1]) for n in range(run.n, run.n + run.windows)]
        starts_s = {piece.start_us // 1_000_000: piece.n for piece in of_run}
        numbered.append(_NumberedRun(run, of_run, starts_s))
    return numbered, pieces


def _run_columns(
    runs: Sequence[tuple[int, _NumberedRun]], queries: Sequence[SumQuery]
) -> list[str]:
    """Return number, equipment, grain, first bucket and the one after the last of each run."""
    return [
        array_literal(range(len(runs))),
        array_literal(queries[n].equipment_id for n, _ in runs),
        array_literal(numbered.run.grain for _, numbered in runs),
        array_literal(numbered.run.start_us // BUCKET_US for _, numbered in runs),
        array_literal(numbered.run.end_us // BUCKET_US for _, numbered in runs),
    ]


def piece_columns(
    pieces: Iterable[tuple[int, int, Piece]], queries: Sequence[SumQuery]
) -> list[str]:
    """Return the parameters $1 to $7 of (number of a row, number of its query, piece)."""
    rows = [
        (
            n, query, queries[query].equipment_id, piece.grain, piece.start_us // BUCKET_US,
            piece.end_us // BUCKET_US, int(piece.is_stale),
        )
        for n, query, piece in pieces
    ]  # fmt: skip
    return [array_literal(column) for column in zip(*rows, strict=True)] or ["{}"] * 7


async def _fetch_piece_sums(
    connection: ReadConnection,
    queries: Sequence[SumQuery],
    names: frozenset[str],
    pieces: Sequence[tuple[int, Piece]],
    numbers: Sequence[tuple[int, int]],
) -> list[asyncpg.Record]:
    """Sum the pieces; `n` of a row is the position of its query and window in `numbers`."""
    positions = {pair: position for position, pair in enumerate(numbers)}
    columns = piece_columns(((positions[n, piece.n], n, piece) for n, piece in pieces), queries)
    if stale := sorted({n for n, piece in pieces if piece.is_stale}):
        columns.append(array_literal(stale))
        columns.append(nested_literal(queries[n].ids for n in stale))
    return await connection.fetch(piece_sums(names, with_stale=bool(stale)), *columns)
