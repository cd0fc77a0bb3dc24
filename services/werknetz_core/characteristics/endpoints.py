"""Measured characteristics: what KPIs of capability can be asked for."""

from fastapi import APIRouter, Request

from werknetz_core.access import equipment_scope
from werknetz_core.access.require import MayRead
from werknetz_core.characteristics.schemas import CharacteristicView
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.collection import page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.kpis.scopes.characteristics import list_characteristics

router = APIRouter(tags=["kpis"])
_KEYS = ("name", "measurements", "last_at")


@router.get("/characteristics")
async def list_measured_characteristics(
    request: Request,
    context: ContextDep,
    principal: MayRead,
    params: ListParamsDep,
    under: equipment_scope.EquipmentFilter = [],  # noqa: B006 - FastAPI copies
) -> pagination.Page[CharacteristicView]:
    """List what was measured at the machines, with the latest limits.

    Sort: name, measurements, last_at.
    """
    tree = await context.tree.current()
    paths = [(await context.tree.find_node(path, principal)).path for path in under]
    if paths:
        ids = sorted({id_ for path in paths for id_ in tree.ids_below.get(path, [])})
    else:
        ids = [node.id for node in tree.nodes.values() if principal.can_see(node.path)]
    rows = await list_characteristics(context, ids)
    shown, next_cursor = sort_and_paginate(rows, params, default="name", keys=_KEYS, tie="name")
    views = [CharacteristicView(**row) for row in shown]
    return page_response(request, params, views, CharacteristicView, next_cursor=next_cursor)
