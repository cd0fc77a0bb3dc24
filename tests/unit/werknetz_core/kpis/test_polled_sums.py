"""Polled sums: one statement while what roll-ups can be used for is as at the last poll."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.window import Window
from werknetz.store.session import Database
from werknetz_core.kpis.polled_sums import LastStates, load_polled_sums
from werknetz_core.kpis.window_sums import SumQuery

pytestmark = pytest.mark.asyncio
NAMES = frozenset({"pq"})
HOUR = Window(0, 4 * BUCKET_US, date(1970, 1, 1))
LINE = SumQuery(1, [1, 2, 3], [HOUR])
MACHINE = SumQuery(2, [2], [HOUR])
TREE_HOUR, HOUR_OF_MACHINE, BUCKET = 4, 1, 0


class WholeSnapshot(Exception):
    """The sums were asked for in a transaction of several statements."""


@dataclass
class Server:
    """Answers with the states in turn, the last one for ever, and a sum for each piece."""

    states: list[tuple[str, ...]]
    sent: list[list[tuple[int, ...]]] = field(default_factory=list)  # equipment, grain, is_stale
    parameters: list[tuple[str, ...]] = field(default_factory=list)

    async def fetch(self, _: str, *parameters: str) -> list[dict[str, Any]]:
        n, _queries, equipment, grain, _first, _last, stale = map(_numbers_in, parameters[:7])
        self.parameters.append(parameters)
        self.sent.append(list(zip(equipment, grain, stale, strict=True)))
        states = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        rows: list[dict[str, Any]] = [{"n": i, "state": text} for i, text in enumerate(states)]
        return rows + [{"n": i, "state": None, "pq": len(self.sent)} for i in sorted(set(n))]

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        raise WholeSnapshot
        yield


async def load(server: Server, last: LastStates, *queries: SumQuery) -> list[dict[int, Any]]:
    return await load_polled_sums(cast("Database", server), queries, NAMES, last)


def _numbers_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _grains(statement: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [(grain, stale) for _, grain, stale in statement]


async def test_the_first_poll_reads_the_states_and_the_next_ones_only_for_sums() -> None:
    server, last = Server([("UTC{}",)]), LastStates()
    assert [len(rows) for rows in await load(server, last, LINE)] == [1]
    assert list(map(_grains, server.sent)) == [[], [(TREE_HOUR, 0)]]
    await load(server, last, LINE)
    assert list(map(_grains, server.sent[2:])) == [[(TREE_HOUR, 0)]]


async def test_sums_by_a_state_that_has_changed_are_made_again() -> None:
    server, last = Server([("UTC{}",), ("UTC{}",), ("UTC{[1,2)}",)]), LastStates()
    await load(server, last, LINE)
    [rows] = await load(server, last, LINE)
    assert [row["pq"] for row in rows.values()] == [4]  # of the fourth statement
    # The marked bucket is summed over the machines, those around it over the tree.
    assert _grains(server.sent[3]) == [(3, 0), (BUCKET, 1), (3, 0)]


async def test_each_query_has_its_own_state_and_rows() -> None:
    server, last = Server([("UTC{}", "{[0,4)}")]), LastStates()
    line, machine = await load(server, last, LINE, MACHINE)
    assert server.sent[-1] == [(1, TREE_HOUR, 0), (2, HOUR_OF_MACHINE, 0)]
    assert line.keys() == machine.keys() == {1}
    server.states = [("{}",)]
    await load(server, last, MACHINE)
    assert server.sent[2] == []  # nothing is known of this query alone


async def test_a_zone_gives_days() -> None:
    day = SumQuery(1, [1, 2], [Window(0, 96 * BUCKET_US, date(1970, 1, 1))])
    server = Server([("UTC{}",)])
    await load(server, LastStates(), day)
    assert _grains(server.sent[-1]) == [(5, 0)]
    server = Server([("{}",)])
    await load(server, LastStates(), day)
    assert _grains(server.sent[-1]) == [(TREE_HOUR, 0)]


async def test_states_that_change_all_the_time_are_read_in_a_transaction() -> None:
    server = Server([(f"UTC{{[{n},{n + 1})}}",) for n in range(9)])
    with pytest.raises(WholeSnapshot):
        await load(server, LastStates(), LINE)
    assert len(server.sent) == 3


@pytest.mark.parametrize(
    ("query", "is_small"),
    [
        (SumQuery(1, range(1, 1001), [HOUR]), True),
        (SumQuery(1, range(1, 1002), [HOUR]), False),
        (SumQuery(1, [1], [HOUR] * 100), True),
        (SumQuery(1, [1], [HOUR] * 101), False),
        (SumQuery(1, list(range(20)), [HOUR] * 100), True),
        (SumQuery(1, list(range(21)), [HOUR] * 100), False),  # pairs of both
        (SumQuery(1, [1], []), False),
    ],
)
async def test_much_is_read_in_a_transaction(query: SumQuery, *, is_small: bool) -> None:
    server = Server([("UTC{}",)])
    if is_small:
        await load(server, LastStates(), query)
        assert len(server.sent) == 2
    else:
        with pytest.raises(WholeSnapshot):
            await load(server, LastStates(), query)
        assert server.sent == []


async def test_the_memory_of_states_is_bounded() -> None:
    last = LastStates()
    for number in range(4_096):
        last.set((number,), ("UTC{}",))
    assert last.get((0,)) == ("UTC{}",)
    last.set((4_096,), ("UTC{}",))
    assert last.get((0,)) is None
    assert last.get((4_096,)) == ("UTC{}",)


NEXT_HOUR = Window(HOUR.end_us, 2 * HOUR.end_us, HOUR.day)
OUTER = (Window(0, BUCKET_US, HOUR.day), Window(3 * BUCKET_US, HOUR.end_us, HOUR.day))


@pytest.mark.parametrize(
    "other",
    [
        SumQuery(4, LINE.ids, [HOUR]),
        SumQuery(1, [1, 2, 4], [HOUR]),  # a machine has left the line, another has come
        SumQuery(1, LINE.ids, [NEXT_HOUR]),
        SumQuery(1, LINE.ids, [HOUR, HOUR]),
        SumQuery(1, LINE.ids, [HOUR, NEXT_HOUR]),
    ],
    ids=["equipment", "below", "span", "windows", "more"],
)
async def test_only_equal_queries_send_the_same_again(other: SumQuery) -> None:
    server, last, fresh = Server([("UTC{}",)]), LastStates(), Server([("UTC{}",)])
    await load(server, last, LINE)
    await load(server, last, replace(LINE, ids=list(LINE.ids), windows=[HOUR]))
    assert server.parameters[-1] is not server.parameters[-2]
    assert server.parameters[-1] == server.parameters[-2]
    await load(server, last, other)
    await load(fresh, LastStates(), other)
    assert server.parameters[-1] == fresh.parameters[-1] != server.parameters[1]


async def test_inner_windows_count_too() -> None:
    """Queries with the same first and last instant are compared window by window."""
    server, last = Server([("UTC{}",)]), LastStates()
    whole = [Window(0, BUCKET_US, HOUR.day), Window(BUCKET_US, HOUR.end_us, HOUR.day)]
    await load(server, last, replace(LINE, windows=OUTER))
    await load(server, last, replace(LINE, windows=whole))
    assert server.parameters[-1] != server.parameters[-2]


async def test_what_a_poll_of_other_windows_has_learned_counts_at_once() -> None:
    server, last = Server([("UTC{}",)]), LastStates()
    await load(server, last, LINE)
    server.states = [("UTC{[1,2)}",)]
    await load(server, last, replace(LINE, windows=[NEXT_HOUR]))  # as long, so of one memory
    sent = len(server.sent)
    await load(server, last, LINE)
    assert len(server.sent) == sent + 1
    assert _grains(server.sent[-1]) == [(3, 0), (BUCKET, 1), (3, 0)]


async def test_the_memory_of_statements_is_bounded() -> None:
    server, last = Server([("UTC{}",)]), LastStates()
    for number in range(1, 257):
        await load(server, last, SumQuery(number, [number], [HOUR]))
    first, newest = (SumQuery(number, [number], [HOUR]) for number in (1, 256))
    assert last.get_statement((first,)) is not None
    await load(server, last, SumQuery(257, [257], [HOUR]))
    assert last.get_statement((first,)) is last.get_statement((newest,)) is None
    assert last.get_statement((SumQuery(257, [257], [HOUR]),)) is not None
