"""Divides the elements of a bucket into its three times five minutes.

Times follow the state pieces of the bucket, quantities what counters counted in each part. What the
parts get always adds up to the bucket, so that values by 5 minutes and by 15 minutes agree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.faults import FAULTS

PARTS: Final = 3
PART_US: Final = BUCKET_US // PARTS
Weights = tuple[float, float, float]
NOTHING: Final[Weights] = (0.0, 0.0, 0.0)
_IDLE: Final = frozenset({S.IDLE, S.OFF, S.MAINTENANCE})


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """A state interval within a bucket, as it is stored."""

    start_us: int
    end_us: int
    state: int
    category: str
    has_order: bool = True
    begins: bool = True  # not the rest of an interval of the bucket before


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """What is known of a bucket beside its elements."""

    start_us: int
    until_us: int  # its end, or how far it is computed
    pieces: Sequence[StoredPiece] = ()
    counted: Mapping[Role, Weights] = field(default_factory=dict)  # by counters, in each part
    run_time_s: Weights = NOTHING  # planned run time per item at the end of each part; 0: unknown


def divide(elements: Mapping[str, float], facts: BucketFacts) -> tuple[dict[str, float], ...]:
    """Return the elements of each part; without any fact, by the time that has passed."""
    weights_of = _KnownWeights(facts)
    parts: tuple[dict[str, float], ...] = ({}, {}, {})
    for name, value in elements.items():
        weights = weights_of.first_of((*_KEYS.get(name, ()), "calendar"))
        for part, share in zip(parts, _divide_value(value, weights), strict=True):
            part[name] = share
    return parts


def _divide_value(value: float, weights: Weights) -> list[float]:
    whole = sum(weights)
    shares = [value * weight / whole for weight in weights]
    largest = max(range(PARTS), key=lambda n: weights[n])
    shares[largest] += value - sum(shares)
    return shares


class _KnownWeights:
    """What the parts of a bucket have of times, events and quantities, each computed once."""

    def __init__(self, facts: BucketFacts) -> None:
        self._facts = facts
        self._edges = [facts.start_us + n * PART_US for n in range(PARTS + 1)]
        self._weights: dict[str, Weights] = _quantity_weights(facts)

    def first_of(self, keys: Sequence[str]) -> Weights:
        """Return the first weights that are not 0 everywhere."""
        for key in keys:
            if key not in self._weights:
                self._weights[key] = self._compute(key)
            if any(self._weights[key]):
                return self._weights[key]
        return 1.0, 1.0, 1.0

    def _compute(self, key: str) -> Weights:
        edges, facts = self._edges, self._facts
        if key == "calendar":
            return _each(lambda n: float(max(min(edges[n + 1], facts.until_us) - edges[n], 0)))
        if key == "faults":
            begins = [p.start_us for p in facts.pieces if p.begins and p.state in FAULTS]
            return _each(lambda n: float(sum(edges[n] <= at < edges[n + 1] for at in begins)))
        return _sum(facts, _MASKS[key])


def _sum(facts: BucketFacts, test: Callable[[StoredPiece], bool]) -> Weights:
    """Return how long the pieces that pass the test are in each part, in microseconds."""
    chosen = [piece for piece in facts.pieces if test(piece)]

    def time_in(part: int) -> float:
        start_us = facts.start_us + part * PART_US
        end_us = start_us + PART_US
        return float(sum(max(min(p.end_us, end_us) - max(p.start_us, start_us), 0) for p in chosen))

    return _each(time_in)


def _quantity_weights(facts: BucketFacts) -> dict[str, Weights]:
    total, good, scrap, rework, energy = (
        facts.counted.get(role)
        for role in (
            Role.TOTAL_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT, Role.ENERGY,
        )
    )  # fmt: skip
    pq = total or _combine(good, scrap, 1)
    gq = good or _combine(total, scrap, -1)
    sq = scrap or _combine(total, good, -1)
    weights = {"pq": pq, "gq": gq, "sq": sq, "rq": rework, "energy": energy}
    run_time_s = facts.run_time_s if all(facts.run_time_s) else (1.0, 1.0, 1.0)
    for name, quantity in (("pri_pq", pq), ("pri_gq", gq)):
        if quantity is not None:
            first, second, third = quantity
            weights[name] = (
                first * run_time_s[0],
                second * run_time_s[1],
                third * run_time_s[2],
            )
    return {name: weights.get(name) or NOTHING for name in _OF_COUNTERS}


def _combine(first: Weights | None, second: Weights | None, sign: int) -> Weights | None:
    if first is None or second is None:
        return None
    return _each(lambda n: max(first[n] + sign * second[n], 0.0))


def _each(of_part: Callable[[int], float]) -> Weights:
    return of_part(0), of_part(1), of_part(2)


def _is_planned_busy(piece: StoredPiece) -> bool:
    return piece.category not in {"off_shift", "pdot"}


_MASKS: Final[Mapping[str, Callable[[StoredPiece], bool]]] = {
    "pot": lambda p: p.category != "off_shift",
    "off_shift": lambda p: p.category == "off_shift",
    "pdot": lambda p: p.category == "pdot",
    "pbt": _is_planned_busy,
    "judged": lambda p: _is_planned_busy(p) and p.category != "unknown",
    "unknown": lambda p: p.category == "unknown",
    "apt": lambda p: p.category == "apt",
    "aust": lambda p: p.category == "aust",
    "adet": lambda p: p.category == "adet",
    "adot": lambda p: p.category == "adot",
    "unplanned_busy": lambda p: p.state == S.PRODUCING and not _is_planned_busy(p),
    "blocked": lambda p: p.category == "adet" and p.state == S.BLOCKED,
    "starved": lambda p: p.category == "adet" and p.state == S.STARVED,
    "suspended": lambda p: p.category == "adet" and p.state == S.SUSPENDED,
    "fault": lambda p: p.category == "adet" and p.state in FAULTS,
    "idle": lambda p: p.category == "adet" and p.state in _IDLE,
    "repair": lambda p: p.category != "off_shift" and p.state == S.REPAIR,
    "maintenance": lambda p: p.category != "off_shift" and p.state == S.MAINTENANCE,
    "busy_fault": lambda p: _is_planned_busy(p) and p.state in FAULTS,
    "order": lambda p: p.has_order,
    "unknown_order": lambda p: p.has_order and p.category == "unknown",
}
_TIMES: Final = {
    "pot_s": "pot", "quantity_known_pot_s": "pot", "off_shift_s": "off_shift", "pdot_s": "pdot",
    "pbt_s": "pbt", "quantity_known_s": "pbt", "pace_known_s": "pbt", "quality_known_s": "pbt",
    "quality_pri_known_s": "pbt", "rework_known_s": "pbt", "energy_pq_known_s": "pbt",
    "judged_s": "judged", "unknown_s": "unknown", "apt_s": "apt", "judged_apt_s": "apt",
    "pace_apt_s": "apt", "aust_s": "aust", "judged_aust_s": "aust", "adet_s": "adet",
    "adot_s": "adot", "unplanned_busy_s": "unplanned_busy", "blocked_s": "blocked",
    "starved_s": "starved", "suspended_s": "suspended", "malfunction_s": "fault",
    "minor_stop_s": "fault", "idle_s": "idle", "cmt_s": "repair", "pmt_s": "maintenance",
    "ttr_s": "busy_fault", "aoet_s": "order", "aoet_unknown_s": "unknown_order",
}  # fmt: skip
_QUANTITIES: Final = {
    "pq": "pq", "quality_pq": "pq", "rework_pq": "pq", "energy_pq": "pq", "gq": "gq",
    "quality_gq": "gq", "sq": "sq", "quality_sq": "sq", "rq": "rq", "rework_rq": "rq",
    "start_up_sq": "sq", "start_up_pri_sq_s": "sq",
    "pri_pq_s": "pri_pq", "judged_pri_pq_s": "pri_pq", "pace_pri_pq_s": "pri_pq",
    "quality_pri_pq_s": "pri_pq", "pri_gq_s": "pri_gq", "judged_pri_gq_s": "pri_gq",
    "quality_pri_gq_s": "pri_gq",
}  # fmt: skip
_ENERGY: Final = (
    "energy_kwh", "energy_exchange_kwh", "energy_unallocated_kwh", "co2_kg", "energy_of_pq_kwh",
    "co2_of_pq_kg",
)  # fmt: skip
_OF_COUNTERS: Final = ("pq", "gq", "sq", "rq", "energy", "pri_pq", "pri_gq")
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (key,) for name, key in _TIMES.items()},
    # What no counter counted was made while the machine produced.
    **{name: (key, "apt", "pbt") for name, key in _QUANTITIES.items()},
    **dict.fromkeys(_ENERGY, ("energy",)),
    **dict.fromkeys(("fe", "minor_stops"), ("faults", "fault")),
}
"""By what each element is divided, the first that is not 0 everywhere; else by the time passed."""
