"""What a stream shows: for each topic, what the present state is, by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from werknetz.domain.bucket import instant_of
from werknetz.domain.state import MachineState
from werknetz.store.encoding.arrays import array_literal
from werknetz.store.losses.current import STATES_NOW
from werknetz.store.queries.samples import SIGNALS_OF_EQUIPMENT
from werknetz_core.access.permissions import KeyRole
from werknetz_core.access.principal import Principal
from werknetz_core.connectors.endpoints import load_connectors
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.http.etag import WATERMARKS_KEY
from werknetz_core.signals.latest import load_latest

Items = Mapping[str, bytes]
"""Key → the item as JSON."""
EQUIPMENT_MAX: Final = 1000
SIGNALS_MAX: Final = 1000
_RECENT: Final = timedelta(hours=1)
_SINCE: Final = timedelta(days=7)
_CONNECTOR_FIELDS: Final = {"id", "state", "detail", "alarm", "backlog", "open_gaps"}
_encoder: Final = msgspec.json.Encoder()


class StreamTopic(StrEnum):
    VALUES = "values"
    STATES = "states"
    KPIS = "kpis"
    CONNECTORS = "connectors"


EVERY_S: Final[Mapping[StreamTopic, float]] = {
    StreamTopic.VALUES: 0.5, StreamTopic.STATES: 1.0,
    StreamTopic.KPIS: 0.5, StreamTopic.CONNECTORS: 2.0,
}  # fmt: skip
"""How often each is read: so that no item is sent more than twice a second."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What readers with the same rights watch; they share what is read for it."""

    equipment: tuple[str, ...]
    topics: tuple[StreamTopic, ...]
    plants: tuple[str, ...] | None  # of the readers; None: all

    @property
    def reader(self) -> Principal:
        return Principal("stream", KeyRole.VIEWER, self.plants)


class TooMuchWatched(Exception):
    """More equipment or signals than one stream may watch."""


async def load_topic(context: AppContext, watch: Watch, topic: StreamTopic) -> Items:
    """Return the present items of a topic; raise TooMuchWatched."""
    nodes = await nodes_of(context, watch)
    if len(nodes) > EQUIPMENT_MAX:
        raise TooMuchWatched(f"{len(nodes)} equipments, at most {EQUIPMENT_MAX}")
    match topic:
        case StreamTopic.VALUES:
            return await _load_values(context, nodes)
        case StreamTopic.STATES:
            return await _load_states(context, nodes)
        case StreamTopic.KPIS:
            return await _load_kpis(context, nodes)
        case StreamTopic.CONNECTORS:
            return await _load_connectors(context, watch.reader)


async def nodes_of(context: AppContext, watch: Watch) -> list[EquipmentNode]:
    """Return the equipment that is watched now, that of the caller's plants alone."""
    tree, reader = await context.tree.current(), watch.reader
    nodes = {
        node.id: node
        for path in watch.equipment
        for node in tree.subtree(tree.former_paths.get(path, path))
        if reader.can_see(node.path)
    }
    return list(nodes.values())


async def _load_values(context: AppContext, nodes: Sequence[EquipmentNode]) -> Items:
    paths = {node.id: node.path for node in nodes}
    rows = await context.database.fetch(SIGNALS_OF_EQUIPMENT, list(paths), SIGNALS_MAX + 1)
    if len(rows) > SIGNALS_MAX:
        raise TooMuchWatched(f"more than {SIGNALS_MAX} signals")
    latest = await load_latest(context.database, context, [row["id"] for row in rows])
    return {
        str(row["id"]): _encoder.encode(
            {
                "id": row["id"], "key": row["key"], "equipment": paths[row["equipment_id"]],
                "name": row["name"], "unit": row["unit"], **latest[row["id"]],
            }
        )
        for row in rows
        if row["id"] in latest
    }  # fmt: skip


async def _load_states(context: AppContext, nodes: Sequence[EquipmentNode]) -> Items:
    now = instant_of(context.now_us())
    paths = {node.id: node.path for node in nodes}
    rows = await context.database.fetch(
        STATES_NOW, array_literal(list(paths)), now - _RECENT, now - _SINCE
    )
    return {
        paths[row["id"]]: _encoder.encode(
            {
                "equipment": paths[row["id"]], "state": MachineState(row["state"]).label,
                "category": row["category"], "code": row["code"],
                "order_number": row["order_number"], "since": row["since"],
            }
        )
        for row in rows
    }  # fmt: skip


async def _load_kpis(context: AppContext, nodes: Sequence[EquipmentNode]) -> Items:
    """Return the watermarks: they grow when a KPI of the equipment or below may have changed."""
    if context.redis is None or not nodes:
        return {}
    paths = [node.path for node in nodes]
    marks = await context.redis.hmget(WATERMARKS_KEY, paths)
    return {
        path: _encoder.encode({"equipment": path, "watermark": str(mark)})
        for path, mark in zip(paths, marks, strict=True)
        if mark is not None
    }


async def _load_connectors(context: AppContext, principal: Principal) -> Items:
    async with context.database.read_session() as session:
        views = await load_connectors(context, session, principal)
    items: list[dict[str, Any]] = [view.model_dump(include=_CONNECTOR_FIELDS) for view in views]
    return {item["id"]: _encoder.encode(item) for item in items}
