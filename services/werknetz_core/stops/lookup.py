"""Finds the stop of an id: machine and instant.

The id of a stop is made of its machine and its start. Late data may move the start: an id then
means the stop that covers its instant, else the first that starts within five minutes after it.
"""

import re
from typing import Final

from werknetz.domain.bucket import TIME_MAX_US
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.context.time_spec import format_utc
from werknetz_core.http.problem import Problem
from werknetz_core.stops.loading import MachineStop, load_stops

MOVED_MAX_US: Final = 300_000_000
_FORM: Final = re.compile(r"(\d{1,9})-(\d{1,16})")


async def find_stop(context: AppContext, stop_id: str, principal: Principal) -> MachineStop:
    """Return the stop; raise 404 for an unknown one, 403 outside the key's plants."""
    node, at_us = await machine_of(context, stop_id, principal)
    stops = await load_stops(context, [node.id], at_us, at_us + MOVED_MAX_US)
    for item in stops:
        if item.stop.start_us <= at_us < item.stop.end_us:
            return item
    if stops:
        return min(stops, key=lambda item: item.stop.start_us)
    raise unknown_stop(
        stop_id, Sentence("shop_floor.did_not_stop", path=node.path, at=format_utc(at_us))
    )


async def machine_of(
    context: AppContext, stop_id: str, principal: Principal
) -> tuple[EquipmentNode, int]:
    """Return the machine of an id and its instant in µs UTC."""
    match = _FORM.fullmatch(stop_id)
    if match is None or int(match[2]) > TIME_MAX_US:
        raise unknown_stop(stop_id, Sentence("shop_floor.no_id_of_stop"))
    tree = await context.tree.current()
    node = next((n for n in tree.nodes.values() if n.id == int(match[1])), None)
    if node is None:
        raise unknown_stop(stop_id, Sentence("shop_floor.no_such_machine"))
    principal.require_equipment(node.path)
    return node, int(match[2])


def unknown_stop(stop_id: str, why: str) -> Problem:
    return Problem(
        404,
        "unknown_stop",
        Sentence("shop_floor.unknown_stop", stop_id=stop_id, why=why),
        Sentence("shop_floor.list_stops"),
    )
