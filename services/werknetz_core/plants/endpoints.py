"""Plants: where a newcomer begins."""

from fastapi import APIRouter, Request, Response

from werknetz_core.api import page
from werknetz_core.api.platform import Core, Viewer
from werknetz_core.plants.schemas import PlantView

router = APIRouter(tags=["equipment"])


@router.get("/plants")
async def list_plants(
    request: Request,
    response: Response,
    core: Core,
    principal: Viewer,
    limit: page.Limit = 100,
    cursor: page.Cursor = None,
) -> page.Page[PlantView]:
    """List the plants that the key may see."""
    tree = await core.tree.current()
    after = page.decode(cursor, str)
    found = [
        node
        for node in tree.nodes.values()
        if node.level == "plant"
        and principal.sees(node.path)
        and (after is None or node.path > str(after[0]))
    ]
    found.sort(key=lambda node: node.path)
    nodes, more = page.cut(found, limit)
    now_us = core.now_us()
    items = [
        PlantView(
            path=node.path,
            name=node.name,
            time_zone=node.time_zone,
            has_shift_calendar=tree.calendar(node.path, now_us) is not None,
            machines=sum(below.level == "machine" for below in tree.under(node.path)),
        )
        for node in nodes
    ]
    next_cursor = page.encode(nodes[-1].path) if more else None
    page.link(request, response, next_cursor)
    return page.Page(items=items, next_cursor=next_cursor)
