"""RECADV: a fact a line of the receiving advice: received, accepted and refused."""

from typing import Any

from werknetz_edge.edi.edifact.reader import Line, Reader, component, none_of
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import Wrong


class ReceiptReader(Reader):
    GROUPS = frozenset({"CPS"})

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._steps["QVR"] = self._qvr

    def close_line(self, line: Line) -> None:
        quantities = line.quantities
        accepted, rejected = quantities.get("accepted"), quantities.get("rejected")
        received = quantities.get("received", accepted)
        if received is None:
            raise Wrong(none_of(line, "received", "QTY+48 or QTY+194"))
        own: dict[str, Any] = {"quantity": received}
        if accepted is not None:
            own["accepted_quantity"] = accepted
        if rejected is not None:
            own["rejected_quantity"] = rejected
        fields = {**self.head, **self.group, **line.fields}
        self.give(line, own, at_us=fields.get("received_us"))

    def _qvr(self, segment: Segment) -> None:
        reason = component(segment, 2, 0) or component(segment, 3, 0)
        if reason and self.line is not None:
            self.put("discrepancy", reason)
