"""RECADV: one fact for each line of the receiving advice: received, accepted and rejected."""

from typing import Any

from werknetz_edge.edi.edifact.readers.details import DetailReader
from werknetz_edge.edi.edifact.readers.line import MessageLine, component, missing_quantity_text
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import InvalidEdi, parse_number


class ReceiptReader(DetailReader):
    GROUPS = frozenset({"CPS"})
    MESSAGE = "RECADV"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._handlers |= {"QVR": self._qvr, "CPS": self._cps}

    def read_line(self, line: MessageLine) -> None:
        quantities = line.quantities
        accepted, rejected = quantities.get("accepted"), quantities.get("rejected")
        received = quantities.get("received", accepted)
        if received is None:
            raise InvalidEdi(missing_quantity_text(line, "received", "QTY+48 or QTY+194"))
        values: dict[str, Any] = {"quantity": received}
        exact = line.exact.get("received" if "received" in quantities else "accepted")
        if exact:
            values["quantity_exact"] = exact
        named = {"accepted_quantity": accepted, "rejected_quantity": rejected}
        named["despatched_quantity"] = quantities.get("despatched")
        values |= {name: value for name, value in named.items() if value is not None}
        fields = {**self.head, **self.group, **line.fields}
        self.add_fact(line, values, at_us=fields.get("received_us"))

    def _cps(self, _segment: Segment) -> None:
        """CPS only starts a group."""

    def _qvr(self, segment: Segment) -> None:
        """QVR: the difference from the announced quantity, and its reason."""
        if self.line is None:
            self.add_fault("QVR", "a difference outside of a line")
            return
        text = component(segment, 1, 0)
        if text:
            difference = parse_number(text, self._mark, self.partner.quantity_max)
            self.set_field("discrepancy_quantity", difference)
        reason = component(segment, 2, 0) or component(segment, 3, 0)
        if reason:
            self.set_field("discrepancy", reason)
