"""What must be known of the supplier by an instant: counted from its truth, not from its files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from werknetz_simulator.partners.foundry.message_spans import Span
from werknetz_simulator.partners.foundry.timeline import CallOff, Shipment, SupplierTruth

CALLED_OFF: Final = "delivery_called_off"
ANNOUNCED: Final = "shipment_announced"
COUNTED: Final = "stock_counted"


@dataclass(slots=True)
class Facts:
    count: int = 0
    quantity: float = 0.0

    def add(self, quantity: float) -> None:
        self.count += 1
        self.quantity += quantity


@dataclass(slots=True)
class Known:
    """`facts` by kind; `refused`: the places that cannot be read, by document."""

    facts: dict[str, Facts]
    refused: list[str]


def known(truth: SupplierTruth, spans: Iterable[Span], until_us: int) -> Known:
    """Add up what was told up to and with the instant; a message sent twice counts once."""
    facts = {kind: Facts() for kind in (CALLED_OFF, ANNOUNCED, COUNTED)}
    refused = []
    for span in spans:
        for at_us in span.slots(until_us):
            for document in truth.documents(at_us):
                if isinstance(document, CallOff):
                    refused += _call_off(document, facts[CALLED_OFF])
                elif isinstance(document, Shipment):
                    for article, containers in document.lines:
                        facts[ANNOUNCED].add(containers * article.packed)
                else:
                    for _, quantity in document.rows:
                        facts[COUNTED].add(quantity)
    return Known(facts, refused)


def _call_off(document: CallOff, facts: Facts) -> list[str]:
    """A line with a wrong date is lost whole: it would replace the former by a half."""
    for number, (_, entries) in enumerate(document.lines):
        if number != document.wrong_line:
            for due in entries:
                facts.add(due.quantity)
    return [] if document.wrong_line is None else [document.number]
