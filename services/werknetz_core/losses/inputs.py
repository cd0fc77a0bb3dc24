"""Inputs of supply-caused downtime: starved spans, line materials, stock-outs, lost messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from werknetz.domain.bucket import TIME_MAX_US, instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.kpi.data_gaps import gap_kind_of
from werknetz.kpi.stock.supply_caused import PlaceStockOut, Span, StarvedSpan, StockPlace
from werknetz.store.gaps import LOST_MESSAGES
from werknetz.store.queries import supply_caused as statements
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.losses.reported_starvation import (
    StatePiece,
    load_reported_starvation,
    merge_reported,
)

STATES: Final = (MachineState.STARVED, MachineState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class ConsumedMaterial:
    """A material that a line or machine consumes, and from where."""

    id: int
    equipment_id: int
    place: StockPlace
    quantity_per_item: float
    material: str
    description: str
    warehouse: str


@dataclass(frozen=True, slots=True)
class StockOutRow:
    stock_out: PlaceStockOut
    start_at: datetime
    end_at: datetime | None
    event_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class LossInputs:
    """`suspended`: spans with a cause outside the machine that may or may not be starvation."""

    starved: list[StarvedSpan]
    suspended: list[StarvedSpan]
    materials: dict[int, list[ConsumedMaterial]]  # by line
    stock_outs: dict[int, StockOutRow]  # by id
    known_since: dict[StockPlace, int]
    unknown: dict[StockPlace, list[Span]]
    nodes: dict[int, EquipmentNode]


async def load_inputs(
    connection: ReadConnection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    start_us: int,
    end_us: int,
) -> LossInputs:
    """Load the inputs of machines and a span. Materials may be set at a machine or above it."""
    start, end = instant_of(start_us), instant_of(end_us)
    ancestors = {node.id: _with_ancestors(tree, node) for node in machines}
    pieces = await _load_pieces(connection, [node.id for node in machines], start_us, end_us)
    machine_ids = {machine for machine, _, _, _ in pieces}
    nodes = {node.id: node for machine in machine_ids for node in ancestors[machine]}
    by_equipment = await _load_materials(connection, sorted(nodes), start, end)
    lines = {machine: _line_of(ancestors[machine]) for machine in machine_ids}
    materials: dict[int, list[ConsumedMaterial]] = {}
    places: dict[int, tuple[StockPlace, ...]] = {}
    for machine in machine_ids:
        consumed = [m for node in ancestors[machine] for m in by_equipment.get(node.id, ())]
        places[machine] = tuple(dict.fromkeys(material.place for material in consumed))
        of_line = materials.setdefault(lines[machine].id, [])
        of_line += [material for material in consumed if material not in of_line]
    spans: dict[int, list[StarvedSpan]] = {int(state): [] for state in STATES}
    for machine, since, until, state in pieces:
        span = StarvedSpan(machine, lines[machine].id, since, until, places[machine])
        spans[state].append(span)
    all_places = sorted({place for of_machine in places.values() for place in of_machine})
    return LossInputs(
        spans[MachineState.STARVED], spans[MachineState.SUSPENDED], materials,
        await _load_stock_outs(connection, all_places, start, end),
        await _load_known_since(connection, all_places),
        await _load_unknown_spans(connection, all_places, start, end), nodes,
    )  # fmt: skip


async def load_line_rates(
    connection: ReadConnection, equipment_ids: Iterable[int], at_us: int
) -> dict[int, tuple[str, float]]:
    """Return (currency, cost per hour) of the equipment that has a rate."""
    ids = sorted(set(equipment_ids))
    rows = await connection.fetch(statements.LINE_RATES, ids, instant_of(at_us))
    return {row[0]: (row[1], row[2]) for row in rows}


async def _load_pieces(
    connection: ReadConnection, machine_ids: Sequence[int], start_us: int, end_us: int
) -> list[StatePiece]:
    rows = await connection.fetch(
        statements.STARVED_PIECES, machine_ids, instant_of(start_us), instant_of(end_us)
    )
    reported = await load_reported_starvation(connection, machine_ids, start_us, end_us)
    return merge_reported(_join_pieces(rows, start_us, end_us), reported)


async def _load_materials(
    connection: ReadConnection, equipment_ids: Sequence[int], start: datetime, end: datetime
) -> Mapping[int, list[ConsumedMaterial]]:
    rows = await connection.fetch(statements.CONSUMED_MATERIALS, equipment_ids, start, end)
    by_equipment: dict[int, list[ConsumedMaterial]] = defaultdict(list)
    for row in rows:
        place = row["warehouse_id"], row["material_id"]
        by_equipment[row["equipment_id"]].append(
            ConsumedMaterial(row["id"], row["equipment_id"], place, row["quantity_per_item"],
                             row["number"], row["description"], row["warehouse"])
        )  # fmt: skip
    return by_equipment


def _join_pieces(rows: Sequence[asyncpg.Record], start_us: int, end_us: int) -> list[StatePiece]:
    """Return the pieces within the span, joined where they were divided only at a bucket."""
    pieces: list[StatePiece] = []
    for machine, start_at, end_at, state in rows:
        since = max(microseconds_of(start_at), start_us)
        until = min(microseconds_of(end_at), end_us)
        last = pieces[-1] if pieces else None
        if last is not None and (last[0], last[2], last[3]) == (machine, since, state):
            pieces[-1] = (machine, last[1], until, state)
        else:
            pieces.append((machine, since, until, state))
    return pieces


def _with_ancestors(tree: EquipmentTree, node: EquipmentNode) -> list[EquipmentNode]:
    """Return the equipment and its ancestors, the nearest first."""
    parts = node.path.split("/")
    paths = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return [tree.nodes[path] for path in paths if path in tree.nodes]


def _line_of(ancestors: Sequence[EquipmentNode]) -> EquipmentNode:
    return next((node for node in ancestors if node.level == "line"), ancestors[0])


async def _load_stock_outs(
    connection: ReadConnection, places: Sequence[StockPlace], start: datetime, end: datetime
) -> dict[int, StockOutRow]:
    rows = await connection.fetch(statements.STOCK_OUTS, *_id_columns(places), start, end)
    stock_outs = {}
    for row in rows:
        end_at = row["end_at"]
        stock_out = PlaceStockOut(
            row["id"], (row["warehouse_id"], row["material_id"]),
            microseconds_of(row["start_at"]),
            TIME_MAX_US if end_at is None else microseconds_of(end_at),
        )  # fmt: skip
        ids = (row["start_event_id"], row["end_event_id"])
        event_ids = tuple(event_id for event_id in ids if event_id is not None)
        stock_outs[row["id"]] = StockOutRow(stock_out, row["start_at"], end_at, event_ids)
    return stock_outs


async def _load_known_since(
    connection: ReadConnection, places: Sequence[StockPlace]
) -> dict[StockPlace, int]:
    rows = await connection.fetch(statements.FIRST_COUNTS, *_id_columns(places))
    return {(row[0], row[1]): microseconds_of(row[2]) for row in rows}


async def _load_unknown_spans(
    connection: ReadConnection, places: Sequence[StockPlace], start: datetime, end: datetime
) -> dict[StockPlace, list[Span]]:
    """Return when the stock of a place is unknown because messages may be lost.

    If the next count differs from the balance, a message was lost: the stock is unknown from the
    loss until this count. If the count agrees, the stock after the loss is known.
    """
    connectors: dict[int, set[str]] = defaultdict(set)
    rows = await connection.fetch(statements.CONNECTORS_OF_STOCK, *_id_columns(places), end)
    for warehouse, connector in rows:
        connectors[warehouse].add(connector)
    names = sorted({name for of_warehouse in connectors.values() for name in of_warehouse})
    lost: Mapping[str, list[Span]] = defaultdict(list)
    for row in await connection.fetch(LOST_MESSAGES, names):
        if gap_kind_of(row["cause"], is_listed=False) is not None:
            end_us = TIME_MAX_US if row["end_at"] is None else microseconds_of(row["end_at"])
            lost[row["connector_id"]].append((microseconds_of(row["start_at"]), end_us))
    unknown = {
        place: spans
        for place in places
        if (spans := [span for name in sorted(connectors[place[0]]) for span in lost[name]])
    }
    if unknown:
        differences = await connection.fetch(
            statements.COUNT_DIFFERENCES, *_id_columns([*unknown]), start, end
        )
        for row in differences:
            since, until = microseconds_of(row["since"]), microseconds_of(row["until"])
            spans = unknown[row["warehouse_id"], row["material_id"]]
            spans += [(max(s, since), until) for s, e in spans if s < until and e > since]
    return unknown


def _id_columns(places: Sequence[StockPlace]) -> tuple[list[int], list[int]]:
    return [place[0] for place in places], [place[1] for place in places]
