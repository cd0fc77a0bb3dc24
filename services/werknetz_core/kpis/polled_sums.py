"""Sums of windows for polls: in one statement, and so without a transaction around several.

What roll-ups can be used for is mostly what it was at the last poll. So the statement sums by that,
and returns what it is now: where it has changed, the sums are wrong and are made again. Sums and
state are of one statement, so they see one state of the database.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.rollup import Piece, RollupState, pieces_of, widen_to_buckets
from werknetz.store.elements.rollups.reading import piece_sums_with_states
from werknetz.store.encoding.arrays import array_literal, nested_literal
from werknetz.store.session import Database
from werknetz_core.kpis.window_sums import SumQuery, load_window_sums, piece_columns

_IDS_MAX: Final = 1_000  # of more equipment, the round trips are a small part
_WINDOWS_MAX: Final = 100
_PAIRS_MAX: Final = 2_000  # of windows and equipment: the statement looks at each of them
_TRIES: Final = 3
_CACHED_MAX: Final = 4_096
_STATEMENTS_MAX: Final = 256  # some have thousands of numbers
_RANGE: Final = re.compile(r"\[(-?\d+),(-?\d+)\)")
States = tuple[str, ...]
"""Zone and marked buckets of each query, as PostgreSQL writes them."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """What is sent for queries, so that the next poll of the same sends it again."""

    queries: tuple[SumQuery, ...]
    key: tuple[int, ...]
    assumed: States | None  # None: they are not known, so only they are read
    numbers: Sequence[tuple[int, int]]  # query and window of each row
    parameters: Sequence[str]


@dataclass(slots=True)
class LastStates:
    """What roll-ups could be used for at the last poll, by equipment and length of the span."""

    _by_key: dict[tuple[int, ...], States] = field(default_factory=dict)
    _statements: dict[tuple[int, ...], _Statement] = field(default_factory=dict)

    def get(self, key: tuple[int, ...]) -> States | None:
        return self._by_key.get(key)

    def set(self, key: tuple[int, ...], states: States) -> None:
        if len(self._by_key) >= _CACHED_MAX:
            self._by_key.clear()
        self._by_key[key] = states

    def get_statement(self, queries: tuple[SumQuery, ...]) -> _Statement | None:
        """Return the statement of equal queries, unless what it assumes has changed."""
        statement = self._statements.get(_statement_key(queries))
        if (
            statement is None
            or statement.queries != queries
            or statement.assumed != self._by_key.get(statement.key)
        ):
            return None
        return statement

    def keep_statement(self, statement: _Statement) -> None:
        if len(self._statements) >= _STATEMENTS_MAX:
            self._statements.clear()
        self._statements[_statement_key(statement.queries)] = statement


async def load_polled_sums(
    database: Database, queries: Sequence[SumQuery], names: frozenset[str], last: LastStates
) -> list[dict[int, asyncpg.Record]]:
    """Return what `load_window_sums` returns."""
    polled = tuple(queries)
    statement = last.get_statement(polled)
    if statement is None and _is_small(polled):
        statement = _build_statement(polled, last)
    for _ in range(_TRIES if statement is not None else 0):
        assert statement is not None  # noqa: S101 - as the range says
        rows = await database.fetch(piece_sums_with_states(names), *statement.parameters)
        states = _states_of(rows, len(polled))
        if states == statement.assumed:
            last.keep_statement(statement)
            return _sums_of(rows, statement.numbers, len(polled))
        last.set(statement.key, states)
        statement = _build_statement(polled, last)
    async with database.snapshot() as connection:
        return await load_window_sums(connection, polled, names)


def _statement_key(queries: Sequence[SumQuery]) -> tuple[int, ...]:
    """Return what most queries differ in; those that share it are compared."""
    return tuple(
        number
        for query in queries
        for number in (
            query.equipment_id, len(query.windows),
            *((query.windows[0].start_us, query.windows[-1].end_us) if query.windows else ()),
        )
    )  # fmt: skip


def _build_statement(queries: tuple[SumQuery, ...], last: LastStates) -> _Statement:
    spans = [query.span for query in queries]
    key = tuple(
        number
        for query, (start_us, end_us) in zip(queries, spans, strict=True)
        for number in (query.equipment_id, (end_us - start_us) // BUCKET_US)
    )
    assumed = last.get(key)
    pieces = [] if assumed is None else _cut_all(queries, assumed)
    numbers = sorted({(query, piece.n) for query, piece in pieces})
    positions = {pair: position for position, pair in enumerate(numbers)}
    parameters = [
        *piece_columns(((positions[q, p.n], q, p) for q, p in pieces), queries),
        array_literal(range(len(queries))),
        array_literal(query.equipment_id for query in queries),
        nested_literal(query.ids for query in queries),
        array_literal(start_us // BUCKET_US for start_us, _ in spans),
        array_literal(end_us // BUCKET_US for _, end_us in spans),
    ]
    return _Statement(queries, key, assumed, numbers, parameters)


def _is_small(queries: Sequence[SumQuery]) -> bool:
    return (
        all(query.windows for query in queries)
        and sum(len(query.windows) for query in queries) <= _WINDOWS_MAX
        and sum(len(query.ids) for query in queries) <= _IDS_MAX
        and sum(len(query.windows) * len(query.ids) for query in queries) <= _PAIRS_MAX
    )


def _states_of(rows: Sequence[asyncpg.Record], queries: int) -> States:
    states = [""] * queries
    for row in rows:
        if row["state"] is not None:
            states[row["n"]] = row["state"]
    return tuple(states)


def _sums_of(
    rows: Sequence[asyncpg.Record], numbers: Sequence[tuple[int, int]], queries: int
) -> list[dict[int, asyncpg.Record]]:
    sums: list[dict[int, asyncpg.Record]] = [{} for _ in range(queries)]
    for row in rows:
        if row["state"] is None:
            query, window = numbers[row["n"]]
            sums[query][window] = row
    return sums


def _cut_all(queries: Sequence[SumQuery], states: States) -> list[tuple[int, Piece]]:
    """Return the pieces of all windows, each with the number of its query."""
    pieces: list[tuple[int, Piece]] = []
    for n, (query, text) in enumerate(zip(queries, states, strict=True)):
        spans = [widen_to_buckets(window.start_us, window.end_us) for window in query.windows]
        state = _parse_state(text, is_parent=len(query.ids) > 1)
        pieces += [(n, piece) for piece in pieces_of(spans, state)]
    return pieces


def _parse_state(text: str, *, is_parent: bool) -> RollupState:
    zone, _, marks = text.partition("{")
    stale = tuple(
        (int(first) * BUCKET_US, int(last) * BUCKET_US) for first, last in _RANGE.findall(marks)
    )
    return RollupState(is_parent, ZoneInfo(zone) if zone else None, stale)
