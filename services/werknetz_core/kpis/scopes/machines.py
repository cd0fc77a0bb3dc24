"""KPI values of equipment of any level: sums over its machines, one statement per equipment.

Designed for polling: path, zone and calendar are in memory, the ETag is in Redis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.definition import EQUIPMENT, Kpi
from werknetz.kpi.elements import GATES
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.store.queries.kpi_sums import MACHINE_SUMS
from werknetz.store.session import ReadConnection
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of, windows_of
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.facts import FACT_NAMES, FactQuery, FactSums, load_fact_sums
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums, definition_versions

_QUALITY_ELEMENTS: Final = frozenset(
    {"pbt_s", "unknown_s", "pot_s", "off_shift_s", "quantity_known_s", "plan_known_s"}
    | {"late_samples", "samples"}
)


class EquipmentScope:
    subject = EQUIPMENT

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        targets = []
        for path in query.names:
            node = await context.tree.find_node(path, principal)
            tree = await context.tree.current()
            time = time_context_of(context, tree, node, query.tz)
            span = parse_span(query.start, query.end, time).to_buckets()
            targets.append(QueryTarget(node.path, tree.ids_below.get(node.path, []), span, time))
        return targets

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        """Return an ETag of watermarks, spans, definitions, equipment and calendars.

        None where facts are summed: they increment no watermark, so each poll is computed.
        """
        if not FACT_NAMES.isdisjoint(element_names(query.kpis)):
            return None
        tree = await context.tree.current()
        facts = (
            tree.version,
            definition_versions(query),
            query.granularity,
            query.divisor.value,
            query.list_params,
            [
                (target.span.start_us, target.span.end_us, target.time.zone.key)
                for target in targets
            ],
        )
        paths = [target.name for target in targets]
        return await context.watermarks.etag_of(paths, facts, targets[0].time.now_us)

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return windows_of(query.granularity, target.span, target.time)

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        names = element_names(kpis)
        async with context.database.acquire() as connection:
            return [
                _add_facts(
                    await _load_sums(connection, target, windows, names - FACT_NAMES),
                    await load_fact_sums(
                        connection, FactQuery(target.ids, windows, target.time.now_us),
                        names & FACT_NAMES,
                    ),
                )
                for target, windows in targets
            ]  # fmt: skip


async def _load_sums(
    connection: ReadConnection,
    target: QueryTarget,
    windows: Sequence[Window],
    names: frozenset[str],
) -> dict[int, WindowSums]:
    rows = await connection.fetch(
        _sums_statement(names),
        target.ids,
        [instant_of(window.start_us) for window in windows],
        [instant_of(window.end_us) for window in windows],
    )
    return {
        row["n"]: WindowSums(
            EquipmentElements(**{name: row[name] for name in names}),
            row["computed_at"],
            bool(row["provisional"]),
        )
        for row in rows
    }


def _add_facts(sums: dict[int, WindowSums], facts: FactSums) -> dict[int, WindowSums]:
    """Add the sums of facts; a window may have facts without anything that a worker computed."""
    for number, values in facts.items():
        stored = sums.get(number, WindowSums(EquipmentElements()))
        sums[number] = replace(stored, elements=replace(stored.elements, **values))
    return sums


def element_names(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the elements to sum: the inputs of the formulas, and those of data quality."""
    names = _QUALITY_ELEMENTS.union(*(kpi.inputs for kpi in kpis))
    known = {kpi.quantity_known for kpi in kpis if kpi.quantity_known is not None}
    return names | known | {GATES[name] for name in names if name in GATES}


@lru_cache(maxsize=256)
def _sums_statement(names: frozenset[str]) -> str:
    # Sorted, so that equal sets give the same prepared statement.
    columns = (f"sum(e.{name}) AS {name}" for name in sorted(names))
    return MACHINE_SUMS.format(sums=", ".join(columns))
