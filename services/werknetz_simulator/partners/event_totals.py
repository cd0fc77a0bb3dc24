"""How many business events the platform must have stored, computed from the timelines."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from werknetz_simulator.partners.partners import (
    RELATIONS,
    WESERGUSS,
    WESERGUSS_RELATIONS,
    SupplyRelation,
)
from werknetz_simulator.partners.timeline import CallOff, RelationTimeline, Shipment
from werknetz_simulator.partners.weserguss import has_wrong_date, supplier_stocks

CALLED_OFF: Final = "delivery_called_off"
ANNOUNCED: Final = "shipment_announced"
COUNTED: Final = "stock_counted"


@dataclass(slots=True)
class EventTotal:
    count: int = 0
    quantity: float = 0.0

    def add(self, quantity: float) -> None:
        self.count += 1
        self.quantity += quantity


@dataclass(slots=True)
class WesergussTotals:
    """Totals by event kind; `unreadable` are the documents with a wrong date."""

    by_kind: dict[str, EventTotal] = field(
        default_factory=lambda: {kind: EventTotal() for kind in (CALLED_OFF, ANNOUNCED, COUNTED)}
    )
    unreadable: list[str] = field(default_factory=list)


def weserguss_totals(since_us: int, until_us: int, seed: str) -> WesergussTotals:
    """Sum up what the edges of Weserguss deliver up to the instant.

    A despatch advice sent twice counts once. A call-off line with a wrong date is lost as a whole,
    because a part of it would replace the previous call-off.
    """
    totals = WesergussTotals()
    timelines = _timelines(WESERGUSS_RELATIONS, since_us, seed)
    for timeline in timelines:
        for event in timeline.events_between(since_us, until_us):
            if isinstance(event, CallOff):
                if has_wrong_date(timeline.relation, event):
                    totals.unreadable.append(event.number)
                    continue
                for entry in event.entries:
                    totals.by_kind[CALLED_OFF].add(entry.quantity)
            elif isinstance(event, Shipment):
                totals.by_kind[ANNOUNCED].add(event.quantity)
    for stock in supplier_stocks(timelines, since_us, until_us):
        totals.by_kind[COUNTED].add(stock.quantity)
    return totals


def other_event_count(since_us: int, until_us: int, seed: str) -> int:
    """Count the events of all other partners, and of the warehouses, up to the instant."""
    count = 0
    for timeline in _timelines(RELATIONS, since_us, seed):
        is_weserguss = timeline.relation.firm == WESERGUSS
        for event in timeline.events_between(since_us, until_us):
            if is_weserguss and isinstance(event, CallOff | Shipment):
                continue
            count += len(event.entries) if isinstance(event, CallOff) else 1
    return count


def _timelines(
    relations: Iterable[SupplyRelation], since_us: int, seed: str
) -> list[RelationTimeline]:
    return [RelationTimeline(relation, since_us=since_us, seed=seed) for relation in relations]
