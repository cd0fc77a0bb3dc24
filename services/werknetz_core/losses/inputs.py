"""Inputs of supply-caused downtime: starved spans, line materials, stock-outs, lost messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from werknetz.domain.bucket import TIME_MAX_US, instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.kpi.data_gaps import gap_kind_of
from werknetz.kpi.stock.supply_caused import PlaceStockOut, Span, StarvedSpan, StockPlace
from werknetz.store.gaps import LOST_MESSAGES
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.losses import reported_starvation

Connection = asyncpg.Connection | PoolConnectionProxy
STATES: Final = (MachineState.STARVED, MachineState.SUSPENDED)

# Pieces are cut at buckets of 15 minutes: none that began earlier touches the span.
_STARVED: Final = """
SELECT equipment_id, start_at, end_at, state FROM state_pieces
WHERE equipment_id = ANY($1) AND state IN (6, 7)
    AND start_at >= $2::timestamptz - interval '15 minutes' AND start_at < $3 AND end_at > $2
ORDER BY equipment_id, start_at"""
_NEEDS: Final = """
SELECT l.id, l.equipment_id, l.material_id, l.warehouse_id, l.quantity_per_item,
    m.number, m.description, w.key AS warehouse
FROM line_materials l JOIN materials m ON m.id = l.material_id
JOIN warehouses w ON w.id = l.warehouse_id
WHERE l.equipment_id = ANY($1) AND l.valid_from < $3 AND (l.valid_to IS NULL OR l.valid_to > $2)"""
_OUTS: Final = """
SELECT o.id, o.warehouse_id, o.material_id, o.start_at, o.end_at, o.start_event_id, o.end_event_id
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_outs o USING (warehouse_id, material_id)
WHERE o.start_at < $4 AND (o.end_at IS NULL OR o.end_at > $3)"""
_KNOWN: Final = """
SELECT i.warehouse_id, i.material_id, min(first.at)
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT at FROM stock_balances b WHERE b.stock_item_id = i.id AND b.kind = 'count'
    ORDER BY at LIMIT 1) AS first
WHERE i.counted GROUP BY 1, 2"""
_CONNECTORS: Final = """
SELECT DISTINCT i.warehouse_id, e.connector_id
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT event_id FROM stock_balances b WHERE b.stock_item_id = i.id AND b.at < $3
    ORDER BY at DESC, position DESC LIMIT 1) AS last
JOIN business_events e ON e.event_id = last.event_id"""
# Counts that found something else than was expected, with the count before: in the window, and the
# first after it.
_DIFFERENT: Final = """
SELECT i.warehouse_id, i.material_id, before.at AS since, counted.at AS until
FROM unnest($1::int[], $2::int[]) AS n (warehouse_id, material_id)
JOIN stock_items i USING (warehouse_id, material_id)
CROSS JOIN LATERAL (
    SELECT b.at, b.difference FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at >= $3 AND b.at < $4
    UNION ALL
    (SELECT b.at, b.difference FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at >= $4
    ORDER BY b.at, b.position LIMIT 1)) AS counted
CROSS JOIN LATERAL (
    SELECT b.at FROM stock_balances b
    WHERE b.stock_item_id = i.id AND b.kind = 'count' AND b.at < counted.at
    ORDER BY b.at DESC LIMIT 1) AS before
WHERE abs(counted.difference) > 1e-9"""
_RATES: Final = """
SELECT DISTINCT ON (equipment_id) equipment_id, currency, per_hour FROM line_rates
WHERE equipment_id = ANY($1) AND valid_from <= $2 ORDER BY equipment_id, valid_from DESC"""


@dataclass(frozen=True, slots=True)
class Need:
    """A line's material: what it consumes, and from where."""

    id: int
    equipment_id: int
    place: StockPlace
    quantity_per_item: float
    material: str
    description: str
    warehouse: str


@dataclass(frozen=True, slots=True)
class StockOut:
    out: PlaceStockOut
    start_at: datetime
    end_at: datetime | None
    events: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """`suspended`: spans whose cause lies outside the machine, not said whether it starved."""

    starved: list[StarvedSpan]
    suspended: list[StarvedSpan]
    needs: dict[int, list[Need]]  # by line
    outs: dict[int, StockOut]
    known_since: dict[StockPlace, int]
    unknown: dict[StockPlace, list[Span]]
    nodes: dict[int, EquipmentNode]


