"""Whether equipment can be compared: product family, definition, coverage, calendar, and trust.

What is not comparable is not ranked, and the reasons say why.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from werknetz.texts.sentence import Sentence

PRODUCT_FAMILY: Final = "product_family"
DEFINITION: Final = "definition"
COVERAGE: Final = "coverage"
CALENDAR: Final = "calendar"
LIMITS: Final[Mapping[str, float]] = {
    PRODUCT_FAMILY: 0.5, DEFINITION: 1.0, COVERAGE: 0.8, CALENDAR: 0.5,
}  # fmt: skip
"""Below this share equipment is not comparable."""


@dataclass(frozen=True, slots=True, order=True)
class ProductFamily:
    """A family of materials; a material without one is a family of its own."""

    name: str
    is_material: bool = False


@dataclass(frozen=True, slots=True)
class ComparedEquipment:
    """`family_s`: run time in seconds by product family; None: of what no product is known.

    `definition`: what the KPI depends on beside its version.
    """

    name: str
    value: float | None
    family_s: Mapping[ProductFamily | None, float]
    definition: Mapping[str, object]
    judged_share: float | None
    planned_hours_a_week: float | None
    known_share: float | None  # of planned time with a known state
    late_share: float | None

    @property
    def run_s(self) -> float:
        return sum(self.family_s.values())

    @property
    def known_family_s(self) -> dict[ProductFamily, float]:
        return {f: seconds for f, seconds in self.family_s.items() if f is not None and seconds > 0}

    @property
    def unknown_product_share(self) -> float | None:
        """Which share of the run time has no known product; None: there is no run time."""
        return self.family_s.get(None, 0.0) / self.run_s if self.run_s > 0 else None


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
    family = _usual_families(equipment)
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
    family: Mapping[ProductFamily, float],
    usual_hours: float | None,
    ignored: frozenset[str],
) -> Comparability:
    parts = {
        PRODUCT_FAMILY: _overlap(e, family),
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
        reasons.append(Sentence("comparability.no_value"))
    counted = [share or 0.0 for name, share in parts.items() if name not in ignored]
    score = math.prod(counted) ** (1 / len(counted)) if counted else 1.0
    shares = (e.judged_share, e.known_share, 1 - (e.late_share or 0.0))
    trust = math.prod(share or 0.0 for share in shares)
    return Comparability(e.name, parts, score, trust, tuple(reasons), None)


def _reason(name: str, share: float | None, e: ComparedEquipment) -> Sentence:
    if name == PRODUCT_FAMILY:
        return _reason_of_family(share, e)
    if name == DEFINITION:
        items = [f"{key} = {value}" for key, value in sorted(e.definition.items())]
        return Sentence("comparability.definition_differs", items=items)
    if name == COVERAGE:
        judged = (
            Sentence("comparability.nothing") if share is None else _below(share, LIMITS[COVERAGE])
        )
        return Sentence("comparability.coverage", judged=judged)
    if share is None:
        return Sentence("comparability.no_calendar")
    return Sentence("comparability.calendar_differs", hours=e.planned_hours_a_week)


def _below(share: float, limit: float) -> Sentence:
    """Return a share with as many digits as it takes to be below the limit."""
    for percent in (round(share * 100, digits) for digits in range(4)):
        if percent < limit * 100:
            return Sentence("comparability.percent", percent=percent)
    return Sentence("comparability.almost", limit=limit)


def _reason_of_family(share: float | None, e: ComparedEquipment) -> Sentence:
    if share is None:
        return Sentence("comparability.products_unknown")
    unknown = e.unknown_product_share or 0.0
    if share >= LIMITS[PRODUCT_FAMILY] * (1 - unknown):  # what is known is comparable
        return Sentence("comparability.products_unknown_share", unknown=unknown)
    also = Sentence("comparability.also_unknown", unknown=unknown) if unknown > 0 else ""
    same = _below(share, LIMITS[PRODUCT_FAMILY])
    return Sentence("comparability.other_products", same=same, also=also)


def _usual_families(equipment: Sequence[ComparedEquipment]) -> dict[ProductFamily, float]:
    """Return the shares of families in what most equipment makes mainly.

    Equipment belongs together whose main family is the same. The largest group is the usual one,
    and each equipment of it has the same weight.
    """
    groups: dict[ProductFamily, list[dict[ProductFamily, float]]] = {}
    for e in equipment:
        known_s = e.known_family_s
        if known_s:
            main = min(known_s, key=lambda family: (-known_s[family], family))
            groups.setdefault(main, []).append(known_s)
    if not groups:
        return {}
    usual = groups[min(groups, key=lambda family: (-len(groups[family]), family))]
    shares: dict[ProductFamily, float] = {}
    for known_s in usual:
        total = sum(known_s.values())
        for family, seconds in known_s.items():
            shares[family] = shares.get(family, 0.0) + seconds / total / len(usual)
    return shares


def _overlap(e: ComparedEquipment, usual: Mapping[ProductFamily, float]) -> float | None:
    """Return which share of the run time is for the usual products; None: no product is known.

    Run time without a known product is for none of them.
    """
    known_s = e.known_family_s
    if not known_s:
        return None
    total = sum(known_s.values())
    common = sum(
        min(seconds / total, usual.get(family, 0.0)) for family, seconds in known_s.items()
    )
    return common * total / e.run_s


def _same_definition(e: ComparedEquipment, equipment: Sequence[ComparedEquipment]) -> float:
    """Return 1 if most have the same definition, 0 if it is another one."""
    definitions = [tuple(sorted(o.definition.items())) for o in equipment]
    usual = max(definitions, key=definitions.count)
    return 1.0 if tuple(sorted(e.definition.items())) == usual else 0.0


def _ratio(first: float | None, second: float | None) -> float | None:
    if not first or not second:
        return None
    return min(first, second) / max(first, second)
