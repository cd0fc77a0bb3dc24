"""DELFOR and DELJIT: a fact an entry of the schedule of each line.

Where SCC stands is what the directories differ in: behind its quantity before D96B and in every
DELJIT, before its quantities since. A line is read whole or not at all: it replaces the former.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from werknetz_edge.edi.edifact.codes import COMMITMENTS, DUE
from werknetz_edge.edi.edifact.reader import Line, Reader, component, none_of
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import Scope
from werknetz_edge.edi.values import Wrong

_RECEIPT_DATES: Final = frozenset({"50", "35", "11", "171", "137"})
_NOTES: Final = frozenset({"AAU", "DQ", "AAK", "SI"})
_DEMAND: Final = frozenset({"called_off", "backlog"})
_CONDITION_FIRST: Final = (1996, "B")
ENTRIES_MAX: Final = 5_000  # of a line: daily for thirteen years


@dataclass(slots=True)
class _Entry:
    """A QTY of the schedule."""

    meaning: str
    quantity: float
    unit: str
    commitment: str | None
    has_condition: bool
    due: Scope = field(default_factory=dict)
    own: Scope = field(default_factory=dict)  # its references


class ScheduleReader(Reader):
    """Entries of a line are kept until its end: each is small."""

    GROUPS = frozenset({"GIS", "GEI", "SEQ", "NAD"})

    def __init__(self, *given: Any, message: str, directory: str) -> None:
        super().__init__(*given)
        conditions = self.partner.conditions
        if conditions == "by_directory":
            is_first = message == "DELFOR" and _age(directory) >= _CONDITION_FIRST
            conditions = "before_quantity" if is_first else "after_quantity"
        self._is_asked = self.partner.conditions != "by_directory"
        self._after = conditions == "after_quantity"
        self._nad_groups = message == "DELFOR" and _age(directory) < _CONDITION_FIRST
        self._in_detail = False
        self._due: dict[str, Scope] = {"head": {}, "group": {}, "line": {}}
        self._entries: list[_Entry] = []
        self._entry: _Entry | None = None
        self._condition: tuple[str | None, bool] = (None, False)
        self._in_receipt = False
        self._steps |= {"SCC": self._scc, "SEQ": self._seq, "UNS": self._uns}

    def begins_group(self, tag: str) -> bool:
        """Before D96B a NAD behind a line is the delivery point of the lines that follow."""
        if tag == "NAD":
            return self._nad_groups and (
                self.line is not None or (self._in_detail and not self._in_group)
            )
        return True

    def close_line(self, line: Line) -> None:
        entries = _with_cumulative(self._entries)
        if not entries:
            told = any(name in line.fields for name in ("cumulative_received", "last_receipt"))
            if not told and line.unread:
                raise Wrong(none_of(line, "called-off", "QTY+113, QTY+1 or QTY+21"))
            self.give(line, {})  # nothing is called off any more: that replaces the former, too
            return
        due = {**self._due["head"], **self._due["group"], **self._due["line"]}
        for number, entry in enumerate(entries, 1):
            own = {**due, **entry.due, **entry.own}
            if entry.meaning in _DEMAND:
                own["quantity"] = entry.quantity
            if entry.unit:
                own["unit"] = entry.unit
            if entry.commitment is not None:
                own["commitment"] = entry.commitment
            self.give(line, own, f" QTY {number}")

    def _open_group(self) -> None:
        super()._open_group()
        self._due["group"] = {}

    def _uns(self, _segment: Segment) -> None:
        self._in_detail = True

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._due["line"], self._entries, self._entry = {}, [], None
        self._condition, self._in_receipt = (None, False), False

    def _seq(self, segment: Segment) -> None:
        number = component(segment, 2, 0)
        if number:
            self.put("sequence", number)

    def _scc(self, segment: Segment) -> None:
        if self.line is None:
            return
        commitment = COMMITMENTS.get(component(segment, 1, 0))
        entry = self._entry
        self._in_receipt = False
        free = entry is not None and entry.meaning in _DEMAND and not entry.has_condition
        # A quantity that has neither condition nor date yet can only be meant itself.
        if entry and free and (self._after or (not self._is_asked and not entry.due)):
            entry.commitment = entry.commitment or commitment
            entry.has_condition = True
            return
        self._condition, self._entry = (commitment, True), None

    def _qty(self, segment: Segment) -> None:
        line = self.line
        if line is None:
            return
        code, written, unit = (*segment[1], "", "")[:3] if len(segment) > 1 else ("", "", "")
        meaning = self.codes.quantities.get(code)
        self._entry, self._in_receipt = None, False
        if meaning is None:
            line.unread.append(code)
            return
        if meaning in {"ignored", "per_package"}:
            return
        value = self.number(written)
        if meaning in _DEMAND or meaning == "cumulative":
            commitment, has_condition = self._condition
            self._entry = _Entry(
                meaning, value, unit.strip(),
                "backlog" if meaning == "backlog" else commitment, has_condition,
            )  # fmt: skip
            if len(self._entries) >= ENTRIES_MAX:
                raise Wrong(f"more than {ENTRIES_MAX} entries in a line")
            self._entries.append(self._entry)
        elif meaning == "cumulative_received":
            self.put("cumulative_received", value)
        elif meaning == "last_receipt":
            self._in_receipt = True
            self.put("last_receipt_quantity", value, int(code != "48"))

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        entry = self._entry
        if entry is None and self._in_receipt and parts[0] in _RECEIPT_DATES:
            self.put("last_receipt_us", self.time(parts).from_us)
            return
        due = DUE.get(parts[0])
        if due is None:
            if entry is None:
                super()._dtm(segment)
            return
        span, (kind, edge) = self.time(parts), due
        if entry is not None:
            said = entry.due
        elif self.line is not None:
            said = self._due["line"]
        else:
            said = self._due["group" if self._in_group else "head"]
        if edge != "until":
            said["due_from_us"] = span.from_us
        if edge != "from":
            said["due_until_us"] = span.until_us
        if kind:
            said["due_kind"] = kind

    def _rff(self, segment: Segment) -> None:
        code, number = component(segment, 1, 0), component(segment, 1, 1)
        if self.line is not None and self._entry is None and code in _NOTES:
            if number:
                self.put("last_receipt", number)
            return
        meant = self.codes.references.get(code)
        if self._entry is not None and meant is not None and meant[0] in self.codes.names:
            self._entry.own[meant[0]] = number
            if meant[0] == "order_number":
                self._entry.own["order_line"] = component(segment, 1, 2) or None
            return
        super()._rff(segment)


def _with_cumulative(entries: list[_Entry]) -> list[_Entry]:
    """Each cumulative quantity goes to the demand of the same time, or stands for itself."""
    if all(entry.meaning in _DEMAND for entry in entries):
        return entries
    out: list[_Entry] = []
    last: dict[tuple[Any, Any], _Entry] = {}
    for entry in entries:
        when = (entry.due.get("due_from_us"), entry.due.get("due_until_us"))
        if entry.meaning in _DEMAND:
            out.append(entry)
            last[when] = entry
            continue
        demand = last.get(when) if any(when) else (out[-1] if out else None)
        if demand is not None:
            demand.own["cumulative_quantity"] = entry.quantity
        elif any(when):
            entry.own["cumulative_quantity"] = entry.quantity
            out.append(entry)
    return out


def _age(directory: str) -> tuple[int, str]:
    """D96A, 96A → (1996, "A"); what is no directory is taken as new."""
    year = directory.removeprefix("D")
    if len(year) == 3 and year.isascii() and year[:2].isdigit():
        return int(year[:2]) + (1900 if int(year[:2]) > 80 else 2000), year[2]
    return 9999, ""
