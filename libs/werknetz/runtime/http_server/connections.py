"""The open connections of a server: who may add one, and which ends when there is no place.

A connection without a complete request never takes the place of one with a complete request.
"""

from enum import IntEnum
from typing import Final, Protocol

from werknetz.runtime.http_server import answer
from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.http_server.limits import HttpLimits

REFUSED_MAX: Final = 64  # connections that are open only until they got their refusal


class ConnectionPhase(IntEnum):
    """What a connection does, in the order in which connections give way to new ones."""

    ENDING = 0  # closing, or answered by the server itself
    OPENING = 1  # TLS handshake or first headers: it may be half-open
    IDLE = 2  # between requests
    BODY = 3  # its request has no complete body
    STALLED = 4  # its client does not read the answer
    WORKING = 5  # a complete request: never gives way


class OpenConnection(Protocol):
    @property
    def client(self) -> str:
        """The client whose limit counts."""

    @property
    def client_max(self) -> int: ...

    def phase(self) -> ConnectionPhase: ...

    def give_way(self) -> None:
        """Close at once."""

    def check(self, now_s: float) -> None:
        """Close where a time has run out."""


class ConnectionTable:
    """Counts connections in all and by client."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._by_client: dict[str, dict[OpenConnection, None]] = {}  # in the order of opening
        self._refused: dict[OpenConnection, None] = {}
        self._count = 0
        self.evicted = 0
        self.refused = 0

    def __len__(self) -> int:
        return self._count

    def add(self, connection: OpenConnection) -> ServerProblem | None:
        """Add a new connection; return the refusal where it has no place."""
        problem: ServerProblem | None = None
        of_client = self._by_client.get(connection.client, {})
        if len(of_client) >= connection.client_max and not self._evict(of_client):
            problem = answer.ADDRESS_FULL
        elif self._count >= self._limits.connections_max and not self._evict_any():
            problem = answer.SERVER_FULL
        if problem is not None:
            self._add_refused(connection)
            return problem
        self._by_client.setdefault(connection.client, {})[connection] = None
        self._count += 1
        return None

    def remove(self, connection: OpenConnection) -> None:
        """Forget a connection; it may have been removed already."""
        self._refused.pop(connection, None)
        of_client = self._by_client.get(connection.client)
        if of_client is not None and connection in of_client:
            del of_client[connection]
            self._count -= 1
            if not of_client:
                del self._by_client[connection.client]

    def check(self, now_s: float) -> None:
        for connection in self._all():
            connection.check(now_s)

    def close(self, *, working: bool) -> None:
        """Close all connections; those with a complete request only where `working`."""
        for connection in self._all():
            if working or connection.phase() is not ConnectionPhase.WORKING:
                self._close(connection)

    def _all(self) -> list[OpenConnection]:
        admitted = [entry for entries in self._by_client.values() for entry in entries]
        return [*admitted, *self._refused]

    def _add_refused(self, connection: OpenConnection) -> None:
        self.refused += 1
        if len(self._refused) >= REFUSED_MAX:
            self._close(next(iter(self._refused)))
        self._refused[connection] = None

    def _evict_any(self) -> bool:
        largest = max(self._by_client.values(), key=len, default={})
        # The client with most connections first: a flood gives way to all others.
        first = next((entry for entry in largest if entry.phase() <= ConnectionPhase.OPENING), None)
        if first is not None:
            self._close(first)
            self.evicted += 1
            return True
        return self._evict(dict.fromkeys(self._all_admitted_by_size()))

    def _all_admitted_by_size(self) -> list[OpenConnection]:
        groups = sorted(self._by_client.values(), key=len, reverse=True)
        return [entry for group in groups for entry in group]

    def _evict(self, connections: dict[OpenConnection, None]) -> bool:
        """Close the connection that gives way first; false where all have complete requests."""
        victim = min(connections, key=lambda entry: entry.phase(), default=None)
        if victim is None or victim.phase() is ConnectionPhase.WORKING:
            return False
        self._close(victim)
        self.evicted += 1
        return True

    def _close(self, connection: OpenConnection) -> None:
        self.remove(connection)
        connection.give_way()
