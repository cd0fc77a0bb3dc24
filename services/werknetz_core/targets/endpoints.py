"""Targets: set, changed and withdrawn by engineers; measured on each request."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from werknetz.kpi.losses.categories import CATEGORIES
from werknetz.store.session import ReadSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead, MaySetTargets
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.collection import page_response
from werknetz_core.context.polling import (
    SUPPLY_WATERMARKS,
    content_response,
    polled_response,
    refuse_unknown_parameters,
)
from werknetz_core.context.time_spec import TimeContext, parse_instant
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.limits.reading import reading
from werknetz_core.targets.changes import set_target, withdraw_target
from werknetz_core.targets.loading import is_by_attendance, load_targets
from werknetz_core.targets.reads import reads_of_details, reads_of_targets
from werknetz_core.targets.report import (
    StoredTarget,
    detail_document,
    measure_target,
    points_document,
    target_document,
)
from werknetz_core.targets.schemas import (
    NewTarget,
    TargetDetailView,
    TargetListView,
    TargetPointView,
)

router = APIRouter(tags=["targets"], dependencies=[Depends(refuse_unknown_parameters)])
FACTOR_MAX: Final = 100.0


@router.get("/targets", response_model=TargetListView)
async def list_targets(
    request: Request, context: ContextDep, session: ReadSessionDep, principal: MayRead
) -> Response:
    """List the targets of the key's plants, each with its current state."""
    stored = [t for t in await load_targets(session) if _is_visible(t, principal)]
    facts = [[(target.key, target.changed_at) for target in stored]]

    async def compute() -> object:
        tree = await context.tree.current()
        reads = reads_of_targets(stored, context.now_us())
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.snapshot() as connection,
        ):
            measured = [
                await measure_target(connection, tree, target, context.now_us())
                for target in stored
            ]
        return {"items": [target_document(target) for target in measured]}

    return await _respond(request, context, stored, facts, compute)


@router.get("/targets/{key}", response_model=TargetDetailView)
async def show_target(
    key: str,
    request: Request,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayRead,
    scenario: Annotated[
        list[str],
        Query(description="LOSS:FACTOR, such as set_up:0.5 for half of it. Repeated: together."),
    ] = [],  # noqa: B006 - FastAPI copies
    reach_by: Annotated[
        date | None, Query(description="Of a missed target: until when. Default: in a year.")
    ] = None,
    at: Annotated[str | None, Query(description="The state at this time. Default: now.")] = None,
) -> Response:
    """Show a target with its series, the contribution of each loss to the gap, and a scenario."""
    target = await _find(session, key, principal)
    factors = _parse_factors(scenario)
    time = TimeContext(context.now_us(), target.definition.zone)
    at_us = min(parse_instant(at, "at", time), time.now_us)

    async def compute() -> object:
        tree = await context.tree.current()
        reads = await reads_of_details(context, tree, target, at_us)
        async with (
            reading(context, principal, reads) as context_of_reads,
            context_of_reads.database.snapshot() as connection,
        ):
            measured = await measure_target(connection, tree, target, at_us, reach_by)
            return await detail_document(connection, tree, measured, factors)

    facts = [key, target.changed_at, sorted(factors.items()), reach_by, at and at_us]
    return await _respond(request, context, [target], facts, compute)


@router.get("/targets/{key}/points")
async def list_target_points(
    key: str, request: Request, context: ContextDep, session: ReadSessionDep, principal: MayRead,
    params: ListParamsDep,
) -> pagination.Page[TargetPointView]:  # fmt: skip
    """List the past periods of a target, as its chart shows them. Sort: start."""
    target = await _find(session, key, principal)
    tree = await context.tree.current()
    async with (
        reading(context, principal, reads_of_targets([target], context.now_us())) as of_reads,
        of_reads.database.snapshot() as connection,
    ):
        measured = await measure_target(connection, tree, target, context.now_us())
    rows, next_cursor = sort_and_paginate(
        points_document(measured), params, default="start", keys=("start",), tie="start"
    )
    items = [TargetPointView.model_validate(row) for row in rows]
    return page_response(request, params, items, TargetPointView, next_cursor=next_cursor)


@router.put("/targets/{key}", response_model=TargetDetailView)
async def put_target(
    key: str,
    body: NewTarget,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MaySetTargets,
) -> Any:
    """Set a target. Its baseline is frozen now, and again only if scope, measure or period change.

    Refused: no data in the baseline, a due date before its end, steps that do not rise.
    """
    target = await set_target(context, session, principal, key, body)
    return await _measure(context, target)


@router.delete("/targets/{key}", status_code=204)
async def delete_target(
    key: str, session: WriteSessionDep, principal: MaySetTargets, reason: str | None = None
) -> None:
    """Withdraw a target; the audit log retains it."""
    await _find(session, key, principal)
    await withdraw_target(session, principal, key, reason)


async def _measure(context: AppContext, target: StoredTarget) -> dict[str, Any]:
    tree = await context.tree.current()
    async with context.database.snapshot() as connection:
        measured = await measure_target(connection, tree, target, context.now_us())
        return await detail_document(connection, tree, measured, {})


async def _respond(
    request: Request,
    context: AppContext,
    targets: Sequence[StoredTarget],
    facts: Sequence[object],
    compute: Callable[[], Awaitable[object]],
) -> Response:
    if any(is_by_attendance(target) for target in targets):
        return await content_response(request, compute)
    sources = [*_paths(targets), *SUPPLY_WATERMARKS]
    return await polled_response(request, context, sources, facts, compute)


async def _find(session: ReadSession, key: str, principal: Principal) -> StoredTarget:
    for target in await load_targets(session, key):
        if _is_visible(target, principal):  # else as if it were not there
            return target
    keys = [target.key for target in await load_targets(session) if _is_visible(target, principal)]
    hint = Sentence("targets.list", keys=[*keys]) if keys else Sentence("targets.set_one")
    raise Problem(404, "unknown_target", Sentence("targets.unknown", key=key), hint)


def _is_visible(target: StoredTarget, principal: Principal) -> bool:
    return all(principal.can_see(path) for path in target.definition.under)


def _paths(stored: Sequence[StoredTarget]) -> list[str]:
    return sorted({path for target in stored for path in target.definition.under})


def _parse_factors(texts: Sequence[str]) -> dict[str, float]:
    losses = [name for name, category in CATEGORIES.items() if category.is_loss]
    factors = {}
    for text in texts:
        name, _, number = text.partition(":")
        try:
            factor = float(number or "0.5")
        except ValueError:
            factor = -1.0
        if name not in losses or not 0 <= factor <= FACTOR_MAX:
            raise invalid_parameter(
                "scenario", Sentence("targets.no_scenario", text=text),
                Sentence("targets.scenario_form", losses=[*losses]),
            )  # fmt: skip
        factors[name] = factor
    return factors
