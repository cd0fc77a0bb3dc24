"""Plants: where a newcomer begins."""

from fastapi import APIRouter, Request

from werknetz_core.context.app_context import Core, Viewer
from werknetz_core.http import pagination
from werknetz_core.http.list_params import Asked, columns_of, given
from werknetz_core.http.sorting import sorted_rows
from werknetz_core.plants.schemas import PlantView

router = APIRouter(tags=["equipment"])


@router.get("/plants")
async def list_plants(
    request: Request, core: Core, principal: Viewer, asked: Asked
) -> pagination.Page[PlantView]:
    """List the plants that the key may see. Sort: path, name, machines."""
    tree = await core.tree.current()
    now_us = core.now_us()
    found = [
        PlantView(
            path=node.path,
            name=node.name,
            time_zone=node.time_zone,
            has_shift_calendar=tree.calendar(node.path, now_us) is not None,
            machines=sum(below.level == "machine" for below in tree.under(node.path)),
        ).model_dump()
        for node in tree.nodes.values()
        if node.level == "plant" and principal.sees(node.path)
    ]
    keys = ("path", "name", "machines")
    items, next_cursor = sorted_rows(found, asked, default="path", keys=keys, tie="path")
    return given(request, asked, items, columns_of(PlantView), next_cursor=next_cursor)  # type: ignore[return-value] # a ready answer of that form
