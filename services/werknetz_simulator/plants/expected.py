"""Expected time elements and KPIs of any window, computed directly from the ground truth.

In whole microseconds and parts until the last division. It shares no code with `werknetz.kpi`, so
that tests can compare the two.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final

from werknetz_simulator.plants.plan import DAY_US, SECOND_US
from werknetz_simulator.plants.plant import PlantMachine, StateKind
from werknetz_simulator.plants.shift_timeline import StateSegment
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names import mes

MINOR_STOP_BELOW_US: Final = 120 * SECOND_US
START_UP_US: Final = 900 * SECOND_US
START_UP_AFTER_US: Final = 3600 * SECOND_US  # a stop so long is followed by a start-up
LOOK_BACK_US: Final = 5 * DAY_US
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
    pri_gq_us: int = 0
    judged_pri_pq_us: int = 0  # of parts that were finished while the state was known
    judged_pri_gq_us: int = 0
    aoet_unknown_us: int = 0
    gq: int = 0
    sq: int = 0
    rq: int = 0
    rework_pq: int = 0  # produced by machines that count rework
    fe: int = 0
    minor_stops: int = 0
    start_up_sq: int = 0  # scrap of start-ups
    start_up_pri_sq_us: int = 0  # of it, what was finished while the state was known

    @property
    def pq(self) -> int:
        return self.gq + self.sq

    def to_elements(self) -> dict[str, float]:
        """Return the sums by the platform's element names, times in seconds.

        Every machine of a plant reports its state, its planned run time, good and scrap parts.
        """
        judged_s = (self.pbt_us - self.unknown_us) / SECOND_US
        named: dict[str, float] = {
            "pq": float(self.pq),
            "judged_s": judged_s,
            "judged_apt_s": self.apt_us / SECOND_US,
            "judged_aust_s": self.aust_us / SECOND_US,
            "quantity_known_s": self.pbt_us / SECOND_US,
            "pace_apt_s": self.apt_us / SECOND_US,
            "pace_pri_pq_s": self.judged_pri_pq_us / SECOND_US,
            "rework_rq": float(self.rq),
            "quality_pq": float(self.pq),
            "quality_gq": float(self.gq),
            "quality_sq": float(self.sq),
            "quality_pri_pq_s": self.pri_pq_us / SECOND_US,
            "quality_pri_gq_s": self.pri_gq_us / SECOND_US,
        }
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
        total.aoet_unknown_us += spent_us if order else 0
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
    """Merge contiguous faults that reach the window, but not before they are known.

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
            merged.append((_known_start_us(truth, segment), segment.end_us, fault))
    return [
        FaultStop(
            begin,
            end,
            fault and end - begin < MINOR_STOP_BELOW_US,
            end - begin >= MINOR_STOP_BELOW_US,
        )
        for begin, end, fault in merged
        if begin < end_us and end > start_us and _counts_as_stop(truth, machine, begin)
    ]


def _known_start_us(truth: Truth, segment: StateSegment) -> int:
    """Return the start of a fault; of one before the history, only an MES knows it."""
    is_booked = (
        truth.plant.name == mes.PLANT
        and bool(segment.order)
        and segment.end_us - segment.start_us >= mes.BOOKED_STOP_MIN_US
    )
    return segment.start_us if is_booked else max(segment.start_us, truth.since_us)


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
    if "rework" in truth.plant.counts:
        total.rework_pq += len(parts["good"]) + len(parts["scrap"])
    segments = list(truth.segments(machine, start_us, end_us))
    starts = [segment.start_us for segment in segments]
    start_ups = _start_ups(truth, machine, start_us, end_us)
    for quality in ("good", "scrap"):
        for at_us in parts[quality]:
            pri_us = segments[bisect_right(starts, at_us) - 1].pri_us
            # At the border of two segments, a part was finished in the first.
            in_unknown = segments[max(bisect_left(starts, at_us) - 1, 0)].kind is StateKind.UNKNOWN
            is_start_up = quality == "scrap" and _is_in_start_up(start_ups, at_us)
            known_us = 0 if in_unknown else pri_us
            total.pri_pq_us += pri_us
            total.judged_pri_pq_us += known_us
            total.start_up_sq += is_start_up
            total.start_up_pri_sq_us += known_us * is_start_up
            if quality == "good":
                total.pri_gq_us += pri_us
                total.judged_pri_gq_us += known_us


