"""Expected time elements and KPIs of any window, computed directly from the ground truth.

In whole microseconds and parts until the last division. It shares no code with `werknetz.kpi`, so
that tests can compare the two.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final

from werknetz_simulator.plants.plan import DAY_US, SECOND_US
from werknetz_simulator.plants.plant import PlantMachine, StateKind
from werknetz_simulator.plants.shift_timeline import StateSegment
from werknetz_simulator.plants.truth import Truth

MINOR_STOP_BELOW_US: Final = 120 * SECOND_US
FAULTS: Final = frozenset({StateKind.FAULT, StateKind.REPAIR})


@dataclass(slots=True)
class ElementSums:
    """Additive: the sums of a line are the totals over its machines."""

    pot_us: int = 0
    pdot_us: int = 0
    pbt_us: int = 0
    apt_us: int = 0
    aust_us: int = 0
    adet_us: int = 0
    adot_us: int = 0
    unknown_us: int = 0
    unplanned_busy_us: int = 0
    blocked_us: int = 0
    starved_us: int = 0
    suspended_us: int = 0
    idle_us: int = 0
    ttr_us: int = 0
    cmt_us: int = 0
    pmt_us: int = 0
    off_shift_us: int = 0
    aoet_us: int = 0
    pri_pq_us: int = 0
    gq: int = 0
    sq: int = 0
    rq: int = 0
    fe: int = 0
    minor_stops: int = 0

    @property
    def pq(self) -> int:
        return self.gq + self.sq

    def to_elements(self) -> dict[str, float]:
        """Return the sums by the platform's element names, times in seconds."""
        named: dict[str, float] = {"pq": float(self.pq)}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_us"):
                named[f"{field.name[:-3]}_s"] = value / SECOND_US
            else:
                named[field.name] = float(value)
        return named


@dataclass(frozen=True, slots=True)
class FaultStop:
    """A fault from its first to its last microsecond, across shifts and hours.

    The rest of a repair that started before the history may be neither minor stop nor failure.
    """

    start_us: int
    end_us: int
    is_minor: bool
    is_failure: bool


def element_sums(
    truth: Truth, machines: Iterable[PlantMachine], start_us: int, end_us: int
) -> ElementSums:
    """Sum up the time elements and parts of the machines in the window."""
    total = ElementSums()
    for machine in machines:
        stops = _fault_stops(truth, machine, start_us, end_us)
        for begin, end, segment, planned in _pieces(truth, machine, start_us, end_us):
            _add_time(total, segment.kind, segment.order, end - begin, planned=planned)
            if (
                planned == "busy"
                and segment.kind in FAULTS
                and _failure_at(stops, begin) is not None
            ):
                total.ttr_us += end - begin
        _count_stops(total, stops, start_us, end_us)
        _count_parts(total, truth, machine, start_us, end_us)
    return total


