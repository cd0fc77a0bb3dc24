"""Stops as JSON: one item, filters over them, totals."""

from collections.abc import Sequence
from dataclasses import dataclass

from werknetz.domain.bucket import instant_of
from werknetz.domain.state import MachineState
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.stops.loading import MachineStop

_ONLY_BY_FILTER = frozenset({MachineState.SETUP.label, MachineState.MAINTENANCE.label})


@dataclass(frozen=True, slots=True)
class StopFilter:
    """None, or no state and reason: any."""

    min_s: float = 0
    states: Sequence[str] = ()
    reasons: Sequence[str] = ()
    classified: bool | None = None
    is_open: bool | None = None
    minor: bool | None = None

    def matches(self, item: MachineStop) -> bool:
        stop = item.stop
        label = MachineState(stop.state).label
        is_classified = item.reason_code is not None
        return (
            stop.duration_us >= self.min_s * 1e6
            and (label in self.states if self.states else _is_listed(item, label))
            and (not self.reasons or item.reason_code in self.reasons)
            and self.classified in {None, is_classified}
            and self.is_open in {None, item.is_open}
            and self.minor in {None, stop.is_minor}
        )


def _is_listed(item: MachineStop, label: str) -> bool:
    """Whether a stop is listed without a filter of states.

    It is if it took planned busy time or a person changed it; set-up and planned maintenance only
    if `state` asks for them.
    """
    if item.stop.entry is not None:
        return True
    return label not in _ONLY_BY_FILTER and item.stop.lost_s > 0


def stop_item(item: MachineStop, span: UtcSpan | None = None) -> dict[str, object]:
    stop, entry, reason = item.stop, item.stop.entry, item.reason
    within = stop.duration_us if span is None else stop.overlap_us(span.start_us, span.end_us)
    view: dict[str, object] = {
        "id": item.id,
        "equipment": item.path,
        "start": instant_of(stop.start_us),
        "end": None if item.is_open else instant_of(stop.end_us),
        "duration_s": stop.duration_us / 1e6,
        "lost_s": stop.lost_s,
        "in_span_s": within / 1e6,
        "state": MachineState(stop.state).label,
        "category": stop.category,
        "code": stop.code,
        "order_number": stop.orders[0] if stop.orders else None,
        "orders": list(stop.orders),
        "minor": stop.is_minor,
        "reason": item.reason_code,
        "reason_en": None if reason is None else reason.name_en,
        "reason_de": None if reason is None else reason.name_de,
        "reason_source": item.reason_source,
        "planned": None if reason is None else reason.is_planned,
        "comment": None if entry is None else entry.comment,
        "entered_by": None if entry is None else entry.entered_by,
    }
    for category in ("adet", "adot", "aust", "pdot", "off_shift"):
        view[f"{category}_s"] = stop.seconds.get(category, 0.0)
    view["version"] = stop.version
    return view


def totals_of(items: Sequence[MachineStop]) -> dict[str, object]:
    unclassified = [item.stop for item in items if item.reason_code is None]
    return {
        "count": len(items),
        "duration_s": sum(item.stop.duration_us for item in items) / 1e6,
        "lost_s": sum(item.stop.lost_s for item in items),
        "minor": sum(item.stop.is_minor for item in items),
        "open": sum(item.is_open for item in items),
        "unclassified": len(unclassified),
        "unclassified_lost_s": sum(stop.lost_s for stop in unclassified),
    }
