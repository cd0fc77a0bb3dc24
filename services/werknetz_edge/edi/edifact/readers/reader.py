"""The base of all message readers: head, lines, and the position of faults.

A reader is fed with segments and returns facts, faults and remarks. A fault before the first line
makes the message unreadable (`feed` raises InvalidEdi); a fault in a line rejects only that line.
No segment vanishes: it is read, ignored by a rule of `segments`, or remarked.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

from werknetz_edge.edi.edifact.codes import Codes
from werknetz_edge.edi.edifact.readers.line import MessageLine, missing_item_text
from werknetz_edge.edi.edifact.readers.remarks import MessageRemarks
from werknetz_edge.edi.edifact.segments import ignore_reason
from werknetz_edge.edi.edifact.syntax import Segment, Syntax
from werknetz_edge.edi.edifact.times import parse_dtm
from werknetz_edge.edi.facts import EdiFact, EdiFault, EdiRemark, FactFields
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import InvalidEdi, TimeSpan, parse_quantity, quote

_LOCAL_TIMES: Final = frozenset({"201", "202", "203", "204"})  # DTM 2379: hours without an offset
_NO_RANK: Final = 1 << 30
_ENDS: Final = frozenset({"UNS", "CNT", "UNT"})
_DEPENDENT: Final = frozenset({"RFF", "DTM", "CTA", "COM", "FTX", "LOC"})
"""Segments that describe the segment before them: a reference behind NAD is the party's."""

Result = EdiFact | EdiFault | EdiRemark


