"""The base of all message readers: head, lines, and the position of faults.

A reader is fed with segments and returns facts and faults. A fault before the first line makes the
message unreadable (`feed` raises InvalidEdi); a fault in a line rejects only that line.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from werknetz_edge.edi.edifact.codes import CANCELS, Codes, Ranked
from werknetz_edge.edi.edifact.syntax import Segment, Syntax
from werknetz_edge.edi.edifact.times import parse_dtm
from werknetz_edge.edi.facts import EdiFact, EdiFault, FactFields
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import InvalidEdi, TimeSpan, parse_number, quote

_NO_RANK: Final = 1 << 30
_ENDS: Final = frozenset({"UNS", "CNT", "UNT"})


@dataclass(slots=True)
class MessageLine:
    """LIN with its segments, up to the next LIN."""

    number: int
    first: int
    fields: FactFields = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    bare_item: str = ""  # an item number without a qualifier
    quantities: dict[str, float] = field(default_factory=dict)  # by meaning
    read: set[str] = field(default_factory=set)  # codes of quantities
    unread: list[str] = field(default_factory=list)  # codes that no table has
    fault: tuple[str, str, int] | None = None  # tag, reason, segment: the first


class MessageReader(ABC):
    """Reads one message. Subclasses add handlers of segments, and `read_line`."""

    GROUPS: frozenset[str] = frozenset()  # segments that may start a group of lines

    def __init__(self, syntax: Syntax, codes: Codes, partner: Partner, zone: str) -> None:
        self.syntax, self.codes, self.partner, self.zone = syntax, codes, partner, zone
        decimal_mark = partner.decimal_mark
        self._mark = {"una": syntax.decimal_mark, "any": ""}.get(decimal_mark, decimal_mark)
        self.head: FactFields = {}
        self.group: FactFields = {}
        self.line: MessageLine | None = None
        self.lines = 0
        self.at = 0  # the current segment, from 0
        self._head_ranks: dict[str, int] = {}
        self._group_ranks: dict[str, int] = {}
        self._in_group = False
        self._group_fault: tuple[str, str, int] | None = None
        self._results: list[EdiFact | EdiFault] = []
        self._handlers: dict[str, Callable[[Segment], None]] = {
            "BGM": self._bgm, "DTM": self._dtm, "RFF": self._rff, "NAD": self._nad,
            "LOC": self._loc, "LIN": self._lin, "PIA": self._pia, "IMD": self._imd,
            "QTY": self._qty,
        }  # fmt: skip

    def feed(self, segments: Sequence[str]) -> list[EdiFact | EdiFault]:
        """Read more segments; raise InvalidEdi where the message is unreadable as a whole."""
        split, handlers, groups = self.syntax.split, self._handlers, self.GROUPS
        for raw in segments:
            tag = raw[:3]
            line = self.line
            starts = tag in groups and self.starts_group(tag)
            if starts or tag in _ENDS:
                self._close_line()
                if starts:
                    self._open_group()
                line = None
            handler = handlers.get(tag)
            if handler is not None and (line is None or line.fault is None or tag == "LIN"):
                try:
                    handler(split(raw))
                except InvalidEdi as error:
                    self._fault(tag, str(error))
            self.at += 1
        results, self._results = self._results, []
        return results

    def finish(self) -> list[EdiFact | EdiFault]:
        """End the message. Raises InvalidEdi where it has no line."""
        self._close_line()
        if not self.lines:
            raise InvalidEdi("the message has no line (LIN)")
        results, self._results = self._results, []
        return results

    @abstractmethod
    def read_line(self, line: MessageLine) -> None:
        """Add the line's facts by `add_fact`; raise InvalidEdi where it is incomplete."""

    def starts_group(self, tag: str) -> bool:  # noqa: ARG002  for subclasses
        return True

    def add_fact(
        self, line: MessageLine, values: FactFields, part: str = "", at_us: int | None = None
    ) -> None:
        kind = self.codes.kind
        fields = {**self.head, **self.group, **line.fields, **values}
        if at_us is None:
            at_us = fields.get("document_us")
        span = (line.first, max(line.first, self.at - 1))
        self._results.append(EdiFact(f"LIN {line.number}{part}", kind, fields, at_us, span))

    def number(self, text: str) -> float:
        """Parse a quantity of call-off, despatch or receipt: never negative by the standard."""
        number = parse_number(text.strip(), self._mark, self.partner.quantity_max)
        if number < 0 and self.partner.negative == "quarantine":
            raise InvalidEdi(
                f"quantity {quote(text)} is negative; see `negative` if that is intended"
            )
        return number

    def time(self, parts: Sequence[str]) -> TimeSpan:
        """Parse the value of a DTM."""
        value = parts[1].strip() if len(parts) > 1 else ""
        date_format = parts[2].strip() if len(parts) > 2 else ""
        return parse_dtm(value, date_format or self.partner.date_format or "", self.zone)

    def set_field(self, name: str, value: Any, rank: int = 0) -> bool:
        """Set a field of the line, the group or the head; return whether it was set.

        The lowest rank wins, also against the outer levels: so a supplier's own order number in a
        line does not replace the customer's in the head.
        """
        if name not in self.codes.names:
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
            return False
        scope[name], ranks[name] = value, rank
        if name == "order_number":
            scope.setdefault("order_line", None)  # a line number of another order does not apply
        return True

    def _fault(self, tag: str, reason: str) -> None:
        if self.line is not None:
            self.line.fault = (tag, reason, self.at)
        elif self._in_group:
            self._group_fault = self._group_fault or (tag, reason, self.at)
        elif self.lines:
            self._results.append(EdiFault(tag, reason, self.at, (self.at, self.at)))
        else:
            raise InvalidEdi(f"{tag}: {reason}")

    def _open_group(self) -> None:
        self.group, self._group_ranks, self._group_fault = {}, {}, None
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
                self._name_item(line)
                self.read_line(line)
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

    def _name_item(self, line: MessageLine) -> None:
        fields = line.fields
        if "material" in fields or "supplier_material" in fields or "ean" in fields:
            return
        if not line.bare_item:
            raise InvalidEdi("the line has no item number in LIN or PIA")
        fields["material"] = line.bare_item

    def _bgm(self, segment: Segment) -> None:
        document = component(segment, 2, 0)
        if not document:
            raise InvalidEdi("has no document number")
        self.head["document"] = document
        function = component(segment, 3, 0)
        if function in CANCELS:
            raise InvalidEdi(
                f"withdraws document {quote(document)} ({CANCELS[function]}): this is not "
                "done automatically; correct its earlier data by hand"
            )

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        target = self.codes.dates.get(parts[0])
        if target is not None:
            self.set_field(target[0], self.time(parts).from_us, target[1])

    def _rff(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        target = self.codes.references.get(parts[0])
        if target is not None and len(parts) > 1 and parts[1].strip():
            is_set = self.set_field(target[0], parts[1].strip(), target[1])
            if is_set and target[0] == "order_number" and len(parts) > 2 and parts[2].strip():
                self.set_field("order_line", parts[2].strip(), target[1])

    def _nad(self, segment: Segment) -> None:
        self._set_coded_field(segment, self.codes.parties, name_at=(3, 4))

    def _loc(self, segment: Segment) -> None:
        self._set_coded_field(segment, self.codes.places)

    def _set_coded_field(
        self, segment: Segment, table: Ranked, name_at: tuple[int, ...] = ()
    ) -> None:
        """Set the field of a code to the given number, or else the name."""
        target = table.get(component(segment, 1, 0))
        if target is None:
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
        number = component(segment, 1, 0)
        if number:
            line.fields["line"] = number
        self._item(segment, 3, line, rank=0)

    def _pia(self, segment: Segment) -> None:
        if self.line is not None:
            for at in range(2, len(segment)):
                self._item(segment, at, self.line, rank=1)

    def _item(self, segment: Segment, at: int, line: MessageLine, rank: int) -> None:
        parts = segment[at] if at < len(segment) else [""]
        number = parts[0].strip()
        if not number:
            return
        qualifier = parts[1].strip() if len(parts) > 1 else ""
        name = self.codes.items.get(qualifier)
        if name is not None:
            self.set_field(name, number, rank)
        elif not qualifier and not line.bare_item:
            line.bare_item = number

    def _imd(self, segment: Segment) -> None:
        text = (component(segment, 3, 3) + component(segment, 3, 4)).strip()
        if text and self.line is not None:
            self.set_field("description", text)

    def _qty(self, segment: Segment) -> None:
        """Read a quantity of the line: each meaning once, since two are ambiguous."""
        line = self.line
        if line is None:
            return
        code = component(segment, 1, 0)
        meaning = self.codes.quantities.get(code)
        if meaning is None:
            line.unread.append(code)
        elif meaning not in {"ignored", "per_package"}:
            value = self.number(component(segment, 1, 1))
            before = line.quantities.get(meaning)
            if meaning == "rejected" and before is not None and code not in line.read:
                value += before  # one part is returned, one is destroyed
            elif before is not None and before != value:
                raise InvalidEdi(f"QTY+{code} occurs twice in a line, with different quantities")
            line.read.add(code)
            line.quantities[meaning] = value
            unit = component(segment, 1, 2)
            if unit and meaning in {"despatched", "received", "accepted"}:
                line.fields["unit"] = unit


def component(segment: Segment, element: int, part: int) -> str:
    """Return a component, stripped; empty where it is missing."""
    try:
        return segment[element][part].strip()
    except IndexError:
        return ""


def missing_quantity_text(line: MessageLine, meaning: str, codes: str) -> str:
    others = sorted({code for code in line.unread if code})[:8]
    if others:
        return (
            f"no {meaning} quantity ({codes}); it has QTY+{', QTY+'.join(others)}: set their "
            "meaning under `qualifiers.quantities` of the partner's profile"
        )
    return f"no {meaning} quantity ({codes})"
