"""DELFOR and DELJIT: one fact for each entry in the schedule of each line.

The directories differ in the position of SCC: after its quantity before D96B and in every DELJIT,
before its quantities since then. A line is read completely or not at all: it replaces the former.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from werknetz_edge.edi.edifact.codes import COMMITMENTS, DUE
from werknetz_edge.edi.edifact.readers import frequency
from werknetz_edge.edi.edifact.readers.details import DetailReader
from werknetz_edge.edi.edifact.readers.line import MessageLine, component, missing_quantity_text
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import FactFields
from werknetz_edge.edi.values import InvalidEdi

_RECEIPT_DATES: Final = frozenset({"50", "35", "11", "171", "137"})
_NOTES: Final = frozenset({"AAU", "DQ", "AAK", "SI"})
_DEMAND: Final = frozenset({"called_off", "backlog"})
_CONDITION_FIRST: Final = (1996, "B")
ENTRIES_MAX: Final = 5_000  # of a line: one a day for thirteen years


@dataclass(frozen=True, slots=True)
class _Condition:
    """A SCC: commitment and frequency."""

    commitment: str | None = None
    frequency: str | None = None
    is_set: bool = False


@dataclass(slots=True)
class _Entry:
    """One QTY of the schedule."""

    meaning: str
    quantity: float
    exact: str
    unit: str
    condition: _Condition
    at: int  # its segment
    due: FactFields = field(default_factory=dict)
    values: FactFields = field(default_factory=dict)  # fields of its references


class ScheduleReader(DetailReader):
    """Collects the entries of a line until its end: each is small."""

    GROUPS = frozenset({"GIS", "GEI", "SEQ", "NAD"})

    def __init__(self, *arguments: Any, message: str, directory: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.message = message
        conditions = self.partner.conditions
        if conditions == "by_directory":
            is_first = message == "DELFOR" and _age(directory) >= _CONDITION_FIRST
            conditions = "before_quantity" if is_first else "after_quantity"
        self._has_explicit_conditions = self.partner.conditions != "by_directory"
        self._condition_after_quantity = conditions == "after_quantity"
        self._nad_groups = message == "DELFOR" and _age(directory) < _CONDITION_FIRST
        self._in_detail = False
        self._sequence_in_line: bool | None = None  # whether SEQ follows LIN in this message
        self._due: dict[str, FactFields] = {"head": {}, "group": {}, "line": {}}
        self._entries: list[_Entry] = []
        self._entry: _Entry | None = None
        self._condition = _Condition()
        self._in_receipt = False
        self._handlers |= {
            "SCC": self._scc, "SEQ": self._seq, "UNS": self._uns, "GIS": _nothing, "GEI": _nothing,
        }  # fmt: skip

    def starts_group(self, tag: str, raw: str) -> bool:  # noqa: ARG002
        """SEQ starts a group of lines, or describes its line: the first one of a message decides.

        Before D96B a NAD after a line is the delivery point of the following lines.
        """
        if tag == "SEQ":
            if self._sequence_in_line is None:
                self._sequence_in_line = self.line is not None
            return not self._sequence_in_line
        if tag == "NAD":
            return self._nad_groups and (
                self.line is not None or (self._in_detail and not self._in_group)
            )
        return True

    def read_line(self, line: MessageLine) -> None:
        entries = self._with_cumulative(self._entries)
        if not entries:
            has_receipt = any(
                name in line.fields for name in ("cumulative_received", "last_receipt")
            )
            if not has_receipt and line.unread:
                raise InvalidEdi(
                    missing_quantity_text(line, "called-off", "QTY+113, QTY+1 or QTY+21")
                )
            if self._due["line"]:
                self.remark("DTM due", "a due date without a quantity is not stored", line.first)
            self.add_fact(line, {}, entry=1)  # nothing is called off: this replaces the former, too
            return
        due = {**self._due["head"], **self._due["group"], **self._due["line"]}
        for number, entry in enumerate(entries, 1):
            values = {**due, **entry.due, **entry.values}
            if entry.meaning in _DEMAND:
                values["quantity"] = entry.quantity
                if entry.exact:
                    values["quantity_exact"] = entry.exact
            if entry.unit:
                values["unit"] = entry.unit
            self._add_condition(values, entry)
            self.add_fact(line, values, entry=number)

    def _add_condition(self, values: FactFields, entry: _Entry) -> None:
        """Add the commitment, and the period for which the quantity is due."""
        if entry.condition.commitment is not None:
            values["commitment"] = entry.condition.commitment
        name = entry.condition.frequency
        if name is None:
            return
        values["frequency"] = name
        start_us, until_us = values.get("due_from_us"), values.get("due_until_us")
        if start_us is None or until_us is None:
            return
        span = frequency.widen(start_us, until_us, name, self.zone)
        values["due_from_us"], values["due_until_us"] = span.from_us, span.until_us
        if name == "interval" and span.until_us - span.from_us <= frequency.DAY_US:
            self.remark(
                "SCC frequency F",
                "a flexible interval with one date: its other end is missing; it is read as a day",
                entry.at,
            )

    def _open_group(self) -> None:
        super()._open_group()
        self._due["group"] = {}

    def _uns(self, _segment: Segment) -> None:
        self._in_detail = True

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._due["line"], self._entries, self._entry = {}, [], None
        self._condition, self._in_receipt = _Condition(), False

    def _seq(self, segment: Segment) -> None:
        number = component(segment, 2, 0)
        if not number:
            return
        if self.line is not None:  # the next quantity has a sequence of its own
            self._entry = None
            self.line.fields["sequence"] = number
        else:
            self.set_field("sequence", number)

    def _scc(self, segment: Segment) -> None:
        if self.line is None:
            self.add_fault("SCC", "a scheduling condition outside of a line")
            return
        condition = self._condition_of(segment)
        entry = self._entry
        self._in_receipt = False
        is_open = entry is not None and entry.meaning in _DEMAND and not entry.condition.is_set
        # A condition after a quantity without condition and date can only belong to that quantity.
        if (
            entry
            and is_open
            and (
                self._condition_after_quantity
                or (not self._has_explicit_conditions and not entry.due)
            )
        ):
            commitment = entry.condition.commitment or condition.commitment
            entry.condition = _Condition(commitment, condition.frequency, is_set=True)
            return
        self._condition, self._entry = condition, None

    def _condition_of(self, segment: Segment) -> _Condition:
        code, period = component(segment, 1, 0), component(segment, 3, 0)
        commitment, name = COMMITMENTS.get(code), frequency.NAMES.get(period)
        if code and commitment is None:
            self.remark(
                f"SCC+{code[:20]}",
                f"commitment {code[:20]!r} (SCC 4017) has no meaning here; the entry has none",
            )
        if period and name is None and period not in frequency.NO_PERIOD:
            self.remark(
                f"SCC frequency {period[:20]}",
                f"frequency {period[:20]!r} (SCC 2013) is not known; the dates are read as written",
            )
        return _Condition(commitment, name, is_set=True)

    def _qty(self, segment: Segment) -> None:
        line = self.line
        if line is None:
            self.quantity_outside(segment)
            return
        code, text, unit = (
            component(segment, 1, 0), component(segment, 1, 1), component(segment, 1, 2),
        )  # fmt: skip
        meaning = self.codes.quantities.get(code)
        self._entry, self._in_receipt = None, False
        if meaning is None:
            self.leave_unread(line, code, text)
            return
        if meaning == "ignored":
            return
        value, exact = self.quantity(text)
        if meaning in _DEMAND or meaning == "cumulative":
            self._add_entry(line, meaning, value, exact, unit)
        elif meaning == "per_package":
            self.set_field("quantity_per_package", value)
        elif meaning == "cumulative_received":
            self.set_field("cumulative_received", value)
        elif meaning == "last_receipt":
            self._in_receipt = True
            self.set_field("last_receipt_quantity", value, int(code != "48"))
        else:
            self.leave_unread(line, code, text)

    def _add_entry(
        self, line: MessageLine, meaning: str, value: float, exact: str, unit: str
    ) -> None:
        condition = self._condition
        if meaning == "backlog":
            condition = _Condition("backlog", condition.frequency, condition.is_set)
        self._entry = _Entry(meaning, value, exact, unit, condition, self.at)
        if exact and meaning == "cumulative":
            raise InvalidEdi(f"{exact} has more digits than can be stored exactly")
        if self._sequence_in_line and "sequence" in line.fields:
            self._entry.values["sequence"] = line.fields["sequence"]
        if len(self._entries) >= ENTRIES_MAX:
            raise InvalidEdi(f"more than {ENTRIES_MAX} entries in a line")
        self._entries.append(self._entry)

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        entry = self._entry
        if entry is None and self._in_receipt and parts[0] in _RECEIPT_DATES:
            self.set_field("last_receipt_us", self.time(parts).from_us)
            return
        due = DUE.get(parts[0])
        if due is None:
            if entry is None:
                super()._dtm(segment)
            elif self._before != "RFF":
                self.remark_code("DTM", parts[0], "dates")
            return
        span, (kind, edge) = self.time(parts), due
        if entry is not None:
            dates = entry.due
        elif self.line is not None:
            dates = self._due["line"]
        else:
            dates = self._due["group" if self._in_group else "head"]
        if edge != "until":
            dates["due_from_us"] = span.from_us
        if edge != "from":
            dates["due_until_us"] = span.until_us
        if kind:
            dates["due_kind"] = kind

    def _rff(self, segment: Segment) -> None:
        code, number = component(segment, 1, 0), component(segment, 1, 1)
        if self.line is not None and self._entry is None and code in _NOTES:
            if number:
                self.set_field("last_receipt", number)
            return
        target = self.codes.references.get(code)
        if self._entry is not None and target is not None and target[0] in self.codes.names:
            self._entry.values[target[0]] = number
            if target[0] == "order_number":
                self._entry.values["order_line"] = component(segment, 1, 2) or None
            return
        super()._rff(segment)

    def _with_cumulative(self, entries: list[_Entry]) -> list[_Entry]:
        """Add each cumulative quantity to the demand of the same time, or keep it as an entry."""
        if all(entry.meaning in _DEMAND for entry in entries):
            return entries
        merged: list[_Entry] = []
        last_demand: dict[tuple[Any, Any], _Entry] = {}
        for entry in entries:
            period = (entry.due.get("due_from_us"), entry.due.get("due_until_us"))
            if entry.meaning in _DEMAND:
                merged.append(entry)
                last_demand[period] = entry
                continue
            demand = last_demand.get(period) if any(period) else (merged[-1] if merged else None)
            if demand is not None:
                demand.values["cumulative_quantity"] = entry.quantity
            elif any(period):
                entry.values["cumulative_quantity"] = entry.quantity
                merged.append(entry)
            else:
                self.remark(
                    "QTY cumulative",
                    f"cumulative quantity {entry.quantity:g} has neither a date nor a demand; the "
                    "line is stored without it",
                    entry.at,
                )
        return merged


def _nothing(_segment: Segment) -> None:
    """GIS and GEI only start a group."""


def _age(directory: str) -> tuple[int, str]:
    """D96A, 96A → (1996, "A"); an unknown directory counts as new."""
    year = directory.removeprefix("D")
    if len(year) == 3 and year.isascii() and year[:2].isdigit():
        return int(year[:2]) + (1900 if int(year[:2]) > 80 else 2000), year[2]
    return 9999, ""
