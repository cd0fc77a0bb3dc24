"""KPI values: elements summed over a scope and a window, then formulas.

Values of different scopes and periods agree because ratios are never averaged.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.rollup import HOUR_US
from werknetz.domain.window import Window
from werknetz.kpi.additive import AdditiveElements
from werknetz.kpi.definition import EQUIPMENT, Divisor, Kpi
from werknetz.kpi.elements import Elements
from werknetz.kpi.facts.capability import CharacteristicElements, critical_sides
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_local, shift_fields
from werknetz_core.context.windows import (
    FIVE_MINUTES,
    WINDOWS_MAX,
    effective_granularity,
    query_too_large,
)
from werknetz_core.kpis.groups.by_order import require_products
from werknetz_core.kpis.groups.loading import GroupedSums, load_grouped_sums
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.registry import SCOPES
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums
from werknetz_core.limits.weight import Reads
from werknetz_core.texts.reasons import reason_code_of, write_reason

_NO_DATA: Final = "no data"
NOT_RECORDED: Final = "not recorded then: the version of that time did not have its inputs"
_VALUES_PER_TURN: Final = 25  # about a millisecond; then other requests have a turn
_WINDOWS_PER_TURN: Final = 25
_DAY_US: Final = 86_400_000_000
_EDGE_HOURS_MAX: Final = 2 * 23
_EDGE_BUCKETS_MAX: Final = 2 * 3


@dataclass(frozen=True, slots=True)
class KpiPlan:
    """A query with the windows of each target: what it will read and compute."""

    query: KpiQuery
    divided: Sequence[tuple[QueryTarget, Sequence[Window]]]

    async def reads(self, context: AppContext) -> Reads:
        """Return what it reads; before the first data there is nothing to read."""
        first_us = await context.admission.history_start_us(context.database)
        windows = sum(len(windows) for _, windows in self.divided)
        values = windows * len(self.query.kpis)
        if first_us is None:
            return Reads(values=values)
        now_us = context.now_us()
        rows = 0
        for target, own in self.divided:
            spans = [max(0, min(w.end_us, now_us) - max(w.start_us, first_us)) for w in own]
            if self._sums_buckets:
                rows += len(target.ids) * sum(spans) // BUCKET_US
            else:  # quarters of an hour, hours and days of all equipment are stored as sums
                rows += len(own) + sum(spans) // _DAY_US
                if self.query.rolling is not None:
                    rows += sum(map(_rows_at_edges, spans))
        return Reads(rows, values)

    @property
    def _sums_buckets(self) -> bool:
        query = self.query
        return (
            query.granularity == FIVE_MINUTES
            or query.as_of is not None
            or query.grouping is not None
        )


def _rows_at_edges(span_us: int) -> int:
    """Return the hours and quarters of an hour before and after the days of a rolling window."""
    return min(_EDGE_HOURS_MAX, span_us // HOUR_US) + min(_EDGE_BUCKETS_MAX, span_us // BUCKET_US)


async def find_targets(
    query: KpiQuery, context: AppContext, principal: Principal
) -> list[QueryTarget]:
    """Return the targets that the query names; raise a Problem for what is wrong with it."""
    targets = await SCOPES[query.scope].load_targets(query, context, principal)
    if query.grouping is not None and query.grouping.dimension == "product":
        visible = (await context.tree.current()).visible_ids(principal)
        await require_products(context, query.grouping.names, visible)
    return targets


async def compute_etag(
    query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
) -> str | None:
    return await SCOPES[query.scope].compute_etag(query, targets, context)


async def plan_values(query: KpiQuery, targets: Sequence[QueryTarget]) -> KpiPlan:
    """Divide the query into windows; raise 422 for more values than an answer has."""
    scope = SCOPES[query.scope]
    divided: list[tuple[QueryTarget, Sequence[Window]]] = []
    values = since_turn = 0
    for target in targets:
        windows = scope.windows_of(query, target)
        divided.append((target, windows))
        values += len(windows) * len(query.kpis)
        if values > WINDOWS_MAX:
            raise query_too_large("values")
        since_turn += len(windows)
        if since_turn >= _WINDOWS_PER_TURN:  # cutting them takes time: other requests have a turn
            since_turn = 0
            await asyncio.sleep(0)
    return KpiPlan(query, divided)


async def compute_values(plan: KpiPlan, context: AppContext) -> dict[str, object]:
    query, divided = plan.query, plan.divided
    scope = SCOPES[query.scope]
    summed = await scope.load_sums(context, divided, query.kpis)
    groups: GroupedSums | None = None
    if query.grouping is not None:
        groups = await load_grouped_sums(context, divided, summed, query.grouping, query.kpis)
    items: list[dict[str, object]] = []
    since_turn = 0
    for n, (target, windows) in enumerate(divided):
        for number, window in enumerate(windows, start=1):
            parts = [summed[n].get(number)] if groups is None else groups[n][number]
            for sums in parts:
                items += _value_items(query, target, window, sums)
                since_turn += len(query.kpis)
                if since_turn >= _VALUES_PER_TURN:
                    since_turn = 0
                    await asyncio.sleep(0)
    if len(items) > WINDOWS_MAX:
        raise query_too_large("values")
    return {
        "items": items,
        "ranges": [_range_fields(query, target, windows) for target, windows in divided],
        "granularity": effective_granularity(
            query.granularity, with_five_minutes=query.subject is EQUIPMENT
        ),
        **({} if query.rolling is None else {"rolling": query.rolling}),
        **({} if query.grouping is None else {"group_by": query.grouping.dimension}),
        "source": "elements",
        "no_data": not any(summed),
    }


def _value_items(
    query: KpiQuery, target: QueryTarget, window: Window, sums: WindowSums | None
) -> Iterator[dict[str, object]]:
    """Yield one value per KPI of a window."""
    zone = target.time.zone
    elements = query.subject.elements() if sums is None else sums.elements
    shared: dict[str, object] = {
        query.scope: target.name,
        "start": format_local(window.start_us, zone),
        "end": format_local(window.end_us, zone),
        "window": window.name,
        "coverage": elements.coverage,
        "late_share": elements.late_share,
        "provisional": window.end_us > target.time.now_us
        or (sums is not None and sums.provisional),
        "computed_at": None if sums is None else sums.computed_at,
        **({} if sums is None else sums.extra_fields),
    }
    for family in query.kpis:
        kpi = family.in_force_at(min(window.end_us, target.time.now_us) - 1)
        value, reason = (
            (None, _NO_DATA)
            if sums is None or sums.is_empty
            else kpi.compute(elements, divisor=query.divisor)
        )
        computed: dict[str, object] = {
            **shared,
            "kpi": kpi.name,
            "value": value,
            "reason": write_reason(reason),
            "unit": str(kpi.unit),
            "definition_version": kpi.version,
            "inputs": reported_inputs(kpi, elements),
            **judgement_fields(kpi, elements, query.divisor),
            "reason_code": reason_code_of(reason),
        }
        missing = () if sums is None else sums.not_recorded.intersection(kpi.inputs)
        yield _without(computed, missing) if missing else computed


def _without(computed: dict[str, object], missing: Collection[str]) -> dict[str, object]:
    """Return a value whose inputs were not recorded at the time of the query: there is none."""
    inputs = computed["inputs"]
    assert isinstance(inputs, dict)  # noqa: S101 - narrows what the caller has built
    unknown = {
        "value": None,
        "reason": write_reason(NOT_RECORDED),
        "inputs": inputs | dict.fromkeys(missing),
        "reason_code": reason_code_of(NOT_RECORDED),
    }
    judged = ("strict_value", "divisor", "quantity_share")
    return computed | unknown | {name: None for name in judged if name in computed}


def reported_inputs(kpi: Kpi, elements: AdditiveElements) -> dict[str, float | None]:
    """Return the inputs of a value; a quantity that nobody reports is None."""
    if isinstance(elements, Elements):
        return {name: elements.find_reported(name) for name in kpi.inputs}
    return {name: getattr(elements, name) for name in kpi.inputs}


def judgement_fields(
    kpi: Kpi, elements: AdditiveElements, divisor: Divisor
) -> dict[str, float | None]:
    """Return the strict value beside a value, its divisor, and how much could be judged."""
    if isinstance(elements, CharacteristicElements):
        return dict(
            zip(("lower_side", "upper_side"), critical_sides(kpi.name, elements), strict=True)
        )
    if not isinstance(elements, Elements):
        return {}
    known_s = kpi.quantity_known or "quantity_known_s"
    return {
        "strict_value": kpi.compute_strict(elements, divisor=divisor),
        "divisor": divisor.count_of(elements) if kpi.has_divisor else None,
        "state_share": elements.coverage,
        "quantity_share": elements.quantity_share(known_s),
        "plan_share": elements.plan_share,
    }


def _range_fields(
    query: KpiQuery, target: QueryTarget, windows: Sequence[Window]
) -> dict[str, object]:
    zone = target.time.zone
    return {
        query.scope: target.name,
        "start": format_local(windows[0].start_us if windows else target.span.start_us, zone),
        "end": format_local(windows[-1].end_us if windows else target.span.end_us, zone),
        "time_zone": zone.key,
        "shift": shift_fields(target.span.shift, target.time),
    }
