"""What only Weserguss has: its own folders, its own stock report, and two deliberate faults.

In every second week, one date of a call-off is not in any calendar; once a week, a despatch advice
is sent twice. Real partners make both mistakes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from werknetz_simulator.partners.partners import WESERGUSS_RELATIONS, SupplyRelation
from werknetz_simulator.partners.timeline import CallOff, RelationTimeline, Shipment
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, instant_of

EDI_FOLDER: Final = "edi"
STOCK_FOLDER: Final = "stock"
STOCK_WAREHOUSE: Final = "Bremen-Hemelingen"
STOCK_EVERY_US: Final = HOUR_US
PRODUCED_AHEAD_US: Final = 3 * DAY_US
WRONG_DATE_MATERIAL: Final = WESERGUSS_RELATIONS[1].material
REPEATED_MATERIAL: Final = WESERGUSS_RELATIONS[0].material
REPEATED_DAY: Final = 5  # of seven, by the day's number


@dataclass(frozen=True, slots=True)
class SupplierStock:
    """What Weserguss has in stock of an article at an instant."""

    at_us: int
    number: str
    relation: SupplyRelation
    quantity: float


def has_wrong_date(relation: SupplyRelation, call_off: CallOff) -> bool:
    """Whether the first date of this call-off line is written as the 48th of January."""
    on = instant_of(call_off.at_us).date()
    is_second_monday = on.weekday() == 0 and on.toordinal() // 7 % 2 == 0
    return relation.material == WRONG_DATE_MATERIAL and is_second_monday


def is_sent_twice(relation: SupplyRelation, shipment: Shipment) -> bool:
    """Whether the despatch advice is sent once more, marked as a duplicate."""
    return relation.material == REPEATED_MATERIAL and shipment.due.toordinal() % 7 == REPEATED_DAY


def supplier_stocks(
    timelines: Sequence[RelationTimeline], start_us: int, end_us: int
) -> Iterator[SupplierStock]:
    """Yield the hourly stock reports with start < at <= end.

    Weserguss has produced what it despatches within the next days; opened ingots are weighed.
    """
    first_us = start_us - start_us % STOCK_EVERY_US + STOCK_EVERY_US
    if first_us > end_us:
        return
    for timeline in timelines:
        relation = timeline.relation
        deliveries = timeline.deliveries_until(end_us + 2 * PRODUCED_AHEAD_US)
        shipments = [s for delivery in deliveries for s in timeline.shipments_of(delivery)]
        for at_us in range(first_us, end_us + 1, STOCK_EVERY_US):
            quantity = float(
                sum(
                    shipment.quantity
                    for shipment in shipments
                    if at_us < shipment.despatched_us <= at_us + PRODUCED_AHEAD_US
                )
            )
            if relation.unit == "KGM":
                quantity += Random(f"{relation.material}/{at_us}/opened").randrange(100) / 100
            yield SupplierStock(at_us, f"INV-{at_us // STOCK_EVERY_US}", relation, quantity)
