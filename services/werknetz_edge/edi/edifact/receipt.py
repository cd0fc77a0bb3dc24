"""RECADV: one fact for each line of the receiving advice: received, accepted and rejected."""

from typing import Any

from werknetz_edge.edi.edifact.reader import (
    MessageLine,
    MessageReader,
    component,
    missing_quantity_text,
)
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import InvalidEdi


class ReceiptReader(MessageReader):
    GROUPS = frozenset({"CPS"})

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handlers["QVR"] = self._qvr

    def read_line(self, line: MessageLine) -> None:
        quantities = line.quantities
        accepted, rejected = quantities.get("accepted"), quantities.get("rejected")
        received = quantities.get("received", accepted)
        if received is None:
            raise InvalidEdi(missing_quantity_text(line, "received", "QTY+48 or QTY+194"))
        values: dict[str, Any] = {"quantity": received}
        if accepted is not None:
            values["accepted_quantity"] = accepted
        if rejected is not None:
            values["rejected_quantity"] = rejected
        fields = {**self.head, **self.group, **line.fields}
        self.add_fact(line, values, at_us=fields.get("received_us"))

    def _qvr(self, segment: Segment) -> None:
        reason = component(segment, 2, 0) or component(segment, 3, 0)
        if reason and self.line is not None:
            self.set_field("discrepancy", reason)
