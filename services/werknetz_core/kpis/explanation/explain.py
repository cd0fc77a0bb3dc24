"""Why a KPI value is what it is: one answer that a person can follow, with links to what is finer.

The number itself is computed by the code that `kpi_values` uses, so both always agree.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.state import MachineState
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext, ReadSessionDep
from werknetz_core.context.time_spec import format_utc
from werknetz_core.kpis.explanation import trace
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.values import compute as values

MACHINES_SHOWN: Final = 25
_API: Final = "/api/v1"
_COUNTS: Final = {"produced": "pq", "good": "gq", "scrap": "sq", "rework": "rq"}
_QUALITY_ELEMENTS: Final = ("pbt_s", "unknown_s", "samples", "good_samples", "late_samples")
Document = dict[str, Any]


async def explain(
    query: KpiQuery, context: AppContext, session: ReadSessionDep, principal: Principal
) -> Document:
    """Return the answer in the form of ExplanationView. The query names one of each."""
    targets = await values.find_targets(query, context, principal)
    [target], [kpi] = targets, query.kpis
    answered = await values.compute(query, targets, context)
    [told], [where] = _rows(answered["items"]), _rows(answered["ranges"])
    tree = await context.tree.current()
    span = trace.Span(instant_of(target.span.start_us), instant_of(target.span.end_us))
    sums = await trace.load_sums_by_machine(context.database, target.ids, span)
    named = {node.id: node.path for node in tree.subtree(target.name) if node.id in sums}
    shown = sorted(named, key=named.__getitem__)[:MACHINES_SHOWN]
    behind = await trace.load_machine_trace(context.database, shown, span, sums)
    losses = await trace.load_data_losses(session, principal, list(named), span)
    links = _Links(format_utc(target.span.start_us), format_utc(target.span.end_us))
    machines = [_machine(n, named[n], behind, query, links) for n in shown]
    total = Elements.sum(Elements.of(row) for row in sums.values())
    document = {
        **{name: told[name] for name in told if name not in {"window", "definition_version"}},
        "time_zone": where["time_zone"],
        "definition": _definition(kpi),
        "elements": _elements(kpi, total),
        "machine_count": len(named),
        "machines": machines,
        "mappings": sorted({s["mapping"] for m in machines for s in m["signals"]}),
        **_losses(losses),
        "gaps_href": links.to("/gaps", connector=_connectors(machines)),
        "values_href": links.to("/kpi_values", equipment=target.name, kpi=kpi.name),
    }
    document.pop("inputs")
    return document | {"text": _explanation_text(document, total)}


class _Links:
    def __init__(self, start: str, end: str) -> None:
        self._span = {"start": start, "end": end}

    def to(self, path: str, **filters: object) -> str:
        return f"{_API}{quote(path)}?{urlencode({**filters, **self._span}, doseq=True)}"


def _rows(found: object) -> list[Document]:
    assert isinstance(found, list)  # noqa: S101 - narrows what `compute` returns
    return found


def _definition(kpi: Kpi) -> Document:
    names = ("name", "number", "description", "formula", "version")
    return {
        **{name: getattr(kpi, name) for name in names},
        "unit": kpi.unit.value,
        "href": f"{_API}/kpis/{kpi.name}",
    }


def _elements(kpi: Kpi, elements: Elements) -> dict[str, float]:
    return {
        name: getattr(elements, name) for name in dict.fromkeys((*kpi.inputs, *_QUALITY_ELEMENTS))
    }


def _machine(
    number: int, path: str, behind: trace.Machines, query: KpiQuery, links: _Links
) -> Document:
    elements = Elements.of(behind.sums[number])
    [kpi] = query.kpis
    value, reason = kpi.compute(elements, divisor=query.divisor)
    return {
        "equipment": path,
        "value": value,
        "reason": reason,
        "coverage": elements.coverage,
        "late_share": elements.late_share,
        "elements": _elements(kpi, elements),
        "states": [
            {
                "category": row["category"],
                "state": MachineState(row["state"]).label,
                "minutes": row["minutes"],
                "pieces": row["pieces"],
            }
            for row in behind.states.get(number, ())
        ],
        "counts": {word: getattr(elements, name) for word, name in _COUNTS.items()},
        "signals": [_signal(row, links) for row in behind.signals.get(number, ())],
        "states_href": links.to(f"/equipment/{path}/states"),
        "counts_href": links.to(f"/equipment/{path}/counts"),
    }


def _signal(row: asyncpg.Record, links: _Links) -> Document:
    names = ("id", "key", "role", "connector_id", "source", "mapping", "first_at", "last_at")
    return {
        **{name: row[name] for name in names},
        "sample_count": min(row["counted"], trace.COUNTED_MAX),
        "sample_count_is_complete": row["counted"] <= trace.COUNTED_MAX,
        "href": links.to(f"/signals/{row['id']}/samples"),
    }


def _losses(losses: trace.DataLosses) -> Document:
    def spans(rows: trace.Rows, *names: str) -> list[Document]:
        return [
            {**{n: row[n] for n in names}, "start": row["start_at"], "end": row["end_at"]}
            for row in rows
        ]

    bad = ("id", "connector_id", "source", "reason", "at")
    return {
        "gap_count": losses.gap_count,
        "gaps": spans(losses.gaps, "connector_id", "cause", "detail", "backfilled"),
        "outage_count": losses.outage_count,
        "outages": spans(losses.outages, "connector_id", "backfilled"),
        "quarantine_count": losses.quarantine_count,
        "quarantine": [
            {**{n: row[n] for n in bad}, "href": f"{_API}/quarantine/{row['id']}"}
            for row in losses.quarantine
        ],
    }


def _connectors(machines: Sequence[Document]) -> list[str]:
    return sorted({s["connector_id"] for machine in machines for s in machine["signals"]})


def _explanation_text(told: Document, total: Elements) -> list[str]:
    """Say the whole way in words, from the number down."""
    definition = told["definition"]
    number = f", number {definition['number']} of ISO 22400-2" if definition["number"] else ""
    inputs = ", ".join(
        f"{n} = {v:,.10g}" for n, v in told["elements"].items() if n not in _QUALITY_ELEMENTS
    )
    value = told["value"]
    said = f"has no value: {told['reason']}" if value is None else f"is {value:.6g} {told['unit']}"
    found = [
        (
            f"{told['kpi']}{number}, of {told['equipment']} from {told['start']} to {told['end']}"
            f" {said}."
        ),
        f"Formula, version {definition['version']}: {definition['formula']}.",
        (
            f"It is taken over sums: {inputs}, of {told['machine_count']} machines"
            f" with {total.pbt_s / 60:,.1f} minutes of planned busy time."
        ),
    ]
    if told["coverage"] is not None:
        found.append(
            f"Of this time {told['coverage']:.1%} are known; {total.unknown_s / 60:,.1f} minutes"
            f" are not. Gaps in the span: {told['gap_count']}; silent connectors:"
            f" {told['outage_count']}; entries in quarantine: {told['quarantine_count']}."
        )
    late = f"; {told['late_share']:.1%} came late" if told["late_share"] else ""
    mappings = ", ".join(told["mappings"]) or "none"
    found.append(f"Behind it are {total.samples:,.0f} samples{late}. Mappings: {mappings}.")
    if told["provisional"]:
        found.append("It is provisional: not all of the time has passed or settled.")
    computed: datetime | None = told["computed_at"]
    if computed is not None:
        found.append(f"Last computed {computed.isoformat(timespec='seconds')}.")
    return found
