"""The definition record of a KPI: the fields of ISO 22400-2 beside its formula."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.definition import Kpi
from werknetz.kpi.records.history import HISTORY, FormerFormula
from werknetz.kpi.records.texts import TEXTS

ALL_METHODOLOGIES: Final = ("discrete", "batch", "continuous")
_OF_ALL: Final = 19
"""KPIs from this number on, about capability, energy, material and maintenance, need no items."""


@dataclass(frozen=True, slots=True)
class KpiRecord:
    name_de: str
    name_en: str
    effect_model: str
    notes: str
    methodology: Sequence[str]  # discrete, batch, continuous
    origin: str  # iso_22400, werknetz, own
    former: Sequence[FormerFormula]  # of the catalogue; own KPIs have their stored versions


def record_of(kpi: Kpi) -> KpiRecord:
    if kpi.own is not None:
        own = kpi.own
        return KpiRecord(
            own.name_de, own.name_en, own.effect_model, own.notes, kpi.methodology, "own", ()
        )
    text = TEXTS[kpi.name]
    origin = "werknetz" if kpi.number is None else "iso_22400"
    return KpiRecord(
        text.name_de, text.name_en, text.effect_model, text.notes,
        ALL_METHODOLOGIES if (kpi.number or 0) >= _OF_ALL else kpi.methodology, origin,
        HISTORY.get(kpi.name, ()),
    )  # fmt: skip
