"""What one API process holds: connections, keys, equipment, watermarks, clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis

from werknetz.store.session import Database, PoolOptions, ReadSession, WriteSession
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
from werknetz_core.settings import CoreSettings


@dataclass(frozen=True, slots=True)
class AppContext:
    settings: CoreSettings
    database: Database
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
    options = PoolOptions("werknetz-core", settings.sessions_max, settings.statement_timeout_s)
    pool = Database(settings.database_url, options)
    redis = _redis(settings)
    tree = EquipmentTreeCache(pool, every_s=settings.tree_every_s)
    marks = Watermarks(redis, cached_s=settings.marks_cached_s)
    keys = KeyCache(pool, cached_s=settings.key_cached_s, now_us=now_us)
    rate = RateLimiter(redis, per_s=settings.rate_per_s, burst=settings.rate_burst)
    webhook = EdgeForwarder.from_settings(settings)
    renewing = asyncio.create_task(tree.run(), name="renew the equipment tree")
    try:
        yield AppContext(settings, pool, redis, keys, tree, marks, rate, now_us, webhook)
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        if webhook is not None:
            await webhook.close()
        if redis is not None:
            await redis.aclose()
        await pool.close()


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


def app_context_of(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


async def _open_read_session(request: Request) -> AsyncIterator[ReadSession]:
    """One request, one read-only transaction."""
    async with app_context_of(request).database.read_session() as session:
        yield session


async def _open_write_session(request: Request) -> AsyncIterator[WriteSession]:
    """One request, one transaction: committed if the endpoint returns, rolled back if it raises."""
    async with app_context_of(request).database.write_session() as session:
        yield session


async def _app_context(request: Request) -> AppContext:
    return app_context_of(request)


ContextDep = Annotated[AppContext, Depends(_app_context)]
ReadSessionDep = Annotated[ReadSession, Depends(_open_read_session, scope="function")]
# scope="function" commits before the answer leaves; by default it would be after.
WriteSessionDep = Annotated[WriteSession, Depends(_open_write_session, scope="function")]
Viewer = Annotated[Principal, Depends(require_viewer)]
Engineer = Annotated[Principal, Depends(require_engineer)]
Admin = Annotated[Principal, Depends(require_admin)]
