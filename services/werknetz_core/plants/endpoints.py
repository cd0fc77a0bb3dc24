"""Plants: where a newcomer begins."""

from fastapi import APIRouter, Request

from werknetz_core.context.app_context import ContextDep, Viewer
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep, columns_of, list_response
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.plants.schemas import PlantView

router = APIRouter(tags=["equipment"])


@router.get("/plants")
async def list_plants(
    request: Request, context: ContextDep, principal: Viewer, params: ListParamsDep
) -> pagination.Page[PlantView]:
    """List the plants that the key may see. Sort: path, name, machines."""
    tree = await context.tree.current()
    now_us = context.now_us()
    found = [
        PlantView(
            path=node.path,
            name=node.name,
            time_zone=node.time_zone,
            has_shift_calendar=tree.calendar_of(node.path, now_us) is not None,
            machines=sum(below.level == "machine" for below in tree.subtree(node.path)),
        ).model_dump()
        for node in tree.nodes.values()
        if node.level == "plant" and principal.can_see(node.path)
    ]
    keys = ("path", "name", "machines")
    items, next_cursor = sort_and_paginate(found, params, default="path", keys=keys, tie="path")
    return list_response(request, params, items, columns_of(PlantView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
