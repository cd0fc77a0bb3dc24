"""A delivery delayed while the plants run: `werknetz demo late-delivery`.

A file lists the spans in which the line has no material. Its machines starve then: the warehouse
issues its whole stock at the start, and the overdue delivery arrives at the end.
"""

import json
from pathlib import Path
from typing import Final

from werknetz_simulator.partners.partners import STARVING_RELATION, SupplyRelation
from werknetz_simulator.partners.timeline import (
    GoodsReceipt,
    PartnerEvent,
    RelationTimeline,
    Shipment,
    StockMove,
)
from werknetz_simulator.plants.plan import MINUTE_US, SECOND_US, instant_of

ANNOUNCE_DELAY_US: Final = 10 * SECOND_US  # the despatch advice, when the line already starves
Span = tuple[int, int]


class DelayedDelivery:
    """`timeline` of the starving relation; it continues independently of the delay."""

    def __init__(self, file: Path, timeline: RelationTimeline) -> None:
        self._file, self._timeline = file, timeline

    def events_between(
        self, start_us: int, end_us: int
    ) -> list[tuple[SupplyRelation, PartnerEvent]]:
        """Return the events of delayed deliveries with start < at <= end."""
        events = [e for span in load_spans(self._file) for e in self._events_of(*span)]
        return [(STARVING_RELATION, e) for e in events if start_us < e.at_us <= end_us]

    def _events_of(self, start_us: int, end_us: int) -> list[PartnerEvent]:
        stock = self._timeline.stock_at(start_us)
        if not stock:
            return []  # the line starves anyway
        name = f"{start_us // MINUTE_US}"
        note = f"LS-SPAET-{name}"
        due = instant_of(start_us).date()
        return [
            StockMove(start_us, f"B-SPAET-{name}-A", -stock),
            Shipment(start_us + ANNOUNCE_DELAY_US, note, due, stock, start_us, end_us),
            GoodsReceipt(end_us, f"WE-SPAET-{name}", note, stock),
            StockMove(end_us, f"B-SPAET-{name}-E", stock),
        ]


def load_spans(file: Path) -> list[Span]:
    if not file.exists():
        return []
    content: dict[str, list[list[int]]] = json.loads(file.read_text(encoding="utf-8"))
    return sorted({(start, end) for spans in content.values() for start, end in spans})
