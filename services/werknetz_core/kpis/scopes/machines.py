"""KPI values of equipment of any level: sums over its machines, from roll-ups.

Designed for polling: path, zone and calendar are in memory, the ETag is in Redis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import EQUIPMENT, Kpi
from werknetz.kpi.elements import GATES
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.store.session import ReadConnection
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.kpi_catalogue import require_level
from werknetz_core.context.time_spec import parse_instant, parse_span, shift_fields
from werknetz_core.context.windows import FIVE_MINUTES, time_context_of, windows_of
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.polled_sums import LastStates, load_polled_sums
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.facts import FACT_NAMES, FactQuery, FactSums, load_fact_sums
from werknetz_core.kpis.scopes.five_minutes import (
    is_divided,
    load_divided_sums,
    refuse_more_than_division,
)
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums, definition_versions
from werknetz_core.kpis.window_sums import SumQuery, load_sums_as_of, load_window_sums

_QUALITY_ELEMENTS: Final = frozenset(
    {"pbt_s", "unknown_s", "pot_s", "off_shift_s", "quantity_known_s", "plan_known_s"}
    | {"late_samples", "samples"}
)


class EquipmentScope:
    subject = EQUIPMENT

    def __init__(self) -> None:
        self._last_states = LastStates()

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        tree = await context.tree.current()
        targets: list[QueryTarget] = []
        for path in query.names:
            node = await context.tree.find_node(path, principal)
            for kpi in query.kpis:
                require_level(kpi, node.level)
            tree = await context.tree.current()
            scopes = tree.shift_scopes(node.path) if _names_shifts(query) else []
            if len(scopes) > 1 or (scopes and scopes[0].path != node.path):
                targets += _shift_targets(query, context, tree, scopes)
            else:
                targets.append(_target(query, context, tree, node))
        return targets

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Return an ETag of watermarks, spans, definitions, equipment and calendars.

        None where facts are summed: they increment no watermark, so each poll is computed.
        """
        if not FACT_NAMES.isdisjoint(element_names(query.kpis)):
            return None
        if query.grouping is not None and query.grouping.dimension == "product":
            return None  # the product of an order increments no watermark
        tree = await context.tree.current()
        facts = (
            tree.version,
            definition_versions(query),
            query.granularity,
            query.rolling,
            query.divisor.value,
            query.list_params,
            query.grouping,
            [
                (
                    target.span.start_us,
                    target.span.end_us,
                    target.time.zone.key,
                    target.as_of_us,
                    shift_fields(target.span.shift, target.time),
                )
                for target in targets
            ],
        )
        paths = [target.name for target in targets]
        return await context.watermarks.etag_of(paths, facts, targets[0].time.now_us)

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        if query.granularity == FIVE_MINUTES:
            refuse_more_than_division(query, target)
        windows = windows_of(query.granularity, target.span, target.time, with_five_minutes=True)
        length_us = query.rolling_us
        if length_us is None:
            return windows
        return [replace(window, start_us=window.end_us - length_us) for window in windows]

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        names = element_names(kpis)
        if any(is_divided(windows) for _, windows in targets):
            async with context.database.snapshot() as connection:
                return [
                    await load_divided_sums(connection, target, windows, names) if windows else {}
                    for target, windows in targets
                ]
        tree = await context.tree.current()
        queries = [
            SumQuery(tree.nodes[target.name].id, target.ids, windows) for target, windows in targets
        ]
        as_of_us = targets[0][0].as_of_us  # of the query, so the same for each target
        if as_of_us is None and FACT_NAMES.isdisjoint(names):
            rows_of_targets = await load_polled_sums(
                context.database, queries, names, self._last_states
            )
            return [
                {n: _window_sums(row, names) for n, row in rows.items()} for rows in rows_of_targets
            ]
        async with context.database.snapshot() as connection:
            sums = (
                await load_window_sums(connection, queries, names - FACT_NAMES)
                if as_of_us is None
                else await load_sums_as_of(connection, queries, names - FACT_NAMES, as_of_us)
            )
            to_sums = _window_sums if as_of_us is None else _sums_as_of
            return [
                _add_facts(
                    {n: to_sums(row, names - FACT_NAMES) for n, row in rows.items()},
                    await _load_facts(connection, target, windows, names & FACT_NAMES),
                )
                for (target, windows), rows in zip(targets, sums, strict=True)
            ]


def _names_shifts(query: KpiQuery) -> bool:
    texts = (query.start, query.end or "")
    return query.granularity == "shift" or any(t.strip().startswith("shift:") for t in texts)


def _target(
    query: KpiQuery, context: AppContext, tree: EquipmentTree, node: EquipmentNode
) -> QueryTarget:
    time = time_context_of(context, tree, node, query.tz)
    span = parse_span(query.start, query.end, time).to_buckets()
    as_of_us = None if query.as_of is None else parse_instant(query.as_of, "as_of", time)
    return QueryTarget(node.path, tree.ids_below.get(node.path, []), span, time, as_of_us)


def _shift_targets(
    query: KpiQuery, context: AppContext, tree: EquipmentTree, scopes: Sequence[EquipmentNode]
) -> list[QueryTarget]:
    """Return a target for each plant with its own shifts; one that has had none is left out."""
    targets: list[QueryTarget] = []
    problem: Problem | None = None
    for node in scopes:
        try:
            targets.append(_target(query, context, tree, node))
        except Problem as error:
            if error.code != "no_such_shift":
                raise
            problem = error
    if not targets and problem is not None:
        raise problem
    return targets


async def _load_facts(
    connection: ReadConnection,
    target: QueryTarget,
    windows: Sequence[Window],
    names: frozenset[str],
) -> FactSums:
    as_of = None if target.as_of_us is None else instant_of(target.as_of_us)
    now_us = target.time.now_us
    if all(a.end_us <= b.start_us for a, b in pairwise(windows)):
        query = FactQuery(target.ids, windows, now_us, as_of)
        return await load_fact_sums(connection, query, names)
    facts: FactSums = {}
    for number, window in enumerate(windows, start=1):  # rolling windows overlap
        query = FactQuery(target.ids, [window], now_us, as_of)
        for values in (await load_fact_sums(connection, query, names)).values():
            facts[number] = values
    return facts


def _window_sums(row: asyncpg.Record, names: frozenset[str]) -> WindowSums:
    return WindowSums(
        EquipmentElements(**{name: row[name] for name in names}),
        row["computed_at"],
        bool(row["provisional"]),
    )


def _sums_as_of(row: asyncpg.Record, names: frozenset[str]) -> WindowSums:
    """Build sums as they were known at an instant: null is what was not recorded then."""
    recorded = frozenset(name for name in names if row[name] is not None)
    return replace(_window_sums(row, recorded), not_recorded=names - recorded)


def _add_facts(sums: dict[int, WindowSums], facts: FactSums) -> dict[int, WindowSums]:
    """Add the sums of facts; a window may have facts without anything that a worker computed."""
    for number, values in facts.items():
        stored = sums.get(number, WindowSums(EquipmentElements()))
        sums[number] = replace(stored, elements=replace(stored.elements, **values))
    return sums


def element_names(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the elements to sum: the inputs of the formulas, and those of data quality."""
    names = _QUALITY_ELEMENTS.union(*(kpi.inputs for kpi in kpis))
    shares = {kpi.quantity_known for kpi in kpis if kpi.quantity_known is not None}
    return names | shares | {GATES[name] for name in names if name in GATES}
