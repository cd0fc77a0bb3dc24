"""Elements of deliveries: additive, of a relation and a day of its site, or of any sum of them.

A line counts on its due day, a receipt on the day of receipt, a call-off on the day of its issue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from werknetz.kpi.additive import AdditiveElements, element_names
from werknetz.kpi.supply.asn import ReceivedDelivery
from werknetz.kpi.supply.otif import DueLine
from werknetz.kpi.supply.schedule import FrozenChange

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class SupplyElements(AdditiveElements):
    # Lines whose window has passed
    lines_due: float = 0.0
    lines_on_time: float = 0.0
    lines_in_full: float = 0.0
    lines_otif: float = 0.0
    lines_early: float = 0.0  # filled before the window began
    lines_late: float = 0.0  # not filled when it ended
    lines_late_1d: float = 0.0  # of these: up to a day after the due date, and so on
    lines_late_3d: float = 0.0
    lines_late_7d: float = 0.0
    lines_late_more: float = 0.0
    uncertain_lines: float = 0.0  # messages about them may have been lost before acceptance
    # Orders: all lines of one number, on the day of the last
    orders_due: float = 0.0
    orders_on_time: float = 0.0
    orders_in_full: float = 0.0
    orders_otif: float = 0.0
    # Quantities, in base units
    quantity_due: float = 0.0
    quantity_in_window: float = 0.0  # of it: received when the window ended
    quantity_late: float = 0.0  # of lines that are late
    quantity_delay_s: float = 0.0  # quantity × delay of lines that are late
    quantity_received: float = 0.0
    quantity_rejected: float = 0.0
    quantity_over: float = 0.0  # received beyond all that was called off
    # Despatch advices: deliveries that came, by delivery note
    asn_due: float = 0.0
    asn_announced: float = 0.0  # before they came
    asn_accurate: float = 0.0  # before they came, with the quantity that came
    asn_matched: float = 0.0  # at all
    asn_lead_s: float = 0.0  # from the announcement to the arrival, of those that were matched
    # The frozen zone
    frozen_quantity: float = 0.0
    frozen_changed: float = 0.0

    @property
    def coverage(self) -> float | None:
        """Share of the due lines whose messages are complete; None: no line was due."""
        return 1 - self.uncertain_lines / self.lines_due if self.lines_due else None

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:
        """Return whether a formula over lines has no certain line."""
        nothing = self.lines_due > 0 and self.uncertain_lines >= self.lines_due
        return nothing and "lines_due" in inputs


SUPPLY_ELEMENT_NAMES: Final = element_names(SupplyElements)


def elements_of_line(line: DueLine) -> SupplyElements:
    """Return the elements of one line; none before its window has passed."""
    if line.state == "open":
        return SupplyElements()
    quantity, delay = line.demand.quantity, line.delay_s
    late = delay is not None
    days = 0.0 if delay is None else delay / DAY_S
    return SupplyElements(
        lines_due=1,
        lines_on_time=float(bool(line.on_time)),
        lines_in_full=float(bool(line.in_full)),
        lines_otif=float(bool(line.otif)),
        lines_early=float(line.early),
        lines_late=float(late),
        lines_late_1d=float(late and days <= 1),
        lines_late_3d=float(1 < days <= 3),
        lines_late_7d=float(3 < days <= 7),
        lines_late_more=float(days > 7),
        uncertain_lines=float(line.uncertain),
        quantity_due=quantity,
        quantity_in_window=line.in_window,
        quantity_late=quantity if late else 0.0,
        quantity_delay_s=quantity * (delay or 0.0),
    )


def elements_of_delivery(delivery: ReceivedDelivery) -> SupplyElements:
    """Return the elements of one delivery, on the day of its first receipt, without quantity."""
    lead = delivery.lead_s
    return SupplyElements(
        asn_due=1,
        asn_announced=float(lead is not None and lead >= 0),
        asn_accurate=float(delivery.is_accurate),
        asn_matched=float(lead is not None),
        asn_lead_s=lead or 0.0,
    )


def elements_of_change(change: FrozenChange) -> SupplyElements:
    return SupplyElements(frozen_quantity=change.total, frozen_changed=change.changed)
