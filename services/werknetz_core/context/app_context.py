"""The shared state of one API process: connections, caches, clock and background tasks."""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import httpx2
from fastapi import Depends, Request
from redis.asyncio import Redis

from werknetz.link.redis_client import connect_redis
from werknetz.runtime.background import BackgroundTask
from werknetz.store.session import Database, PoolOptions, ReadSession, WriteSession
from werknetz_core.access.keys import KeyCache, Principal, require_key
from werknetz_core.accounts.second_factor import SecondFactor
from werknetz_core.accounts.sign_in import SignIns
from werknetz_core.context.edge_forwarder import EdgeForwarder
from werknetz_core.context.equipment_tree import EquipmentTreeCache
from werknetz_core.context.kpi_catalogue import KpiCatalogueCache
from werknetz_core.http.etag import Watermarks
from werknetz_core.http.rate_limit import RateLimiter
from werknetz_core.idempotency.attempt import begin_attempt
from werknetz_core.limits.admission import Admission
from werknetz_core.limits.wide_process.forwarding import client_of_socket
from werknetz_core.limits.wide_process.process import open_wide_process
from werknetz_core.oidc.providers import Providers
from werknetz_core.sessions.cache import SessionCache
from werknetz_core.settings import CoreSettings

BackgroundJob: TypeAlias = Callable[[Database], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class AppContext:
    settings: CoreSettings
    database: Database
    redis: Redis | None
    keys: KeyCache
    sessions: SessionCache
    sign_ins: SignIns
    tree: EquipmentTreeCache
    kpis: KpiCatalogueCache
    watermarks: Watermarks
    rate_limiter: RateLimiter
    admission: Admission
    now_us: Callable[[], int]
    edge_forwarder: EdgeForwarder | None = None
    oidc: Providers | None = None  # None: nobody signs in at a provider
    wide_client: httpx2.AsyncClient | None = None  # None: this process answers wide requests
    wide_socket: str | None = None  # of the process that answers them
    background: tuple[BackgroundTask, ...] = ()


@contextlib.asynccontextmanager
async def open_app_context(
    settings: CoreSettings, now_us: Callable[[], int], jobs: Mapping[str, BackgroundJob]
) -> AsyncIterator[AppContext]:
    """Open what the API needs without waiting for other servers; close it at the end.

    `jobs` run in the background beside the refresh of the equipment tree.
    """
    async with contextlib.AsyncExitStack() as stack:
        database, wide_database = _open_databases(stack, settings)
        redis = _connect_redis(settings)
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        edge_forwarder, oidc = _open_clients(stack, settings)
        wide_client, wide_socket = await _open_wide_client(stack, settings)
        tree = EquipmentTreeCache(database, refresh_s=settings.tree_refresh_s)
        kpis = KpiCatalogueCache(database, refresh_s=settings.tree_refresh_s)
        rate_limiter = RateLimiter(redis, per_s=settings.rate_per_s, burst=settings.rate_burst)
        admission = Admission(settings, rate_limiter, wide_database, redis)
        stack.push_async_callback(admission.in_flight.give_back)
        background = (
            BackgroundTask("equipment_tree", tree.run),
            BackgroundTask("kpi_definitions", kpis.run),
            BackgroundTask("key_slots", admission.in_flight.run),
            *(_background_task(name, job, database) for name, job in jobs.items()),
        )
        for task in background:
            await stack.enter_async_context(task)
        yield AppContext(
            settings,
            database,
            redis,
            keys=KeyCache(database, cache_s=settings.key_cache_s, now_us=now_us),
            sessions=SessionCache(database, cache_s=settings.key_cache_s, now_us=now_us),
            sign_ins=SignIns(database, SecondFactor(settings.totp_box)),
            tree=tree,
            kpis=kpis,
            watermarks=Watermarks(redis, cache_s=settings.watermark_cache_s),
            rate_limiter=rate_limiter,
            admission=admission,
            now_us=now_us,
            edge_forwarder=edge_forwarder,
            oidc=oidc,
            wide_client=wide_client,
            wide_socket=wide_socket,
            background=background,
        )


def _open_databases(
    stack: contextlib.AsyncExitStack, settings: CoreSettings
) -> tuple[Database, Database]:
    """Return the pool of most requests and that of wide ones."""
    pools = (
        ("werknetz-core", settings.sessions_max, settings.statement_timeout_s),
        ("werknetz-core-wide", settings.wide_requests_max, settings.wide_statement_timeout_s),
    )
    database, wide_database = (
        Database(
            settings.database_url,
            PoolOptions(*pool, follows_caller=True, rows_key=settings.rows_key),
        )
        for pool in pools
    )
    stack.push_async_callback(database.close)
    stack.push_async_callback(wide_database.close)
    return database, wide_database


def _open_clients(
    stack: contextlib.AsyncExitStack, settings: CoreSettings
) -> tuple[EdgeForwarder | None, Providers | None]:
    """Return the clients of the events' edge and of the providers of identities, where set."""
    edge_forwarder = EdgeForwarder.from_settings(settings)
    if edge_forwarder is not None:
        stack.push_async_callback(edge_forwarder.close)
    oidc = None if settings.oidc is None else Providers.open(settings.oidc)
    if oidc is not None:
        stack.push_async_callback(oidc.close)
    return edge_forwarder, oidc


async def _open_wide_client(
    stack: contextlib.AsyncExitStack, settings: CoreSettings
) -> tuple[httpx2.AsyncClient | None, str | None]:
    path = settings.wide_socket
    if path is None and settings.wide_process:
        path = await stack.enter_async_context(open_wide_process(settings))
    if path is None:
        return None, None
    return await stack.enter_async_context(client_of_socket(path)), path


def _background_task(name: str, job: BackgroundJob, database: Database) -> BackgroundTask:
    return BackgroundTask(name, lambda: job(database))


def _connect_redis(settings: CoreSettings) -> Redis | None:
    if settings.redis_url is None:
        return None
    return connect_redis(
        settings.redis_url,
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        max_connections=50,
        decode_responses=True,
    )


def app_context_of(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


# Sessions open only once the caller is known: row-level security shows rows of its plants.
_Caller: TypeAlias = Annotated[Principal, Depends(require_key)]


async def _open_read_session(request: Request, _: _Caller) -> AsyncIterator[ReadSession]:
    """One request, one read-only transaction."""
    async with app_context_of(request).database.read_session() as session:
        yield session


async def _open_write_session(request: Request, _: _Caller) -> AsyncIterator[WriteSession]:
    """One request, one transaction: committed if the endpoint returns, rolled back if it raises."""
    async with app_context_of(request).database.write_session() as session:
        await begin_attempt(session)
        yield session


async def _app_context(request: Request) -> AppContext:
    return app_context_of(request)


ContextDep = Annotated[AppContext, Depends(_app_context)]
ReadSessionDep = Annotated[ReadSession, Depends(_open_read_session, scope="function")]
# scope="function" commits before the response is sent; the default commits after it.
WriteSessionDep = Annotated[WriteSession, Depends(_open_write_session, scope="function")]
