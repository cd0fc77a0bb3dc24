"""The factors of energy carriers behind a value: what a unit of each meter counted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.elements.energy import FACTORS_IN_SPAN
from werknetz.store.session import Database
from werknetz.texts.sentence import Sentence
from werknetz_core.kpis.explanation.trace import TraceSpan

_INPUTS: Final = frozenset({"energy_of_pq_kwh", "co2_of_pq_kg"})


async def load_factors(
    database: Database, kpi: Kpi, path: str, ids: Sequence[int], span: TraceSpan
) -> list[dict[str, Any]]:
    """Return the entries of the carriers that meters count; none for a KPI without energy."""
    if _INPUTS.isdisjoint(kpi.inputs):
        return []
    rows = await database.fetch(FACTORS_IN_SPAN, list(ids), path, span.start, span.end)
    return [dict(row) for row in rows]


def factor_sentences(
    factors: Sequence[Mapping[str, Any]], elements: Mapping[str, float | None], total: Elements
) -> list[Sentence]:
    """Return which factors held, and how much energy no machine explains."""
    sentences = [_factor_sentence(row) for row in factors]
    if elements.get("energy_unallocated_kwh"):
        sentences.append(Sentence("explanation.unallocated", kwh=total.energy_unallocated_kwh))
    return sentences


def _factor_sentence(row: Mapping[str, Any]) -> Sentence:
    co2 = row["co2_kg_per_unit"]
    return Sentence(
        "explanation.factor",
        since=row["valid_from"].isoformat(timespec="minutes"),
        unit=row["unit"],
        carrier=row["carrier"],
        kwh=row["kwh_per_unit"],
        co2="" if co2 is None else Sentence("explanation.co2", co2=co2),
        equipment=row["equipment"],
        delivered=Sentence("explanation.delivered") if row["delivered"] else "",
    )
