"""Whether equipment can be compared: product family, definition, coverage, calendar, and trust.

What is not comparable is not ranked, and the reasons say why.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

PRODUCT_FAMILY: Final = "product_family"
DEFINITION: Final = "definition"
COVERAGE: Final = "coverage"
CALENDAR: Final = "calendar"
LIMITS: Final[Mapping[str, float]] = {
    PRODUCT_FAMILY: 0.5, DEFINITION: 1.0, COVERAGE: 0.8, CALENDAR: 0.5,
}  # fmt: skip
"""Below this share equipment is not comparable."""


@dataclass(frozen=True, slots=True)
class ComparedEquipment:
    """`family_s`: run time by product; `definition`: what the KPI depends on beside its version."""

    name: str
    value: float | None
    family_s: Mapping[str, float]
    definition: Mapping[str, object]
    judged_share: float | None
    planned_hours_a_week: float | None
    known_share: float | None  # of planned time with a known state
    late_share: float | None


@dataclass(frozen=True, slots=True)
class Comparability:
    """`parts`: 0 to 1, None: unknown. `rank` None: not comparable, or without a value."""

    name: str
    parts: Mapping[str, float | None]
    score: float
    trust: float
    reasons: tuple[str, ...]
    rank: int | None

    @property
    def is_comparable(self) -> bool:
        return not self.reasons


def compare(
    equipment: Sequence[ComparedEquipment],
    *,
    is_up: bool = True,
    ignored: frozenset[str] = frozenset(),
) -> list[Comparability]:
    """Return the comparability of each, the best ranked first, then those without a rank.

    `is_up`: whether higher values are better. Parts in `ignored` prevent no ranking. Equal values
    have equal ranks.
    """
    family = _joint_family(equipment)
    hours = [e.planned_hours_a_week for e in equipment if e.planned_hours_a_week]
    usual_hours = median(hours) if hours else None
    compared = [_compare_one(e, equipment, family, usual_hours, ignored) for e in equipment]
    values = {e.name: e.value for e in equipment}
    ranked = [c for c in compared if c.is_comparable]
    best_first = sorted(ranked, key=lambda c: _order(values[c.name], is_up=is_up))
    ranks: dict[str, int] = {}
    for position, item in enumerate(best_first, start=1):
        previous = best_first[position - 2] if position > 1 else None
        is_equal = previous is not None and values[previous.name] == values[item.name]
        ranks[item.name] = ranks[previous.name] if previous and is_equal else position
    with_ranks = [
        Comparability(c.name, c.parts, c.score, c.trust, c.reasons, ranks.get(c.name))
        for c in compared
    ]
    return sorted(with_ranks, key=lambda c: (c.rank is None, c.rank or 0, -c.score, c.name))


def _order(value: float | None, *, is_up: bool) -> float:
    return 0.0 if value is None else (-value if is_up else value)


def _compare_one(
    e: ComparedEquipment,
    equipment: Sequence[ComparedEquipment],
    family: Mapping[str, float],
    usual_hours: float | None,
    ignored: frozenset[str],
) -> Comparability:
    parts = {
        PRODUCT_FAMILY: _overlap(e.family_s, family),
        DEFINITION: _same_definition(e, equipment),
        COVERAGE: e.judged_share,
        CALENDAR: _ratio(e.planned_hours_a_week, usual_hours),
    }
    reasons = [
        _reason(name, share, e)
        for name, share in parts.items()
        if name not in ignored and (share is None or share < LIMITS[name])
    ]
    if e.value is None:
        reasons.append("it has no value")
    counted = [share or 0.0 for name, share in parts.items() if name not in ignored]
    score = math.prod(counted) ** (1 / len(counted)) if counted else 1.0
    shares = (e.judged_share, e.known_share, 1 - (e.late_share or 0.0))
    trust = math.prod(share or 0.0 for share in shares)
    return Comparability(e.name, parts, score, trust, tuple(reasons), None)


def _reason(name: str, share: float | None, e: ComparedEquipment) -> str:
    if name == PRODUCT_FAMILY:
        if share is None:
            return "its products are unknown: no order names its material"
        return f"it makes other products: {share:.0%} of the run time is for those of the others"
    if name == DEFINITION:
        return "its definition differs: " + ", ".join(
            f"{key} = {value}" for key, value in sorted(e.definition.items())
        )
    if name == COVERAGE:
        judged = "nothing" if share is None else f"{share:.0%}"
        return f"{judged} of its planned time can be judged"
    if share is None:
        return "it has no shift calendar"
    return f"its calendar differs: {e.planned_hours_a_week:.0f} planned hours a week and machine"


def _joint_family(equipment: Sequence[ComparedEquipment]) -> dict[str, float]:
    """Return the share of each product, every equipment with the same weight."""
    joint: dict[str, float] = {}
    for e in equipment:
        total = sum(e.family_s.values())
        if total <= 0:  # its products took no time
            continue
        for product, seconds in e.family_s.items():
            joint[product] = joint.get(product, 0.0) + seconds / total
    whole = sum(joint.values())
    return {product: share / whole for product, share in joint.items()} if whole else {}


def _overlap(family_s: Mapping[str, float], joint: Mapping[str, float]) -> float | None:
    """Return which share of the run time products in common have; None: no product is known."""
    total = sum(family_s.values())
    if total <= 0:
        return None
    return sum(min(seconds / total, joint.get(p, 0.0)) for p, seconds in family_s.items())


def _same_definition(e: ComparedEquipment, equipment: Sequence[ComparedEquipment]) -> float:
    """Return 1 if most have the same definition, 0 if it is another one."""
    definitions = [tuple(sorted(o.definition.items())) for o in equipment]
    usual = max(definitions, key=definitions.count)
    return 1.0 if tuple(sorted(e.definition.items())) == usual else 0.0


def _ratio(first: float | None, second: float | None) -> float | None:
    if not first or not second:
        return None
    return min(first, second) / max(first, second)
