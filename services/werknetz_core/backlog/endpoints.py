"""The backlog of workers: machines whose elements are older than their data, longest wait first."""

from typing import Final

from fastapi import APIRouter, Request

from werknetz.store.dirty import BACKLOG
from werknetz_core.access.keys import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.backlog.schemas import BacklogView
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.context.collection import page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import sort_and_paginate

router = APIRouter(tags=["equipment"])
_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%f+00:00"  # sorts as text
_KEYS: Final = ("waiting_since", "buckets", "equipment")


@router.get("/backlog")
async def list_backlog(
    request: Request, context: ContextDep, principal: MayRead, params: ListParamsDep
) -> pagination.Page[BacklogView]:
    """List machines with buckets that are to be computed. Sort: waiting_since, buckets, equipment.

    Marks of the future are left out: they wait for their time.
    """
    items = await _load(context, principal)
    rows, next_cursor = sort_and_paginate(
        items, params, default="waiting_since", keys=_KEYS, tie="equipment"
    )
    views = [BacklogView.model_validate(row) for row in rows]
    return page_response(request, params, views, BacklogView, next_cursor=next_cursor)


async def _load(context: AppContext, principal: Principal) -> list[dict[str, object]]:
    rows = await context.database.fetch(BACKLOG)
    return [
        {**row, "waiting_since": row["waiting_since"].strftime(_INSTANT)}
        for row in rows
        if principal.can_see(row["equipment"])
    ]
