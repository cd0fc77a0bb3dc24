"""The factors of energy carriers behind a value: what a unit of each meter counted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werknetz.kpi.definition import Kpi
from werknetz.kpi.elements import Elements
from werknetz.store.elements.energy import FACTORS_IN_SPAN
from werknetz.store.session import Database
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
) -> list[str]:
    """Return which factors held, and how much energy no machine explains."""
    sentences = [
        f"Since {row['valid_from'].isoformat(timespec='minutes')} a {row['unit']} of"
        f" {row['carrier']} counts {row['kwh_per_unit']:,.6g} kWh"
        + (
            ""
            if row["co2_kg_per_unit"] is None
            else f" and {row['co2_kg_per_unit']:,.6g} kg of CO2"
        )
        + f" at {row['equipment']}"
        + (", and is subtracted: it is delivered to others." if row["delivered"] else ".")
        for row in factors
    ]
    if elements.get("energy_unallocated_kwh"):
        sentences.append(
            f"{total.energy_unallocated_kwh:,.6g} kWh were measured by meters above machines only."
        )
    return sentences