def _start_ups(
    truth: Truth, machine: PlantMachine, start_us: int, end_us: int
) -> list[tuple[int, int]]:
    """Return the start-ups that reach into the window: each (start, end].

    The last production before the window is at most some days ago; longer standing is no other.
    """
    since_us = max(start_us - LOOK_BACK_US, truth.since_us)
    start_ups: list[tuple[int, int]] = []
    stood_us, is_set_up, order = 0, False, ""
    for segment in truth.segments(machine, since_us, end_us):
        begin = max(segment.start_us, since_us)
        if segment.kind in FAULTS:
            begin = _known_start_us(truth, segment)
        if segment.kind is StateKind.SETUP:
            is_set_up = True
            start_ups.append((begin, segment.end_us))
        if segment.kind is not StateKind.PRODUCING:
            stood_us += segment.end_us - begin if segment.kind is not StateKind.UNKNOWN else 0
            continue
        is_other = order not in {"", segment.order} and bool(segment.order)
        if is_set_up or stood_us >= START_UP_AFTER_US or is_other:
            start_ups.append((begin, begin + START_UP_US))
        stood_us, is_set_up, order = 0, False, segment.order or order
    return start_ups


def _is_in_start_up(start_ups: list[tuple[int, int]], at_us: int) -> bool:
    return any(begin < at_us <= end for begin, end in start_ups)


def _ratio(part: int, whole: int) -> float | None:
    return float(Fraction(part, whole)) if whole else None


def _net_effectiveness(s: ElementSums, good_us: int, whole_us: int) -> float | None:
    """Return OEE without the loss of set-up time."""
    aupt_us = s.apt_us + s.aust_us
    return _ratio(aupt_us * good_us, whole_us * s.apt_us) if good_us else _ratio(0, whole_us)


def kpis_of(s: ElementSums) -> dict[str, float | None]:
    """Return the KPIs by the platform's names; None where the divisor is zero."""
    aupt, aubt = s.apt_us + s.aust_us, s.apt_us + s.aust_us + s.adet_us
    tbf = aupt + s.ttr_us
    calendar_us = s.pot_us + s.off_shift_us
    known_us, unknown_us = s.pbt_us - s.unknown_us, s.unknown_us
    return {
        "allocation_efficiency": _ratio(aubt, known_us),
        "utilization_efficiency": _ratio(s.apt_us, aubt),
        "availability": _ratio(s.apt_us, known_us),
        "effectiveness": _ratio(s.judged_pri_pq_us, s.apt_us),
        "quality_ratio": _ratio(s.gq, s.pq),
        "earned_quality_ratio": _ratio(s.pri_gq_us, s.pri_pq_us),
        "oee": _ratio(s.judged_pri_gq_us, known_us),
        "oee_classic": _ratio(s.judged_pri_gq_us, known_us),
        "ooe": _ratio(s.judged_pri_gq_us, s.pot_us - unknown_us),
        "teep": _ratio(s.judged_pri_gq_us, calendar_us - unknown_us),
        "nee": _net_effectiveness(s, s.judged_pri_gq_us, known_us),
        "setup_ratio": _ratio(s.aust_us, aupt),
        "technical_efficiency": _ratio(s.apt_us, s.apt_us + s.adet_us),
        "production_process_ratio": _ratio(s.apt_us, s.aoet_us - s.aoet_unknown_us),
        "scrap_ratio": _ratio(s.sq, s.pq),
        "rework_ratio": _ratio(s.rq, s.rework_pq),
        "mtbf": _ratio(tbf, (s.fe + 1) * SECOND_US) if tbf else None,
        "mttf": _ratio(aupt, (s.fe + 1) * SECOND_US) if aupt else None,
        "mttr": _ratio(s.ttr_us, (s.fe + 1) * SECOND_US) if s.ttr_us else None,
        "corrective_maintenance_ratio": _ratio(s.cmt_us, s.cmt_us + s.pmt_us),
    }


def strict_kpis_of(s: ElementSums) -> dict[str, float | None]:
    """Return the values over all planned time: time of unknown state is a loss.

    Of the other KPIs it is the same value.
    """
    aubt = s.apt_us + s.aust_us + s.adet_us
    calendar_us = s.pot_us + s.off_shift_us
    return kpis_of(s) | {
        "allocation_efficiency": _ratio(aubt, s.pbt_us),
        "availability": _ratio(s.apt_us, s.pbt_us),
        "oee": _ratio(s.pri_gq_us, s.pbt_us),
        "oee_classic": _ratio(s.pri_gq_us, s.pbt_us),
        "ooe": _ratio(s.pri_gq_us, s.pot_us),
        "teep": _ratio(s.pri_gq_us, calendar_us),
        "nee": _net_effectiveness(s, s.pri_gq_us, s.pbt_us),
        "production_process_ratio": _ratio(s.apt_us, s.aoet_us),
    }