def _pieces(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> Iterator[tuple[int, int, StateSegment, str]]:
    """Cut each segment at the bounds of shifts and breaks; planned is off, break or busy."""
    marks: list[tuple[int, str]] = []
    for shift in truth.plant.plan.shifts_between(start_us, end_us):
        marks.append((shift.start_us, "busy"))
        for begin, end in shift.breaks:
            marks += [(begin, "break"), (end, "busy")]
        marks.append((shift.end_us, "off"))
    borders = [at for at, _ in marks]
    for segment in truth.segments(machine, start_us, end_us):
        begin, last = max(segment.start_us, start_us), min(segment.end_us, end_us)
        while begin < last:
            index = bisect_right(borders, begin)
            end = min(last, borders[index]) if index < len(borders) else last
            yield begin, end, segment, marks[index - 1][1] if index else "off"
            begin = end


def _add_time(
    total: ElementSums, kind: StateKind, order: str, spent_us: int, *, planned: str
) -> None:
    if planned == "off":
        total.off_shift_us += spent_us
    else:
        total.pot_us += spent_us
        _add_maintenance(total, kind, spent_us)
    if planned != "busy" and kind is StateKind.PRODUCING:
        total.unplanned_busy_us += spent_us
    if order:
        total.aoet_us += spent_us
    if planned == "break" or (planned == "busy" and kind is StateKind.MAINTENANCE):
        total.pdot_us += spent_us
    if planned != "busy" or kind is StateKind.MAINTENANCE:
        return
    total.pbt_us += spent_us
    _add_busy_time(total, kind, order, spent_us)


def _add_maintenance(total: ElementSums, kind: StateKind, spent_us: int) -> None:
    if kind is StateKind.MAINTENANCE:
        total.pmt_us += spent_us
    elif kind is StateKind.REPAIR:
        total.cmt_us += spent_us


def _add_busy_time(total: ElementSums, kind: StateKind, order: str, spent_us: int) -> None:
    if kind is StateKind.UNKNOWN:
        total.unknown_us += spent_us
    elif not order:
        total.adot_us += spent_us
    elif kind is StateKind.PRODUCING:
        total.apt_us += spent_us
    elif kind is StateKind.SETUP:
        total.aust_us += spent_us
    else:
        total.adet_us += spent_us
        _add_delay(total, kind, spent_us)


def _add_delay(total: ElementSums, kind: StateKind, spent_us: int) -> None:
    if kind is StateKind.BLOCKED:
        total.blocked_us += spent_us
    elif kind is StateKind.STARVED:
        total.starved_us += spent_us
    elif kind is StateKind.SUSPENDED:
        total.suspended_us += spent_us
    elif kind in {StateKind.IDLE, StateKind.OFF}:
        total.idle_us += spent_us


def _fault_stops(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> list[FaultStop]:
    """Merge contiguous faults, also across the window's ends, but not before the history.

    A fault counts only if it started with an order and in planned busy time.
    """
    merged: list[tuple[int, int, bool]] = []
    for segment in truth.segments(machine, max(start_us - DAY_US, truth.since_us), end_us + DAY_US):
        if segment.kind not in FAULTS:
            continue
        fault = segment.kind is StateKind.FAULT
        if merged and merged[-1][1] == segment.start_us:
            begin, _, was_fault = merged.pop()
            merged.append((begin, segment.end_us, was_fault or fault))
        else:
            merged.append((max(segment.start_us, truth.since_us), segment.end_us, fault))
    return [
        FaultStop(
            begin,
            end,
            fault and end - begin < MINOR_STOP_BELOW_US,
            end - begin >= MINOR_STOP_BELOW_US,
        )
        for begin, end, fault in merged
        if _counts_as_stop(truth, machine, begin)
    ]


def _counts_as_stop(truth: Truth, machine: PlantMachine, at_us: int) -> bool:
    _, _, segment, planned = next(_pieces(truth, machine, at_us, at_us + 1))
    return planned == "busy" and bool(segment.order)


def _failure_at(stops: list[FaultStop], at_us: int) -> FaultStop | None:
    """Return the failure (no minor stop) at the instant."""
    index = bisect_right([stop.start_us for stop in stops], at_us) - 1
    if index < 0 or stops[index].end_us <= at_us or not stops[index].is_failure:
        return None
    return stops[index]


def _count_stops(total: ElementSums, stops: list[FaultStop], start_us: int, end_us: int) -> None:
    for stop in stops:
        if start_us <= stop.start_us < end_us:
            total.minor_stops += stop.is_minor
            total.fe += stop.is_failure


def _count_parts(
    total: ElementSums, truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> None:
    # A part is counted when it is finished: at the end of a window it belongs to that window.
    parts = truth.parts(machine, start_us + 1, end_us + 1)
    total.gq += len(parts["good"])
    total.sq += len(parts["scrap"])
    total.rq += len(parts["rework"])
    segments = list(truth.segments(machine, start_us, end_us))
    starts = [segment.start_us for segment in segments]
    for at_us in (*parts["good"], *parts["scrap"]):
        total.pri_pq_us += segments[bisect_right(starts, at_us) - 1].pri_us


def _ratio(part: int, whole: int) -> float | None:
    return float(Fraction(part, whole)) if whole else None


def _good_run_ratio(s: ElementSums, whole_us: int) -> float | None:
    """Return the planned run time of the good parts as a share; without parts it is a real 0.

    So TEEP of a day off is 0, while OEE is undefined: there is calendar time, but no busy time.
    """
    if not whole_us:
        return None
    return _ratio(s.pri_pq_us * s.gq, whole_us * s.pq) if s.pq else 0.0


def _net_effectiveness(s: ElementSums, aupt_us: int) -> float | None:
    """Return OEE without the loss of set-up time."""
    if not (s.pbt_us and s.pq):
        return _good_run_ratio(s, s.pbt_us)
    return _ratio(aupt_us * s.pri_pq_us * s.gq, s.pbt_us * s.apt_us * s.pq)


def kpis_of(s: ElementSums) -> dict[str, float | None]:
    """Return the KPIs by the platform's names; None where the divisor is zero."""
    aupt, aubt = s.apt_us + s.aust_us, s.apt_us + s.aust_us + s.adet_us
    tbf = aupt + s.ttr_us
    calendar_us = s.pot_us + s.off_shift_us
    return {
        "allocation_efficiency": _ratio(aubt, s.pbt_us),
        "utilization_efficiency": _ratio(s.apt_us, aubt),
        "availability": _ratio(s.apt_us, s.pbt_us),
        "effectiveness": _ratio(s.pri_pq_us, s.apt_us),
        "quality_ratio": _ratio(s.gq, s.pq),
        "oee": _good_run_ratio(s, s.pbt_us),
        "ooe": _good_run_ratio(s, s.pot_us),
        "teep": _good_run_ratio(s, calendar_us),
        "nee": _net_effectiveness(s, aupt),
        "setup_ratio": _ratio(s.aust_us, aupt),
        "technical_efficiency": _ratio(s.apt_us, s.apt_us + s.adet_us),
        "scrap_ratio": _ratio(s.sq, s.pq),
        "rework_ratio": _ratio(s.rq, s.pq),
        "mtbf": _ratio(tbf, (s.fe + 1) * SECOND_US) if tbf else None,
        "mttf": _ratio(aupt, (s.fe + 1) * SECOND_US) if aupt else None,
        "mttr": _ratio(s.ttr_us, (s.fe + 1) * SECOND_US) if s.ttr_us else None,
        "corrective_maintenance_ratio": _ratio(s.cmt_us, s.cmt_us + s.pmt_us),
    }
