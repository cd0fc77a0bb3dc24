"""Plants: the entry point of the equipment hierarchy."""

from fastapi import APIRouter, Request

from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import ContextDep
from werknetz_core.context.collection import page_response
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import sort_and_paginate
from werknetz_core.plants.schemas import PlantView

router = APIRouter(tags=["equipment"])


@router.get("/plants")
async def list_plants(
    request: Request, context: ContextDep, principal: MayRead, params: ListParamsDep
) -> pagination.Page[PlantView]:
    """List the plants of the key. Sort: path, name, machines."""
    tree = await context.tree.current()
    now_us = context.now_us()
    plants = [
        PlantView(
            path=node.path,
            name=node.name,
            time_zone=node.time_zone,
            language=node.language,
            clock=node.clock,
            has_shift_calendar=tree.calendar_of(node.path, now_us) is not None,
            machines=sum(below.level == "machine" for below in tree.subtree(node.path)),
        ).model_dump()
        for node in tree.nodes.values()
        if node.level == "plant" and principal.can_see(node.path)
    ]
    keys = ("path", "name", "machines")
    rows, next_cursor = sort_and_paginate(plants, params, default="path", keys=keys, tie="path")
    items = [PlantView.model_validate(row) for row in rows]
    return page_response(request, params, items, PlantView, next_cursor=next_cursor)