class MessageReader(ABC):
    """Reads one message. Subclasses add handlers of segments, and `read_line`."""

    GROUPS: frozenset[str] = frozenset()  # segments that may start a group of lines
    MESSAGE = ""

    def __init__(
        self, syntax: Syntax, codes: Codes, partner: Partner, zone: str,
        function: str | None = None, *, deletes_lines: bool = False,
    ) -> None:  # fmt: skip
        """`function`: of the document. `deletes_lines`: it names the lines to delete."""
        self.syntax, self.codes, self.partner, self.zone = syntax, codes, partner, zone
        decimal_mark = partner.decimal_mark
        self._mark = {"una": syntax.decimal_mark, "any": ""}.get(decimal_mark, decimal_mark)
        self.head: FactFields = {} if function is None else {"function": function}
        self.group: FactFields = {}
        self.line: MessageLine | None = None
        self.lines = 0
        self.at = 0  # the current segment, from 0
        self.remarks = MessageRemarks()
        self.message = self.MESSAGE
        self._deletes_lines = deletes_lines
        self._notes: dict[str, list[str]] = {"head": [], "group": []}
        self._head_ranks: dict[str, int] = {}
        self._group_ranks: dict[str, int] = {}
        self._in_group = False
        self._owner = ""  # the segment that following RFF, DTM … describe
        self._before = ""
        self._group_fault: tuple[str, str, int] | None = None
        self._results: list[Result] = []
        self._handlers: dict[str, Callable[[Segment], None]] = {}

    def feed(self, segments: Sequence[str]) -> list[Result]:
        """Read more segments; raise InvalidEdi where the message is unreadable as a whole."""
        split, handlers, groups = self.syntax.split, self._handlers, self.GROUPS
        for raw in segments:
            tag = raw[:3]
            line = self.line
            starts = tag in groups and self.starts_group(tag, raw)
            if starts or tag in _ENDS:
                self._close_line()
                if starts:
                    self._open_group()
                line = None
            if tag not in _DEPENDENT:
                self._owner = tag
            handler = handlers.get(tag)
            if handler is None:
                if not ignore_reason(self.message, tag):
                    self._remark_segment(tag)
            elif line is None or line.fault is None or tag == "LIN":
                try:
                    handler(split(raw))
                except InvalidEdi as error:
                    self._fault(tag, str(error))
            self._before = tag
            self.at += 1
        results, self._results = self._results, []
        return results

    def finish(self) -> list[Result]:
        """End the message. Raises InvalidEdi where it has no line."""
        self._close_line()
        if not self.lines:
            raise InvalidEdi("the message has no line (LIN)")
        results, self._results = self._results, []
        return [*results, *self.remarks.list()]

    @abstractmethod
    def read_line(self, line: MessageLine) -> None:
        """Add the line's facts by `add_fact`; raise InvalidEdi where it is incomplete."""

    def starts_group(self, tag: str, raw: str) -> bool:  # noqa: ARG002  for subclasses
        return True

    def add_fact(
        self, line: MessageLine, values: FactFields, at_us: int | None = None, entry: int = 0
    ) -> None:
        fields = self.fields_of_line(line, values)
        if at_us is None:
            at_us = fields.get("document_us")
        self.append_fact(line, fields, at_us, entry)

    def fields_of_line(self, line: MessageLine, values: FactFields) -> FactFields:
        """Return the fields of head, group and line, with these values."""
        fields = {**self.head, **self.group, **line.fields, **values}
        head, group = self._notes["head"], self._notes["group"]
        if head or group or line.notes:
            fields["notes"] = [*dict.fromkeys([*head, *group, *line.notes])]
        if line.serial_numbers:
            fields["serial_numbers"] = line.serial_numbers
        return fields

    def append_fact(
        self, line: MessageLine, fields: FactFields, at_us: int | None, entry: int = 0,
        kind: str = "", *, is_deleted: bool = False,
    ) -> None:  # fmt: skip
        item = f"LIN {line.number}"
        if entry and ("quantity" in fields or "cumulative_quantity" in fields):
            item += f" QTY {entry}"
        span = (line.first, max(line.first, self.at - 1))
        fact = EdiFact(
            item, kind or self.codes.kind, fields, at_us, span, line.key, entry, is_deleted
        )
        self._results.append(fact)

    def number(self, text: str) -> float:
        """Parse a number of call-off, despatch or receipt: never negative by the standard."""
        number, exact = self.quantity(text)
        if exact:
            raise InvalidEdi(f"{quote(text)} has more digits than can be stored exactly")
        return number

    def quantity(self, text: str) -> tuple[float, str]:
        """Parse a quantity; return its decimal text, too, where a float cannot represent it."""
        number, exact = parse_quantity(text.strip(), self._mark, self.partner.quantity_max)
        if number < 0 and self.partner.negative == "quarantine":
            raise InvalidEdi(
                f"quantity {quote(text)} is negative; see `negative` if that is intended"
            )
        return number, exact

    def time(self, parts: Sequence[str]) -> TimeSpan:
        """Parse the value of a DTM."""
        value = parts[1].strip() if len(parts) > 1 else ""
        date_format = parts[2].strip() if len(parts) > 2 else ""
        date_format = date_format or self.partner.date_format or ""
        span = parse_dtm(value, date_format, self.zone)
        if date_format in _LOCAL_TIMES and span.from_us != span.until_us:
            self.remark(
                f"DTM+{parts[0][:20]} twice",
                f"{quote(value)} occurs twice, as the clock goes back; the first time is stored. "
                "A format with an offset (205, 303, 304) is certain",
            )
        return span

    def set_field(self, name: str, value: Any, rank: int = 0) -> bool:
        """Set a field of the line, the group or the head; return whether it was set.

        The lowest rank wins, also against the outer levels: so a supplier's own order number in a
        line does not replace the customer's in the head.
        """
        if name == "ignored":
            return False
        if name not in self.codes.names:
            self.remark(f"field {name}", f"{self.codes.kind} has no field {name}: it is not stored")
            return False
        outer = self._head_ranks.get(name, _NO_RANK)
        if self.line is not None:
            scope, ranks = self.line.fields, self.line.ranks
            outer = min(outer, self._group_ranks.get(name, _NO_RANK))
        elif self._in_group:
            scope, ranks = self.group, self._group_ranks
        else:
            scope, ranks = self.head, self._head_ranks
        if rank > outer or rank >= ranks.get(name, _NO_RANK):
            if rank == ranks.get(name) and scope[name] != value:
                self.remark(
                    f"second {name}",
                    f"a second {name}, {quote(str(value))}, of the same kind: only the first is "
                    "stored",
                )
            return False
        scope[name], ranks[name] = value, rank
        if name == "order_number":
            scope.setdefault("order_line", None)  # a line number of another order does not apply
        return True

    def remark_code(self, tag: str, code: str, table: str) -> None:
        """Remark a code without a meaning, unless a rule ignores it; `table` is the remedy."""
        if ignore_reason(self.message, tag, code.upper()):
            return
        reason = (
            f"{tag}+{code[:20]} has no meaning here; what it describes is stored without it: set "
            f"it under `qualifiers.{table}` of the partner's profile"
        )
        self.remark(f"{tag}+{code[:20]}", reason)

    def remark(self, code: str, reason: str, at: int | None = None) -> None:
        """Report what is not read: once for each code, with the number of its occurrences."""
        prefix = f"LIN {self.line.number} " if self.line is not None else ""
        self.remarks.add(code, prefix + code, reason, self.at if at is None else at)

    def _remark_segment(self, tag: str) -> None:
        name = tag if tag.isprintable() else repr(tag)
        self.remark(
            name,
            f"segment {name} is not part of {self.message}; what it describes is stored without it",
        )

    def _fault(self, tag: str, reason: str) -> None:
        if self.line is not None:
            self.line.fault = (tag, reason, self.at)
        elif self._in_group:
            self._group_fault = self._group_fault or (tag, reason, self.at)
        elif self.lines:
            self.add_fault(tag, reason)
        else:
            raise InvalidEdi(f"{tag}: {reason}")

    def add_fault(self, tag: str, reason: str) -> None:
        """Reject the current segment alone."""
        self._results.append(EdiFault(tag, reason, self.at, (self.at, self.at)))

    def _open_group(self) -> None:
        self.group, self._group_ranks, self._group_fault = {}, {}, None
        self._notes["group"] = []
        self._in_group = True

    def _close_line(self) -> None:
        line = self.line
        if line is None:
            return
        fault = line.fault or self._group_fault
        if fault is None and not self.head.get("document"):
            fault = ("BGM", "is missing before the first LIN", line.first)
        results_before = len(self._results)
        if fault is None:
            try:
                self._read_whole_line(line)
            except InvalidEdi as error:
                del self._results[results_before:]  # a line is stored completely or not at all
                fault = ("LIN", str(error), line.first)
        self.line = None
        if fault is not None:
            tag, reason, at = fault
            item = f"LIN {line.number}" + (f" {tag}" if tag != "LIN" else "")
            self._results.append(
                EdiFault(item, reason, at, (line.first, max(line.first, self.at - 1)))
            )

    def _read_whole_line(self, line: MessageLine) -> None:
        if not (line.is_deleted and line.fields.get("line")):
            self._name_item(line)
        if line.is_deleted:
            self.append_fact(line, {}, None, is_deleted=True)
            return
        self.read_line(line)
        for code, (at, text) in line.unread.items():
            if ignore_reason(self.message, "QTY", code):
                continue
            self.remark(
                f"QTY+{code}",
                f"quantity QTY+{code}:{text[:40]} has no meaning here; the line is stored without "
                "it: set its meaning under `qualifiers.quantities` of the partner's profile",
                at,
            )
        for code, number in line.unknown_items.items():
            self.remark(
                f"PIA+{code}",
                f"item number {quote(number)} has the unknown qualifier {code!r}; the line is "
                "stored without it: set it under `qualifiers.items` of the partner's profile",
                line.first,
            )

    def _name_item(self, line: MessageLine) -> None:
        fields = line.fields
        if "material" in fields or "supplier_material" in fields or "ean" in fields:
            if line.bare_item:
                fields.setdefault("material", line.bare_item)
            return
        if not line.bare_item:
            raise InvalidEdi(missing_item_text(line))
        fields["material"] = line.bare_item
