"""Checks against the database and the API that the demo makes before it reports a step."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import asyncpg
import httpx2
from redis.exceptions import RedisError

from werknetz.link.redis import status_key
from werknetz.link.redis_client import connect_redis
from werknetz.store.database_url import open_connection
from werknetz_simulator.plants.plan import instant_of, us_of
from werknetz_simulator.plants.plant import Plant

CHECK_EVERY_S: Final = 0.25
REQUEST_TIMEOUT_S: Final = 5.0
UNAVAILABLE: Final = (
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
        FROM signals WHERE role = 'state' AND starts_with(connector_id, $1)
    ) AS machine
"""
_LATEST: Final = """
    SELECT max((SELECT max(at) FROM samples WHERE signal_id = signals.id AND at <= $2))
    FROM signals WHERE starts_with(connector_id, $1)
"""
_ROW: Final = "SELECT EXISTS (SELECT FROM samples WHERE at > $1)"
_ELEMENTS: Final = "SELECT EXISTS (SELECT FROM elements)"
_EVENTS: Final = """
    SELECT kind, count(*) FROM business_events WHERE connector_id = ANY($1) GROUP BY kind
"""
_ELEMENT_COUNT: Final = """
    SELECT count(*) FROM elements JOIN equipment ON equipment.id = elements.equipment_id
    WHERE equipment.level = 'machine' AND bucket_at >= $2 AND bucket_at < $3
        AND equipment.id IN (SELECT equipment_id FROM signals
            WHERE role = 'state' AND starts_with(connector_id, $1))
"""
_PENDING_SUPPLY: Final = """
    SELECT (SELECT count(*) FROM events_to_project) + (SELECT count(*) FROM dirty_relations)
        + (SELECT count(*) FROM dirty_stock)
"""
_DIRTY: Final = """
    SELECT count(*) FROM dirty_buckets WHERE bucket_at >= $1 AND bucket_at < $2
"""


async def wait_with_progress(
    is_done: Callable[[], Awaitable[bool]],
    progress: Callable[[], object],
    *,
    stalled_after_s: float,
) -> None:
    """Return when the step is done; raise TimeoutError when its progress has stalled.

    `progress` returns what `is_done` has seen last: a slow step that still moves is not given up.
    """
    last = progress()
    deadline = time.monotonic() + stalled_after_s
    while not await _check(is_done):
        if (current := progress()) != last:
            last, deadline = current, time.monotonic() + stalled_after_s
        if time.monotonic() > deadline:
            raise TimeoutError(f"no progress for {stalled_after_s:.0f} s: {current}")
        await asyncio.sleep(CHECK_EVERY_S)


async def _check(is_done: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await is_done()
    except UNAVAILABLE:
        return False  # a server that was killed is being restarted


class DatabaseProbe:
    """Queries on its own connection, which is opened again after PostgreSQL was down."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    async def connection(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await open_connection(self._url, timeout=REQUEST_TIMEOUT_S)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=REQUEST_TIMEOUT_S)

    async def has_rows_since(self, at_us: int) -> bool:
        return bool(await self._value(_ROW, instant_of(at_us)))

    async def has_elements(self) -> bool:
        return bool(await self._value(_ELEMENTS))

    async def has_history(self, plant: Plant, until_us: int) -> bool:
        """Whether the last sample of the history, a state of each machine, is stored."""
        connection = await self.connection()
        row = await connection.fetchrow(
            _STATES, _connectors_of(plant), instant_of(until_us), timeout=REQUEST_TIMEOUT_S
        )
        if row is None or row[0] < len(plant.machines) or row[1] is None:
            return False
        return us_of(row[1]) >= until_us

    async def latest_us(self, plant: Plant, before_us: int) -> int | None:
        """Return the instant of the newest sample of a plant; None without samples."""
        latest = await self._value(_LATEST, _connectors_of(plant), instant_of(before_us))
        return None if latest is None else us_of(latest)

    async def event_counts(self, connectors: list[str]) -> dict[str, int]:
        """Return the number of stored business events by kind."""
        connection = await self.connection()
        rows = await connection.fetch(_EVENTS, connectors, timeout=REQUEST_TIMEOUT_S)
        return {row["kind"]: int(row["count"]) for row in rows}

    async def dirty_bucket_count(self, start_us: int, end_us: int) -> int:
        """Return how many buckets are marked for computation."""
        return int(await self._value(_DIRTY, instant_of(start_us), instant_of(end_us)) or 0)

    async def element_count(self, plant: Plant, start_us: int, end_us: int) -> int:
        """Return how many buckets of the plant's machines are computed."""
        span = instant_of(start_us), instant_of(end_us)
        return int(await self._value(_ELEMENT_COUNT, _connectors_of(plant), *span))

    async def pending_supply_work(self) -> int:
        """Return how many events, relations and stocks wait for the worker."""
        return int(await self._value(_PENDING_SUPPLY))

    async def _value(self, statement: str, *arguments: Any) -> Any:
        connection = await self.connection()
        return await connection.fetchval(statement, *arguments, timeout=REQUEST_TIMEOUT_S)


def _connectors_of(plant: Plant) -> str:
    """Return what the demo's connectors of a plant begin with.

    The plant may have machines of other connectors, and machines that were renamed or moved.
    """
    return f"{plant.name}-"


async def is_following(redis_url: str, connector: str, since_us: int) -> bool:
    """Whether a connector has reported in this run that it follows its source."""
    async with connect_redis(redis_url, socket_connect_timeout=1, socket_timeout=1) as client:
        state, at_us = await client.hmget(status_key(connector), ["state", "at_us"])
    return state == b"running" and int(at_us or 0) > since_us


class ApiRejected(Exception):
    """The API refused a request; the text is its detail."""


class ApiProbe:
    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url, headers={"X-API-Key": key}, timeout=REQUEST_TIMEOUT_S, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def is_ready(self) -> bool:
        try:
            answer = await self._client.get("/api/v1/health/ready")
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    async def get(self, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON; raise OSError while the API is down, as `_check` expects."""
        try:
            answer = await self._client.get(path, params=dict(query))
        except httpx2.TransportError as error:
            raise ConnectionError(str(error)) from error
        if answer.status_code != httpx2.codes.OK:
            raise ConnectionError(f"{path} answered {answer.status_code}")
        document: dict[str, Any] = answer.json()
        return document

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON; raise OSError while the API is down, ApiRejected for bad input."""
        try:
            answer = await self._client.put(path, json=body)
        except httpx2.TransportError as error:
            raise ConnectionError(str(error)) from error
        if answer.status_code == httpx2.codes.UNPROCESSABLE_ENTITY:
            raise ApiRejected(answer.json()["detail"])
        if answer.status_code != httpx2.codes.OK:
            raise ConnectionError(f"{path} answered {answer.status_code}")
        document: dict[str, Any] = answer.json()
        return document

    async def answers_kpi(self, equipment: str, start: str) -> bool:
        """Whether the KPI route answers; on a day off the value is null."""
        query = {"equipment": equipment, "kpi": "oee", "start": start}
        try:
            answer = await self._client.get("/api/v1/kpi_values", params=query)
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK
