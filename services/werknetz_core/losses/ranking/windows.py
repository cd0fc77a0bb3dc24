"""Windows of a span by shift, for machines with the same calendars; time between them counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from werknetz.domain.bucket import bucket_of
from werknetz_core.context.equipment_tree import EquipmentNode, EquipmentTree
from werknetz_core.context.time_spec import UtcSpan


@dataclass(frozen=True, slots=True)
class NamedWindows:
    """Windows that cover a span without gaps; `names` are those of shifts, None between them."""

    machines: list[EquipmentNode]
    windows: list[UtcSpan]
    names: list[str | None]


def whole_span(machines: list[EquipmentNode], span: UtcSpan) -> list[NamedWindows]:
    return [NamedWindows(machines, [span], [None])]


def windows_by_shift(
    tree: EquipmentTree, machines: Iterable[EquipmentNode], span: UtcSpan
) -> list[NamedWindows]:
    """Divide the span by the shifts of each calendar."""
    by_calendar: dict[int, list[EquipmentNode]] = {}
    histories = {}
    for machine in machines:
        history = tree.calendar_history(machine.path)
        histories[id(history)] = history
        by_calendar.setdefault(id(history), []).append(machine)
    divided = []
    for key, members in by_calendar.items():
        windows: list[UtcSpan] = []
        names: list[str | None] = []
        at_us = span.start_us
        for shift in histories[key].shifts_between(span.start_us, span.end_us):
            start = max(bucket_of(shift.start_us), at_us)
            end = min(bucket_of(shift.end_us), span.end_us)
            if start > at_us:
                windows.append(UtcSpan(at_us, start))
                names.append(None)
            if end > start:
                windows.append(UtcSpan(start, end))
                names.append(shift.name)
            at_us = max(at_us, end)
        if at_us < span.end_us:
            windows.append(UtcSpan(at_us, span.end_us))
            names.append(None)
        divided.append(NamedWindows(members, windows, names))
    return divided