async def load(
    connection: Connection,
    tree: EquipmentTree,
    machines: Sequence[EquipmentNode],
    start_us: int,
    end_us: int,
) -> Facts:
    """Load for machines and a span; what a machine consumes may stand at it or anywhere above."""
    start, end = instant_of(start_us), instant_of(end_us)
    above = {node.id: _above(tree, node) for node in machines}
    ids = [node.id for node in machines]
    rows = await connection.fetch(_STARVED, ids, start, end)
    told_by_others = await reported_starvation.starved_by_reason(connection, ids, start_us, end_us)
    spans = reported_starvation.joined(_stitched(rows, start_us, end_us), told_by_others)
    seen = {machine for machine, _, _, _ in spans}
    wanted = sorted({one.id for machine in seen for one in above[machine]})
    by_equipment: dict[int, list[Need]] = defaultdict(list)
    for row in await connection.fetch(_NEEDS, wanted, start, end):
        place = row["warehouse_id"], row["material_id"]
        need = Need(row["id"], row["equipment_id"], place, row["quantity_per_item"], row["number"],
                    row["description"], row["warehouse"])  # fmt: skip
        by_equipment[row["equipment_id"]].append(need)
    lines = {machine: _line(above[machine]) for machine in seen}
    needs: dict[int, list[Need]] = {}
    places: dict[int, tuple[StockPlace, ...]] = {}
    for machine in seen:
        found = [need for one in above[machine] for need in by_equipment.get(one.id, ())]
        places[machine] = tuple(dict.fromkeys(need.place for need in found))
        held = needs.setdefault(lines[machine].id, [])
        held += [need for need in found if need not in held]
    told: dict[int, list[StarvedSpan]] = {int(state): [] for state in STATES}
    for machine, since, until, state in spans:
        told[state].append(StarvedSpan(machine, lines[machine].id, since, until, places[machine]))
    every = sorted({place for found in places.values() for place in found})
    nodes = {one.id: one for machine in seen for one in above[machine]}
    return Facts(
        told[MachineState.STARVED], told[MachineState.SUSPENDED], needs,
        await _outs(connection, every, start_us, end_us), await _known(connection, every),
        await _unknown(connection, every, start, end), nodes,
    )  # fmt: skip


async def rates(
    connection: Connection, equipment_ids: Iterable[int], at_us: int
) -> dict[int, tuple[str, float]]:
    """Return (currency, per hour) of the equipment that have a rate."""
    rows = await connection.fetch(_RATES, sorted(set(equipment_ids)), instant_of(at_us))
    return {row[0]: (row[1], row[2]) for row in rows}


def _stitched(
    rows: Sequence[asyncpg.Record], start_us: int, end_us: int
) -> list[tuple[int, int, int, int]]:
    """Return (machine, start, end, state), joined where pieces were only cut at a bucket."""
    found: list[tuple[int, int, int, int]] = []
    for machine, start_at, end_at, state in rows:
        since = max(microseconds_of(start_at), start_us)
        until = min(microseconds_of(end_at), end_us)
        if found and found[-1][0] == machine and found[-1][2] == since and found[-1][3] == state:
            found[-1] = (machine, found[-1][1], until, state)
        else:
            found.append((machine, since, until, state))
    return found


def _above(tree: EquipmentTree, node: EquipmentNode) -> list[EquipmentNode]:
    """Return the equipment and what it is in, the nearest first."""
    parts = node.path.split("/")
    paths = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return [tree.nodes[path] for path in paths if path in tree.nodes]


def _line(above: Sequence[EquipmentNode]) -> EquipmentNode:
    return next((node for node in above if node.level == "line"), above[0])


async def _outs(
    connection: Connection, places: Sequence[StockPlace], start_us: int, end_us: int
) -> dict[int, StockOut]:
    rows = await connection.fetch(
        _OUTS, *_columns(places), instant_of(start_us), instant_of(end_us)
    )
    found = {}
    for row in rows:
        end_at = row["end_at"]
        out = PlaceStockOut(
            row["id"], (row["warehouse_id"], row["material_id"]),
            microseconds_of(row["start_at"]),
            TIME_MAX_US if end_at is None else microseconds_of(end_at),
        )  # fmt: skip
        events = (row["start_event_id"], row["end_event_id"])
        told = tuple(one for one in events if one is not None)
        found[row["id"]] = StockOut(out, row["start_at"], end_at, told)
    return found


async def _known(connection: Connection, places: Sequence[StockPlace]) -> dict[StockPlace, int]:
    rows = await connection.fetch(_KNOWN, *_columns(places))
    return {(row[0], row[1]): microseconds_of(row[2]) for row in rows}


async def _unknown(
    connection: Connection, places: Sequence[StockPlace], start: datetime, end: datetime
) -> dict[StockPlace, list[Span]]:
    """Return when messages of each place's warehouse may be lost, and what follows of it.

    A count that differs from what was expected says that something was: from the loss up to it
    nobody knows what was there. One that agrees says that after the loss all was as it was told.
    """
    tellers: dict[int, set[str]] = defaultdict(set)
    for warehouse, connector in await connection.fetch(_CONNECTORS, *_columns(places), end):
        tellers[warehouse].add(connector)
    names = sorted({name for found in tellers.values() for name in found})
    lost: Mapping[str, list[Span]] = defaultdict(list)
    for row in await connection.fetch(LOST_MESSAGES, names):
        if gap_kind_of(row["cause"], is_listed=False) is not None:
            ends = TIME_MAX_US if row["end_at"] is None else microseconds_of(row["end_at"])
            lost[row["connector_id"]].append((microseconds_of(row["start_at"]), ends))
    found = {
        place: spans
        for place in places
        if (spans := [span for name in sorted(tellers[place[0]]) for span in lost[name]])
    }
    if found:
        for row in await connection.fetch(_DIFFERENT, *_columns([*found]), start, end):
            since, until = microseconds_of(row["since"]), microseconds_of(row["until"])
            spans = found[row["warehouse_id"], row["material_id"]]
            spans += [(max(s, since), until) for s, e in spans if s < until and e > since]
    return found


def _columns(places: Sequence[StockPlace]) -> tuple[list[int], list[int]]:
    return [place[0] for place in places], [place[1] for place in places]
