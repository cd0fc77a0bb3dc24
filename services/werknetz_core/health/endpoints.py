"""Liveness, readiness, version, and metrics for Prometheus."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError

from werknetz.domain.bucket import instant_of
from werknetz.runtime.background import TaskStatus
from werknetz.store.access.rows_key import RowsKeyRefused
from werknetz.store.migration import CHECK_READING
from werknetz_core.access.require import MayRead, no_key_needed
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.health.degraded import hints_of
from werknetz_core.health.schemas import (
    BackgroundTaskView,
    IdentityProviderView,
    InfoView,
    LivenessView,
    ReadinessView,
)
from werknetz_core.http.guard.database_errors import rows_key_problem
from werknetz_core.http.problem import Problem
from werknetz_core.limits.wide_process.state import read_state
from werknetz_core.processes.metrics import render_metrics

CHECK_S: Final = 3.0
public = APIRouter(tags=["health"], dependencies=[Depends(no_key_needed)])
router = APIRouter(tags=["health"])


@public.get("/info")
async def show_version(context: ContextDep) -> InfoView:
    """Show name, version and time of the server. Needs no key."""
    return InfoView(
        name="Werknetz",
        version=version("werknetz"),
        api="v1",
        now=instant_of(context.now_us()),
        docs="/docs",
    )


@public.get("/health/live")
async def check_liveness() -> LivenessView:
    """Answer 200 while the process runs. Needs no key."""
    return LivenessView(status="live")


@public.get("/health/ready", response_model_exclude_unset=True)
async def check_readiness(context: ContextDep) -> ReadinessView:
    """Answer 200 if PostgreSQL with its tables is available and all background tasks run.

    `degraded`: Redis, a provider of identities or the process that answers wide requests is away;
    `hint` has the remedy, and all else works. Needs no key.
    """
    database, redis, providers = await asyncio.gather(
        _check_database(context), _check_redis(context), _check_providers(context)
    )
    if isinstance(database, RowsKeyRefused):
        raise rows_key_problem(database)
    if database != "ok":
        raise Problem(
            503,
            "not_ready",
            f"PostgreSQL: {database}.",
            "Run `werknetz migrate`." if database == "no tables" else "Run `werknetz doctor`.",
            headers={"Retry-After": "5"},
        )
    tasks = [task.status() for task in context.background]
    if failed := [task for task in tasks if not task.is_healthy]:
        raise _background_task_failed(failed)
    background = [_background_view(task) for task in tasks]
    view = ReadinessView(
        status="ready",
        database=database,
        redis=redis,
        limits="shared" if redis == "ok" and context.admission.in_flight.is_shared else "local",
        background=background,
    )
    if providers:
        view.identity_providers = providers
    if context.wide_socket is not None:
        view.wide_process = read_state(context.wide_socket)
    if hints := hints_of(view):
        view.status, view.hint = "degraded", " ".join(hints)
    return view


@router.get("/metrics", response_class=Response)
async def show_metrics(request: Request, principal: MayRead) -> Response:
    """Return metrics in the Prometheus text format, of all API processes of the host."""
    principal.require_all_plants()
    return Response(render_metrics(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


async def _check_database(context: AppContext) -> str | RowsKeyRefused:
    try:
        async with asyncio.timeout(CHECK_S):
            await context.database.fetchval(CHECK_READING)
    except RowsKeyRefused as error:
        return error
    except asyncpg.InvalidAuthorizationSpecificationError:
        return RowsKeyRefused.unknown_key()
    except asyncpg.UndefinedTableError:
        return "no tables"
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"


async def _check_redis(context: AppContext) -> str:
    if context.redis is None:
        return "not configured"
    try:
        async with asyncio.timeout(CHECK_S):
            await context.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"


async def _check_providers(context: AppContext) -> list[IdentityProviderView]:
    problems = {} if context.oidc is None else await context.oidc.find_problems()
    return [
        IdentityProviderView(name=name, state="ok" if problem is None else "unavailable")
        for name, problem in problems.items()
    ]


def _background_view(task: TaskStatus) -> BackgroundTaskView:
    return BackgroundTaskView(
        name=task.name,
        state=task.state,
        restarts=task.restarts,
        last_error=_error_type_of(task) or None,
    )


def _background_task_failed(failed: Sequence[TaskStatus]) -> Problem:
    errors = [
        {
            "pointer": f"/background/{task.name}",
            "code": task.state,
            "detail": f"{_error_type_of(task)}; restarted {task.restarts} times",
        }
        for task in failed
    ]
    return Problem(
        503,
        "background_task_failed",
        f"Background tasks not running: {', '.join(task.name for task in failed)}.",
        "Failed tasks are restarted after a delay; the server's log has the exceptions.",
        errors=errors,
        headers={"Retry-After": "5"},
    )


def _error_type_of(task: TaskStatus) -> str:
    """Return the exception's type only: its text may hold what needs a key to see."""
    return task.error.partition(":")[0]
