"""Which connection gives way to a new one, and when a new one is refused."""

from dataclasses import dataclass

import pytest

from werknetz.runtime.http_server.connections import (
    REFUSED_MAX,
    ConnectionPhase,
    ConnectionTable,
)
from werknetz.runtime.http_server.limits import HttpLimits

OPENING, IDLE, BODY = ConnectionPhase.OPENING, ConnectionPhase.IDLE, ConnectionPhase.BODY
STALLED, WORKING = ConnectionPhase.STALLED, ConnectionPhase.WORKING


@dataclass(eq=False)
class ListedConnection:
    client: str
    state: ConnectionPhase = OPENING
    client_max: int = 100
    closed: bool = False
    checked_s: float = -1.0

    def phase(self) -> ConnectionPhase:
        return self.state

    def give_way(self) -> None:
        self.closed = True

    def check(self, now_s: float) -> None:
        self.checked_s = now_s


def fill(table: ConnectionTable, *phases: ConnectionPhase) -> list[ListedConnection]:
    connections = [ListedConnection(f"c{n}", phase) for n, phase in enumerate(phases)]
    assert [table.add(connection) for connection in connections] == [None] * len(phases)
    return connections


@pytest.mark.parametrize(
    ("phases", "victim"),
    [
        ((WORKING, OPENING, OPENING), 1),
        ((IDLE, OPENING, WORKING), 1),
        ((BODY, IDLE, WORKING), 1),
        ((STALLED, BODY, WORKING), 1),
        ((WORKING, STALLED, WORKING), 1),
        ((ConnectionPhase.ENDING, OPENING, IDLE), 0),
    ],
)
def test_the_least_advanced_connection_gives_way(
    phases: tuple[ConnectionPhase, ...], victim: int
) -> None:
    table = ConnectionTable(HttpLimits(connections_max=3))
    connections = fill(table, *phases)
    assert table.add(ListedConnection("new")) is None
    assert [connection.closed for connection in connections] == [n == victim for n in range(3)]
    assert (len(table), table.evicted, table.refused) == (3, 1, 0)


def test_nothing_gives_way_below_the_limit() -> None:
    table = ConnectionTable(HttpLimits(connections_max=3))
    assert not any(connection.closed for connection in fill(table, OPENING, OPENING, OPENING))


def test_complete_requests_give_no_place() -> None:
    table = ConnectionTable(HttpLimits(connections_max=2))
    connections = fill(table, WORKING, WORKING)
    problem = table.add(ListedConnection("new"))
    assert problem is not None
    assert (problem.status, problem.retry_s) == (503, 2)
    assert not any(connection.closed for connection in connections)
    assert (len(table), table.refused) == (2, 1)
    table.remove(connections[0])
    assert table.add(ListedConnection("new")) is None


def test_the_client_with_most_connections_gives_way_first() -> None:
    table = ConnectionTable(HttpLimits(connections_max=4))
    others = [ListedConnection("one"), *(ListedConnection("flood") for _ in range(3))]
    for connection in others:
        table.add(connection)
    assert table.add(ListedConnection("new")) is None
    assert [connection.closed for connection in others] == [False, True, False, False]


def test_a_client_has_a_limit_of_its_own() -> None:
    table = ConnectionTable(HttpLimits())
    mine = [ListedConnection("a", WORKING, client_max=2) for _ in range(2)]
    for connection in mine:
        assert table.add(connection) is None
    problem = table.add(ListedConnection("a", client_max=2))
    assert problem is not None
    assert problem.status == 429
    assert table.add(ListedConnection("b", client_max=2)) is None
    mine[0].state = IDLE
    assert table.add(ListedConnection("a", client_max=2)) is None
    assert mine[0].closed


def test_refused_connections_are_bounded() -> None:
    table = ConnectionTable(HttpLimits(connections_max=1))
    fill(table, WORKING)
    refused = [ListedConnection("x") for _ in range(REFUSED_MAX + 1)]
    for connection in refused:
        assert table.add(connection) is not None
    assert [connection.closed for connection in refused] == [True] + [False] * REFUSED_MAX
    table.check(5.0)
    assert [connection.checked_s for connection in refused] == [-1.0] + [5.0] * REFUSED_MAX


def test_a_removed_connection_counts_no_more_and_once() -> None:
    table = ConnectionTable(HttpLimits())
    first, second = fill(table, IDLE, IDLE)
    table.remove(first)
    table.remove(first)
    assert len(table) == 1
    table.remove(second)
    assert len(table) == 0


@pytest.mark.parametrize(("working", "closed"), [(False, [True, False]), (True, [True, True])])
def test_stopping_leaves_complete_requests_their_time(working: bool, closed: list[bool]) -> None:
    table = ConnectionTable(HttpLimits())
    connections = fill(table, OPENING, WORKING)
    table.close(working=working)
    assert [connection.closed for connection in connections] == closed
