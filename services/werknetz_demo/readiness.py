"""What must be true before the demo says it: asked of the database and of the API, not assumed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import httpx2
from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz.link.redis import status_key
from werknetz_simulator.plants.plan import instant_of, us_of
from werknetz_simulator.plants.plant import Plant

ASK_EVERY_S: Final = 0.25
ASK_WITHIN_S: Final = 5.0
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    RedisError,
)
_STATES: Final = """
    SELECT count(*), min(latest) FROM (
        SELECT (SELECT max(at) FROM samples WHERE signal_id = signals.id AND at <= $2) AS latest
        FROM signals JOIN equipment ON equipment.id = signals.equipment_id
        WHERE signals.role = 'state' AND starts_with(equipment.path, $1)
    ) AS machine
"""
_LATEST: Final = """
    SELECT max((SELECT max(at) FROM samples WHERE signal_id = signals.id AND at <= $2))
    FROM signals JOIN equipment ON equipment.id = signals.equipment_id
    WHERE starts_with(equipment.path, $1)
"""
_ROW: Final = "SELECT EXISTS (SELECT FROM samples WHERE at > $1)"
_ELEMENTS: Final = "SELECT EXISTS (SELECT FROM elements)"
_EVENTS: Final = """
    SELECT kind, count(*) FROM business_events WHERE connector_id = ANY($1) GROUP BY kind
"""
_DIRTY: Final = """
    SELECT count(*) FROM dirty_buckets WHERE bucket_at >= $1 AND bucket_at < $2
"""


async def until(
    ask: Callable[[], Awaitable[bool]], *, within_s: float, otherwise: Callable[[], str]
) -> None:
    """Return when the answer is yes; raise TimeoutError with the reason when it is not in time."""
    deadline = time.monotonic() + within_s
    while not await _answered(ask):
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise())
        await asyncio.sleep(ASK_EVERY_S)


async def _answered(ask: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await ask()
    except AWAY:
        return False  # a server that was killed is coming back: ask again


class Database:
    """Asks on a connection of its own; while PostgreSQL is away nothing is true yet."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def connection(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=ASK_WITHIN_S)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=ASK_WITHIN_S)

    async def has_rows_since(self, at_us: int) -> bool:
        return bool(await self._value(_ROW, instant_of(at_us)))

    async def has_elements(self) -> bool:
        return bool(await self._value(_ELEMENTS))

    async def has_history(self, plant: Plant, until_us: int) -> bool:
        """Tell whether the last sample of the history, a state of each machine, is there."""
        connection = await self.connection()
        row = await connection.fetchrow(
            _STATES, f"{plant.path}/", instant_of(until_us), timeout=ASK_WITHIN_S
        )
        if row is None or row[0] < len(plant.machines) or row[1] is None:
            return False
        return us_of(row[1]) >= until_us

    async def latest_us(self, plant: Plant, before_us: int) -> int | None:
        """Return the newest instant that is known of a plant; None: nothing is."""
        found = await self._value(_LATEST, f"{plant.path}/", instant_of(before_us))
        return None if found is None else us_of(found)

    async def events(self, connectors: list[str]) -> dict[str, int]:
        """Return how many business events of each kind came through the connectors."""
        connection = await self.connection()
        rows = await connection.fetch(_EVENTS, connectors, timeout=ASK_WITHIN_S)
        return {row["kind"]: int(row["count"]) for row in rows}

    async def dirty(self, start_us: int, end_us: int) -> int:
        """Return how many buckets of the past wait to be computed."""
        return int(await self._value(_DIRTY, instant_of(start_us), instant_of(end_us)) or 0)

    async def _value(self, statement: str, *arguments: Any) -> Any:
        connection = await self.connection()
        return await connection.fetchval(statement, *arguments, timeout=ASK_WITHIN_S)


async def is_following(redis_url: str, connector: str, since_us: int) -> bool:
    """Tell whether a connector, by its own word of this run, follows its source."""
    async with Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1) as client:
        state, at_us = await client.hmget(status_key(connector), ["state", "at_us"])
    return state == b"running" and int(at_us or 0) > since_us


class Api:
    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url, headers={"X-API-Key": key}, timeout=ASK_WITHIN_S, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def is_ready(self) -> bool:
        try:
            answer = await self._client.get("/api/v1/health/ready")
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    async def get(self, path: str, question: dict[str, str]) -> dict[str, Any]:
        """Ask; raise OSError while there is no answer, as every one of those who wait expects."""
        try:
            answer = await self._client.get(path, params=question)
        except httpx2.TransportError as error:
            raise ConnectionError(str(error)) from error
        if answer.status_code != httpx2.codes.OK:
            raise ConnectionError(f"{path} answered {answer.status_code}")
        found: dict[str, Any] = answer.json()
        return found

    async def answers(self, equipment: str, start: str) -> bool:
        """Tell whether a newcomer's curl line gets an answer; on a day off it has no value."""
        question = {"equipment": equipment, "kpi": "oee", "start": start}
        try:
            answer = await self._client.get("/api/v1/kpi_values", params=question)
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK
