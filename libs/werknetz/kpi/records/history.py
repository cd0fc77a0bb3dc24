"""How formulas of the catalogue changed: earlier versions by KPI, the oldest first.

Values are always computed by the newest formula, also of past periods, so that a series is
comparable; `definition_version` of each value says which that is.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class FormerFormula(NamedTuple):
    """A formula that is no longer in use."""

    version: int
    formula: str
    last_release: str  # in which it was in use
    why: str


_BY_FACTORS: Final = (
    "of a mix or a group the factors were computed apart: products that are all scrap made the "
    "value far too high, and machines without planned run time counted as losses"
)
_UNKNOWN: Final = "time of unknown state was a loss; it is one in `strict_value` only"
_NOT_REPORTED: Final = "a quantity that nobody reports counted as 0; SQ = PQ - GQ where two count"


def _first(formula: str, why: str) -> tuple[FormerFormula, ...]:
    return (FormerFormula(1, formula, "0.1.0", why),)


HISTORY: Final[Mapping[str, tuple[FormerFormula, ...]]] = {
    "allocation_efficiency": _first("AUBT / PBT, PBT with unknown time", _UNKNOWN),
    "availability": _first("APT / PBT, PBT with unknown time", _UNKNOWN),
    "production_process_ratio": _first("APT / AOET, AOET with unknown time", _UNKNOWN),
    "oee": _first("Σ(PRI × PQ) × (ΣGQ / ΣPQ) / ΣPBT", _BY_FACTORS),
    "nee": _first("(AUPT / APT) × Σ(PRI × PQ) × (ΣGQ / ΣPQ) / ΣPBT", _BY_FACTORS),
    "oee_classic": _first("Σ(PRI × PQ) × (ΣGQ / ΣPQ) / ΣPBT", _BY_FACTORS),
    "ooe": _first("Σ(PRI × PQ) × (ΣGQ / ΣPQ) / ΣPOT", _BY_FACTORS),
    "teep": _first("Σ(PRI × PQ) × (ΣGQ / ΣPQ) / calendar time", _BY_FACTORS),
    "effectiveness": _first(
        "Σ(PRI × PQ) / APT, with counts of unknown time",
        "counts in time of unknown state were divided by the known production time only",
    ),
    "quality_ratio": _first("GQ / PQ, of all machines", _NOT_REPORTED),
    "scrap_ratio": _first("SQ / PQ, of all machines", _NOT_REPORTED),
    "rework_ratio": _first("RQ / PQ, of all machines", _NOT_REPORTED),
    "actual_to_planned_scrap_ratio": _first(
        "SQ / PSQ", "planned scrap quantities could not be entered: there was never a value"
    ),
}
