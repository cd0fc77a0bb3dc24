"""Explanation of a KPI value for people, with links to the details.

The value is computed by the code behind `kpi_values`, so both always agree.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.state import MachineState
from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.session import ReadSession
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_utc
from werknetz_core.kpis.explanation import trace
from werknetz_core.kpis.explanation.doubts import load_doubts, sentences_of
from werknetz_core.kpis.explanation.energy import factor_sentences, load_factors
from werknetz_core.kpis.explanation.parts import load_parts
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.scope import QueryTarget
from werknetz_core.kpis.values import compute
from werknetz_core.kpis.values.compute import NOT_RECORDED, judgement_fields
from werknetz_core.limits.reading import reading, reads_of_machines
from werknetz_core.texts.reasons import reason_code_of, write_reason

_API: Final = "/api/v1"
_COUNTS: Final = {"produced": "pq", "good": "gq", "scrap": "sq", "rework": "rq"}
_QUALITY_ELEMENTS: Final = ("pbt_s", "unknown_s", "samples", "good_samples", "late_samples")
Document = dict[str, Any]


async def explain(
    query: KpiQuery, context: AppContext, session: ReadSession, principal: Principal
) -> Document:
    """Return an ExplanationView as a document. The query has one target and one KPI."""
    targets = await compute.find_targets(query, context, principal)
    [target] = targets
    span = target.span
    reads = await reads_of_machines(context, 2 * len(target.ids), span.start_us, span.end_us)
    async with reading(context, principal, reads) as context_of_reads:
        return await _explain(query, context_of_reads, session, principal, targets)


async def _explain(
    query: KpiQuery, context: AppContext, session: ReadSession, principal: Principal,
    targets: Sequence[QueryTarget],
) -> Document:  # fmt: skip
    [target], [kpi] = targets, query.kpis
    kpi = kpi.in_force_at(min(target.span.end_us, target.time.now_us) - 1)
    query = replace(query, kpis=(kpi,))
    response = await compute.compute_values(await compute.plan_values(query, targets), context)
    [value], [covered] = _documents(response["items"]), _documents(response["ranges"])
    tree = await context.tree.current()
    as_of = None if target.as_of_us is None else instant_of(target.as_of_us)
    span = trace.TraceSpan(instant_of(target.span.start_us), instant_of(target.span.end_us), as_of)
    parts = await load_parts(context, tree, target, kpi)
    paths, total = parts.paths, parts.total
    traces = await trace.load_machine_traces(
        context.database, list(parts.machines), span, parts.order_number
    )
    losses = await trace.load_data_losses(session, principal, list(paths), span)
    of_machines = {id_: (paths[id_], elements) for id_, elements in parts.sums.items()}
    doubts = await load_doubts(context.database, span, kpi, of_machines)
    factors = await load_factors(context.database, kpi, target.name, target.ids, span)
    links = _Links(target)
    machines = [
        _machine(id_, paths[id_], elements, traces, query, value, links)
        for id_, elements in parts.machines.items()
    ]
    omitted = {"window", "definition_version", "inputs"}
    document = {
        **{name: value[name] for name in value if name not in omitted},
        "time_zone": covered["time_zone"],
        "definition": _definition(kpi),
        "elements": _elements(kpi, total),
        "doubts": doubts,
        "energy_carriers": factors,
        "machine_count": len(paths),
        "machines": machines,
        "mappings": sorted({s["mapping"] for m in machines for s in m["signals"]}),
        **_losses(losses),
        "gaps_href": links.to("/gaps", connector=_connectors(machines)),
        "values_href": links.to_known("/kpi_values", **{query.scope: target.name}, kpi=kpi.name),
    }
    return document | {
        "text": [write_text(text) for text in _sentences(document, total, query.scope)]
    }


class _Links:
    def __init__(self, target: QueryTarget) -> None:
        span = target.span
        self._span = {"start": format_utc(span.start_us), "end": format_utc(span.end_us)}
        # Of what has a history; samples and gaps have none.
        self._history = {} if target.as_of_us is None else {"as_of": format_utc(target.as_of_us)}

    def to(self, path: str, **filters: object) -> str:
        return f"{_API}{quote(path)}?{urlencode({**filters, **self._span}, doseq=True)}"

    def to_known(self, path: str, **filters: object) -> str:
        return self.to(path, **filters, **self._history)


def _documents(items: object) -> list[Document]:
    assert isinstance(items, list)  # noqa: S101 - narrows what `compute_values` returns
    return items


def _definition(kpi: Kpi) -> Document:
    names = ("name", "number", "description", "formula", "version")
    return {
        **{name: getattr(kpi, name) for name in names},
        "unit": str(kpi.unit),
        "href": f"{_API}/kpis/{kpi.name}",
    }


def _elements(kpi: Kpi, elements: Elements) -> dict[str, float | None]:
    """Return the inputs and what shows their quality; null: a quantity that nobody reports."""
    names = dict.fromkeys((*kpi.inputs, *_QUALITY_ELEMENTS))
    return {name: elements.find_reported(name) for name in names}


def _machine(
    machine_id: int,
    path: str,
    elements: Elements,
    traces: trace.MachineTraces,
    query: KpiQuery,
    whole: Document,
    links: _Links,
) -> Document:
    [kpi] = query.kpis
    value, reason = kpi.compute(elements, divisor=query.divisor)
    if whole["reason_code"] == reason_code_of(NOT_RECORDED):
        value, reason = None, NOT_RECORDED
    return {
        "equipment": path,
        "value": value,
        "reason": write_reason(reason),
        **judgement_fields(kpi, elements, query.divisor),
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
            for row in traces.states.get(machine_id, ())
        ],
        "counts": {count: elements.find_reported(name) for count, name in _COUNTS.items()},
        "signals": [_signal(row, links) for row in traces.signals.get(machine_id, ())],
        "states_href": links.to_known(f"/equipment/{path}/states"),
        "counts_href": links.to_known(f"/equipment/{path}/counts"),
    }


def _signal(row: asyncpg.Record, links: _Links) -> Document:
    names = (
        "id", "key", "role", "carrier", "unit", "connector_id", "source", "mapping", "first_at",
        "last_at",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "sample_count": min(row["counted"], trace.SAMPLES_MAX),
        "sample_count_is_complete": row["counted"] <= trace.SAMPLES_MAX,
        "href": links.to(f"/signals/{row['id']}/samples"),
    }


def _losses(losses: trace.DataLosses) -> Document:
    def spans(rows: trace.Rows, *names: str) -> list[Document]:
        return [
            {**{n: row[n] for n in names}, "start": row["start_at"], "end": row["end_at"]}
            for row in rows
        ]

    names = ("id", "connector_id", "source", "reason", "at")
    return {
        "gap_count": losses.gap_count,
        "gaps": spans(losses.gaps, "connector_id", "cause", "detail", "backfilled"),
        "outage_count": losses.outage_count,
        "outages": spans(losses.outages, "connector_id", "backfilled"),
        "quarantine_count": losses.quarantine_count,
        "quarantine": [
            {**{n: row[n] for n in names}, "href": f"{_API}/quarantine/{row['id']}"}
            for row in losses.quarantine
        ],
    }


def _connectors(machines: Sequence[Document]) -> list[str]:
    return sorted({s["connector_id"] for machine in machines for s in machine["signals"]})


def _sentences(document: Document, total: Elements, scope: str) -> list[Sentence]:
    """Return the explanation in sentences, from the value down to the samples."""
    sentences = [*_value_sentences(document, total, scope), *_time_sentences(document, total)]
    late: str = ""
    if document["late_share"]:
        late = Sentence("explanation.late", share=document["late_share"])
    mappings = document["mappings"] or Sentence("explanation.no_mappings")
    sentences.append(
        Sentence("explanation.source", samples=total.samples, late=late, mappings=mappings)
    )
    sentences += factor_sentences(document["energy_carriers"], document["elements"], total)
    sentences += sentences_of(document["doubts"])
    if document["provisional"]:
        sentences.append(Sentence("explanation.provisional"))
    computed: datetime | None = document["computed_at"]
    if computed is not None:
        at = computed.isoformat(timespec="seconds")
        sentences.append(Sentence("explanation.computed", at=at))
    return sentences


def _value_sentences(document: Document, total: Elements, scope: str) -> list[Sentence]:
    definition = document["definition"]
    number: str = ""
    if definition["number"]:
        number = Sentence("explanation.number", number=definition["number"])
    subject = document[scope]
    if scope != "equipment":
        subject = Sentence("explanation.subject", scope=scope, name=subject)
    inputs = [
        Sentence("explanation.input_not_reported", name=name)
        if element is None
        else Sentence("explanation.input", name=name, value=element)
        for name, element in document["elements"].items()
        if name not in _QUALITY_ELEMENTS
    ]
    value = document["value"]
    result = (
        Sentence("explanation.has_no_value", reason=document["reason"])
        if value is None
        else Sentence("explanation.has_value", value=value, unit=document["unit"])
    )
    return [
        Sentence(
            "explanation.value", kpi=document["kpi"], number=number, subject=subject,
            start=document["start"], end=document["end"], result=result,
        ),
        Sentence(
            "explanation.formula", version=definition["version"], formula=definition["formula"]
        ),
        Sentence(
            "explanation.sums", inputs=inputs, machines=document["machine_count"],
            minutes=total.pbt_s / 60,
        ),
    ]  # fmt: skip


def _time_sentences(document: Document, total: Elements) -> list[Sentence]:
    """Return what is to say of unknown time and of the divisor of times."""
    sentences = []
    strict = document["strict_value"]
    if strict is not None and strict != document["value"]:
        sentences.append(Sentence("explanation.strict_value", value=strict, unit=document["unit"]))
    if document["divisor"] is not None:
        sentences.append(Sentence("explanation.divisor", divisor=document["divisor"]))
    if document["coverage"] is not None:
        sentences.append(
            Sentence(
                "explanation.coverage", share=document["coverage"], minutes=total.unknown_s / 60,
                gaps=document["gap_count"], outages=document["outage_count"],
                quarantine=document["quarantine_count"],
            )
        )  # fmt: skip
    return sentences
