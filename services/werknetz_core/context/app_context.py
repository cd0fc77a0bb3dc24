"""What one API process holds: connections, keys, equipment, watermarks, clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Final

import asyncpg
from fastapi import Depends, Request
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from werknetz_core.access.keys import (
    KeyCache,
    Principal,
    require_admin,
    require_engineer,
    require_viewer,
)
from werknetz_core.context.edge_forwarder import EdgeForwarder
from werknetz_core.context.equipment_tree import EquipmentTreeCache
from werknetz_core.http.etag import Watermarks
from werknetz_core.http.rate_limit import RateLimiter
from werknetz_core.migrate import sqlalchemy_url
from werknetz_core.settings import CoreSettings

CONNECT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class AppContext:
    settings: CoreSettings
    pool: asyncpg.Pool
    engine: AsyncEngine
    redis: Redis | None
    keys: KeyCache
    tree: EquipmentTreeCache
    watermarks: Watermarks
    rate_limiter: RateLimiter
    now_us: Callable[[], int]
    edge_forwarder: EdgeForwarder | None = None


@contextlib.asynccontextmanager
async def open_app_context(
    settings: CoreSettings, now_us: Callable[[], int]
) -> AsyncIterator[AppContext]:
    """Open what the API needs, without waiting for any of it; close it in the end."""
    timeout_ms = str(int(settings.statement_timeout_s * 1000))
    server_settings = {
        "statement_timeout": timeout_ms,
        "application_name": "werknetz-core",
        "jit": "off",  # compiling a sum of 29 columns takes longer than the sum
    }
    pool = asyncpg.create_pool(
        settings.database_url,
        min_size=0,  # PostgreSQL need not be there yet: /health/ready says so
        max_size=settings.pool_max,
        timeout=CONNECT_S,
        command_timeout=settings.statement_timeout_s + 1,
        server_settings=server_settings,
        reset=_as_it_is,
    )
    await pool
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url),
        pool_size=settings.pool_max // 2,
        max_overflow=settings.pool_max // 2,
        pool_timeout=CONNECT_S,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_S,
            "command_timeout": settings.statement_timeout_s + 1,
            "server_settings": server_settings,
        },
    )
    redis = _redis(settings)
    tree = EquipmentTreeCache(pool, every_s=settings.tree_every_s)
    marks = Watermarks(redis, cached_s=settings.marks_cached_s)
    keys = KeyCache(pool, cached_s=settings.key_cached_s, now_us=now_us)
    rate = RateLimiter(redis, per_s=settings.rate_per_s, burst=settings.rate_burst)
    webhook = EdgeForwarder.from_settings(settings)
    renewing = asyncio.create_task(tree.run(), name="renew the equipment tree")
    try:
        yield AppContext(settings, pool, engine, redis, keys, tree, marks, rate, now_us, webhook)
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        if webhook is not None:
            await webhook.close()
        await engine.dispose()
        if redis is not None:
            await redis.aclose()
        await _closed(pool)


async def _as_it_is(_: object) -> None:
    """Give a connection back without asking PostgreSQL to forget: single statements leave nothing.

    Without this, each answer would cost a second round trip.
    """


def _redis(settings: CoreSettings) -> Redis | None:
    if settings.redis_url is None:
        return None
    return Redis.from_url(
        settings.redis_url,
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        max_connections=50,
        decode_responses=True,
    )


async def _closed(pool: asyncpg.Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), CONNECT_S)
    except TimeoutError:
        pool.terminate()


def app_context_of(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


async def _reading(request: Request) -> AsyncIterator[AsyncConnection]:
    """One request, one read-only transaction."""
    async with app_context_of(request).engine.connect() as connection:
        await connection.execution_options(postgresql_readonly=True)
        yield connection


async def _writing(request: Request) -> AsyncIterator[AsyncConnection]:
    """One request, one transaction: kept if the endpoint returns, undone if it raises."""
    async with app_context_of(request).engine.begin() as connection:
        yield connection


async def _app_context(request: Request) -> AppContext:
    return app_context_of(request)


ContextDep = Annotated[AppContext, Depends(_app_context)]
ReadSessionDep = Annotated[AsyncConnection, Depends(_reading, scope="function")]
# scope="function" commits before the answer leaves; by default it would be after.
WriteSessionDep = Annotated[AsyncConnection, Depends(_writing, scope="function")]
Viewer = Annotated[Principal, Depends(require_viewer)]
Engineer = Annotated[Principal, Depends(require_engineer)]
Admin = Annotated[Principal, Depends(require_admin)]
