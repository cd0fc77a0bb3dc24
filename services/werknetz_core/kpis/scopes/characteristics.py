"""KPI values of measured characteristics: capability, from measurements and their limits.

A characteristic is named by its machine and its name: `nordwerk/emden-1/body/line-2/press-3:bore`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werknetz.domain.bucket import TIME_MAX_US, instant_of
from werknetz.domain.window import Window
from werknetz.kpi.additive import element_names
from werknetz.kpi.definition import Kpi
from werknetz.kpi.facts.capability import CHARACTERISTIC, SUBGROUP, CharacteristicElements
from werknetz.store.kpis.kpi_facts import (
    CHARACTERISTIC_SUMS,
    CHARACTERISTICS,
    HAS_CHARACTERISTIC,
)
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import parse_span
from werknetz_core.context.windows import time_context_of, windows_of
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.scope import (
    QueryTarget,
    WindowSums,
    columns_of_rows,
    unknown_target,
)

SEPARATOR: Final = ":"
_NAMES: Final = element_names(CharacteristicElements)


class CharacteristicScope:
    subject = CHARACTERISTIC

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        targets = []
        for name in query.names:
            path, separator, characteristic = name.partition(SEPARATOR)
            if not separator or not characteristic:
                raise invalid_parameter(
                    "characteristic",
                    Sentence("kpis.no_characteristic", name=name),
                    Sentence("kpis.characteristic_form"),
                )
            node = await context.tree.find_node(path, principal)
            await _require_characteristic(context, node.path, node.id, characteristic)
            time = time_context_of(context, await context.tree.current(), node, query.tz)
            span = parse_span(query.start, query.end, time)
            targets.append(QueryTarget(name, [node.id], span, time))
        return targets

    async def compute_etag(
        self,
        query: KpiQuery,  # noqa: ARG002 - as in the protocol
        targets: Sequence[QueryTarget],  # noqa: ARG002 - as in the protocol
        context: AppContext,  # noqa: ARG002 - as in the protocol
    ) -> str | None:
        """Return None: measurements increment no watermark, so each poll is computed."""
        return None

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return windows_of(query.granularity, target.span, target.time)

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],  # noqa: ARG002 - one statement serves all KPIs
    ) -> list[Mapping[int, WindowSums]]:
        machines = [
            (number, target.ids[0], target.name.partition(SEPARATOR)[2])
            for number, (target, _) in enumerate(targets)
        ]
        windows = [
            (number, instant_of(window.start_us), instant_of(window.end_us))
            for number, (_, windows) in enumerate(targets)
            for window in windows
        ]
        rows = await context.database.fetch(
            CHARACTERISTIC_SUMS, *columns_of_rows(machines, 3), *columns_of_rows(windows, 3),
            instant_of(TIME_MAX_US), SUBGROUP,
        )  # fmt: skip
        summed: list[dict[int, WindowSums]] = [{} for _ in targets]
        for row in rows:
            elements = CharacteristicElements(**{name: row[name] for name in _NAMES})
            summed[row["part"]][row["n"]] = WindowSums(elements)
        return list(summed)


async def list_characteristics(context: AppContext, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the characteristics of the machines, by path and name."""
    rows = await context.database.fetch(CHARACTERISTICS, list(ids))
    return [
        {**row, "name": f"{row['equipment']}{SEPARATOR}{row['characteristic']}"} for row in rows
    ]


async def _require_characteristic(
    context: AppContext, path: str, equipment_id: int, characteristic: str
) -> None:
    if await context.database.fetchval(HAS_CHARACTERISTIC, equipment_id, characteristic):
        return
    name = f"{path}{SEPARATOR}{characteristic}"
    existing = [row["name"] for row in await list_characteristics(context, [equipment_id])]
    raise unknown_target("characteristic", name, existing)
