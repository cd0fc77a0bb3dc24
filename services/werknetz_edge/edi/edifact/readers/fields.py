"""The segments of head and line that all messages share: numbers, parties, places, items."""

from typing import Any, Final

from werknetz_edge.edi.edifact.codes import Ranked
from werknetz_edge.edi.edifact.readers.line import NOTES_MAX, MessageLine, component
from werknetz_edge.edi.edifact.readers.reader import MessageReader
from werknetz_edge.edi.edifact.segments import ignore_reason
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.values import InvalidEdi, quote

NOTE_CHARACTERS_MAX: Final = 512
_DELETED: Final = "2"  # LIN 1229
_ACTIONS: Final = frozenset({"", "1", "3", "4", "5", "6"})  # added, changed, no action, accepted


class FieldReader(MessageReader):
    """Reads coded segments by the tables of the message."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._handlers |= {
            "BGM": self._bgm, "DTM": self._dtm, "RFF": self._rff, "NAD": self._nad,
            "LOC": self._loc, "LIN": self._lin, "PIA": self._pia, "IMD": self._imd,
            "QTY": self._qty,
        }  # fmt: skip

    def _bgm(self, segment: Segment) -> None:
        document = component(segment, 2, 0)
        if not document:
            raise InvalidEdi("has no document number")
        if self.head.get("document") not in {None, document}:
            raise InvalidEdi(f"a second document number, {quote(document)}")
        self.head["document"] = document
        function = component(segment, 3, 0)
        if len(function) > 3:
            self.remark(
                "BGM function",
                f"{quote(function)} in the place of the function (BGM 1225) is not a code; the "
                "message is read as one without a function",
            )

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        target = self.codes.dates.get(parts[0])
        if target is None:
            if self._before != "RFF":  # the date of a reference
                self.remark_code("DTM", parts[0], "dates")
        elif target[0] != "ignored":
            span = self.time(parts)
            is_end = target[0].endswith("_until_us")
            self.set_field(target[0], span.until_us if is_end else span.from_us, target[1])

    def _rff(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        target = self.codes.references.get(parts[0])
        number = parts[1].strip() if len(parts) > 1 else ""
        line = parts[2].strip() if len(parts) > 2 else ""
        if target is None:
            if self._owner != "NAD":  # a reference of the party
                self.remark_code("RFF", parts[0], "references")
            return
        if not number:
            return
        if parts[0] == "VN":
            is_set = self.set_field("supplier_order", number)
            if is_set and line:
                self.set_field("supplier_order_line", line)
        is_set = self.set_field(target[0], number, target[1])
        if is_set and target[0] == "order_number" and line:
            self.set_field("order_line", line, target[1])

    def _nad(self, segment: Segment) -> None:
        self._set_coded_field(segment, self.codes.parties, "parties", name_at=(3, 4))

    def _loc(self, segment: Segment) -> None:
        self._set_coded_field(segment, self.codes.places, "places")

    def _set_coded_field(
        self, segment: Segment, table: Ranked, name: str, name_at: tuple[int, ...] = ()
    ) -> None:
        """Set the field of a code to the given number, or else the name."""
        code = component(segment, 1, 0)
        target = table.get(code)
        if target is None:
            if not (segment[0][0] == "LOC" and self._owner == "NAD"):  # a place of the party
                self.remark_code(segment[0][0], code, name)
            return
        value = component(segment, 2, 0)
        for at in name_at:
            value = value or component(segment, at, 0)
        if value:
            self.set_field(target[0], value, target[1])

    def _lin(self, segment: Segment) -> None:
        self._close_line()
        self.lines += 1
        line = self.line = MessageLine(self.lines, self.at)
        number = segment[1][0].strip() if len(segment) > 1 else ""
        if number:
            line.fields["line"] = number
        action = segment[2][0].strip() if len(segment) > 2 else ""
        line.is_deleted = self._deletes_lines or action == _DELETED
        if action not in _ACTIONS and action != _DELETED:
            self.remark(f"LIN action {action[:20]}", f"action code {action[:20]!r} has no meaning")
        if len(segment) > 4:
            self._remark_sub_line(segment)
        self._item(segment, 3, line, rank=0)

    def _remark_sub_line(self, segment: Segment) -> None:
        parent = component(segment, 4, 1) or component(segment, 4, 0)
        if parent:
            self.remark(
                "LIN sub-line",
                f"a sub-line ({quote(parent)}) is read as a line of its own: its quantity may be "
                "part of another line's",
            )

    def _pia(self, segment: Segment) -> None:
        if self.line is None:
            self.add_fault("PIA", "an item number outside of a line")
            return
        for at in range(2, len(segment)):
            self._item(segment, at, self.line, rank=1)

    def _item(self, segment: Segment, at: int, line: MessageLine, rank: int) -> None:
        parts = segment[at] if at < len(segment) else [""]
        number = parts[0].strip()
        if not number:
            return
        qualifier = parts[1].strip() if len(parts) > 1 else ""
        name = self.codes.items.get(qualifier)
        if name == "serial_number":
            line.serial_numbers.append(number)
        elif name is not None:
            self.set_field(name, number, rank)
        elif not qualifier:
            line.bare_item = line.bare_item or number
        elif not ignore_reason(self.message, "PIA", qualifier):
            line.unknown_items.setdefault(qualifier[:20], number)

    def _imd(self, segment: Segment) -> None:
        text = (component(segment, 3, 3) + component(segment, 3, 4)).strip()
        if not text:
            text = component(segment, 3, 0)  # a code
        if not text:
            return
        if self.line is None:
            self.add_fault("IMD", "a description outside of a line")
        elif "description" in self.line.fields:
            self.add_note(text)
        else:
            self.set_field("description", text)

    def add_note(self, text: str) -> None:
        """Add free text to the line, the group or the head."""
        if "notes" not in self.codes.names:
            self.remark("FTX", "free text has no field in this message")
            return
        line = self.line
        notes = line.notes if line else self._notes["group" if self._in_group else "head"]
        if len(notes) >= NOTES_MAX:
            self.remark("FTX", f"more than {NOTES_MAX} texts: the others are not stored")
        else:
            notes.append(text[:NOTE_CHARACTERS_MAX])

    def quantity_outside(self, segment: Segment) -> None:
        """Reject a quantity that belongs to no line."""
        code, text = component(segment, 1, 0), component(segment, 1, 1)
        self.add_fault("QTY", f"quantity QTY+{code[:20]}:{text[:40]} is outside of a line")

    def _qty(self, segment: Segment) -> None:
        """Read a quantity of the line: each meaning once, since two are ambiguous."""
        line = self.line
        if line is None:
            self.quantity_outside(segment)
            return
        code, text = component(segment, 1, 0), component(segment, 1, 1)
        meaning = self.codes.quantities.get(code)
        if meaning is None:
            self.leave_unread(line, code, text)
            return
        if meaning == "ignored":
            return
        value, exact = self.quantity(text)
        if meaning == "per_package":
            self.set_field("quantity_per_package", value)
            return
        before = line.quantities.get(meaning)
        if meaning == "rejected" and before is not None and code not in line.read:
            value += before  # one part is returned, one is destroyed
        elif before is not None and before != value:
            raise InvalidEdi(f"QTY+{code} occurs twice in a line, with different quantities")
        line.read.add(code)
        line.quantities[meaning] = value
        if exact:
            line.exact[meaning] = exact
        unit = component(segment, 1, 2)
        if unit and meaning in {"despatched", "received", "accepted"}:
            line.fields["unit"] = unit

    def leave_unread(self, line: MessageLine, code: str, text: str) -> None:
        """Note a quantity without a meaning: remarked, or the reason why the line is rejected."""
        line.unread.setdefault(code[:20], (self.at, text))
