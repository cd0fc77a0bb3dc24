"""Whether it lives, whether it can serve, what it is, and its figures for Prometheus."""

import asyncio
from importlib.metadata import version
from typing import Final

import asyncpg
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError

from werknetz.domain.bucket import instant_of
from werknetz_core.context.app_context import AppContext, ContextDep, Viewer
from werknetz_core.health.schemas import InfoView, LiveView, ReadyView
from werknetz_core.http.problem import Problem

CHECK_S: Final = 3.0
public = APIRouter(tags=["health"])
router = APIRouter(tags=["health"])


@public.get("/info")
async def show_version(context: ContextDep) -> InfoView:
    """Say what this is. Needs no key."""
    return InfoView(
        name="Werknetz",
        version=version("werknetz"),
        api="v1",
        now=instant_of(context.now_us()),
        docs="/docs",
    )


@public.get("/health/live")
async def live() -> LiveView:
    """Answer as long as the process turns. Needs no key."""
    return LiveView(status="live")


@public.get("/health/ready")
async def ready(context: ContextDep) -> ReadyView:
    """Answer 200 if requests can be served: PostgreSQL with its tables. Needs no key."""
    database, redis = await asyncio.gather(_database(context), _redis(context))
    if database != "ok":
        raise Problem(
            503,
            "not_ready",
            f"PostgreSQL: {database}.",
            "Run `werknetz migrate`." if database == "no tables" else "Run `werknetz doctor`.",
            headers={"Retry-After": "5"},
        )
    return ReadyView(status="ready", database=database, redis=redis)


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, principal: Viewer) -> Response:
    """Give figures in Prometheus' text format."""
    principal.require_all_plants()
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


async def _database(context: AppContext) -> str:
    try:
        async with asyncio.timeout(CHECK_S):
            await context.pool.fetchval("SELECT count(*) FROM incarnations")
    except asyncpg.UndefinedTableError:
        return "no tables"
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"


async def _redis(context: AppContext) -> str:
    if context.redis is None:
        return "not configured"
    try:
        async with asyncio.timeout(CHECK_S):
            await context.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"
