"""The overview as a document: an equipment, and those of a level below it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from werknetz.domain.bucket import instant_of
from werknetz.store.session import ReadConnection
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import TimeContext, shift_fields
from werknetz_core.kpis.window_sums import SumQuery, load_states, load_window_sums
from werknetz_core.limits.weight import Reads
from werknetz_core.overview.current import (
    OpenStop,
    load_open_stops,
    stop_document,
)
from werknetz_core.overview.periods import (
    KPIS,
    OEE_ELEMENTS,
    PERIOD_ELEMENTS,
    SPARK_DAYS,
    PeriodDivision,
    Periods,
    Rows,
)
from werknetz_core.targets.report import StoredTarget, measure_target

Document = dict[str, Any]
_TARGET_FIELDS: Final = ("change", "gap_points")


def reads_of_overview(equipments: int) -> Reads:
    """Return what an overview of so many equipments reads: days as rows, two periods of KPIs."""
    return Reads(rows=equipments * (SPARK_DAYS + 7), values=equipments * 2 * len(KPIS))


async def report_overview(
    connection: ReadConnection,
    tree: EquipmentTree,
    nodes: Sequence[tuple[EquipmentNode, TimeContext]],
    targets: Sequence[StoredTarget],
    silent: Mapping[int, list[str]],
) -> Document:
    """Return an OverviewView without `depth`; the first node is the one above the others.

    `silent`: connectors without a heartbeat, by the equipment that they serve.
    """
    now_us = nodes[0][1].now_us
    division = PeriodDivision(now_us)
    periods = [division.periods_of(time) for _, time in nodes]
    ids = {node.path: tree.ids_below.get(node.path, []) for node, _ in nodes}
    sums = await _load_sums(connection, [(node.id, ids[node.path]) for node, _ in nodes], periods)
    stops = await load_open_stops(connection, ids[nodes[0][0].path], now_us)
    by_path = await _measure_targets(connection, tree, targets, now_us)
    paths = {node.id: node.path for node in tree.nodes.values()}
    items = [
        {
            "equipment": node.path,
            "name": node.name,
            "level": node.level,
            "time_zone": time.zone.key,
            "shift": shift_fields(of_node.shift, time),
            **of_node.documents(current, past, time),
            # Of thousands of machines few stand: without a stop, no set is made.
            **_current(
                set(ids[node.path]) if stops or silent else (), stops, silent, paths, now_us
            ),
            "targets": by_path.get(node.path, []),
        }
        for (node, time), of_node, (current, past) in zip(nodes, periods, sums, strict=True)
    ]
    return {
        "under": items[0],
        "items": items[1:],
        "at": instant_of(now_us),
        "no_data": not any(current or past for current, past in sums),
    }


async def _load_sums(
    connection: ReadConnection,
    equipment: Sequence[tuple[int, Sequence[int]]],
    periods: Sequence[Periods],
) -> list[tuple[Rows, Rows]]:
    """Return the sums of current and past windows of each (equipment, all below it)."""
    pairs = list(zip(equipment, periods, strict=True))
    current = [SumQuery(number, ids, of_node.current) for (number, ids), of_node in pairs]
    past = [SumQuery(number, ids, of_node.past) for (number, ids), of_node in pairs]
    shared = {(id(p.current), id(p.past)): [*p.current, *p.past] for p in periods}
    both = [SumQuery(number, ids, shared[id(p.current), id(p.past)]) for (number, ids), p in pairs]
    states = await load_states(connection, both)
    return list(
        zip(
            await load_window_sums(connection, current, PERIOD_ELEMENTS, states),
            await load_window_sums(connection, past, OEE_ELEMENTS, states),
            strict=True,
        )
    )


def _current(
    ids: Collection[int],
    stops: Sequence[OpenStop],
    silent: Mapping[int, list[str]],
    paths: Mapping[int, str],
    now_us: int,
) -> Document:
    own = [stop for stop in stops if stop.equipment_id in ids]
    connectors = {name for number in silent if number in ids for name in silent[number]}
    worst = stop_document(own[0], paths[own[0].equipment_id], now_us) if own else None
    return {
        "open_stops": len(own),
        "worst_stop": worst,
        "silent_connectors": sorted(connectors),
    }


async def _measure_targets(
    connection: ReadConnection, tree: EquipmentTree, targets: Sequence[StoredTarget], now_us: int
) -> dict[str, list[Document]]:
    """Return targets of exactly one equipment, by its path."""
    by_path: dict[str, list[Document]] = {}
    for target in targets:
        if len(target.definition.under) != 1:
            continue
        measured = await measure_target(connection, tree, target, now_us)
        by_path.setdefault(target.definition.under[0], []).append(
            {
                "key": target.key,
                "goal": target.definition.path.goal,
                "due_on": target.definition.path.due_on,
                "state": measured.status.state.value,
                "headline": measured.headline,
                **{name: getattr(measured.status, name) for name in _TARGET_FIELDS},
            }
        )
    return by_path
