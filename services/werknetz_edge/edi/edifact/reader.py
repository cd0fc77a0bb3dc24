"""What the readers of all messages share: the document's head, its lines, and where a fault lies.

A reader is fed segments and gives facts and faults. What is wrong before the first line makes the
message unreadable (`Wrong` comes out of `feed`); what is wrong in a line costs that line alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from werknetz_edge.edi.edifact.codes import CANCELS, Codes, Ranked
from werknetz_edge.edi.edifact.syntax import Segment, Syntax
from werknetz_edge.edi.edifact.times import time_of
from werknetz_edge.edi.facts import Fault, Found, Scope
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import Span, Wrong, number_of, shown

_NO_RANK: Final = 1 << 30
_ENDS: Final = frozenset({"UNS", "CNT", "UNT"})


@dataclass(slots=True)
class Line:
    """LIN and what belongs to it, until the next."""

    number: int
    first: int
    fields: Scope = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    bare_item: str = ""  # an item number without a qualifier
    quantities: dict[str, float] = field(default_factory=dict)  # by what they mean
    read: set[str] = field(default_factory=set)  # codes of quantities
    unread: list[str] = field(default_factory=list)  # those that no table has
    fault: tuple[str, str, int] | None = None  # tag, reason, segment: the first


class Reader(ABC):
    """One message. Subclasses add their segments to `_steps` and say what a line becomes."""

    GROUPS: frozenset[str] = frozenset()  # segments that may begin a group of lines

    def __init__(self, syntax: Syntax, codes: Codes, partner: Partner, zone: str) -> None:
        self.syntax, self.codes, self.partner, self.zone = syntax, codes, partner, zone
        mark = partner.decimal_mark
        self._mark = {"una": syntax.mark, "any": ""}.get(mark, mark)
        self.head: Scope = {}
        self.group: Scope = {}
        self.line: Line | None = None
        self.lines = 0
        self.at = 0  # the segment that is being read, from 0
        self._head_ranks: dict[str, int] = {}
        self._group_ranks: dict[str, int] = {}
        self._in_group = False
        self._group_fault: tuple[str, str, int] | None = None
        self._out: list[Found | Fault] = []
        self._steps: dict[str, Callable[[Segment], None]] = {
            "BGM": self._bgm, "DTM": self._dtm, "RFF": self._rff, "NAD": self._nad,
            "LOC": self._loc, "LIN": self._lin, "PIA": self._pia, "IMD": self._imd,
            "QTY": self._qty,
        }  # fmt: skip

    def feed(self, segments: Sequence[str]) -> list[Found | Fault]:
        """Read on; raise Wrong where the message as a whole cannot be read."""
        split, steps, groups = self.syntax.split, self._steps, self.GROUPS
        for raw in segments:
            tag = raw[:3]
            line = self.line
            begins = tag in groups and self.begins_group(tag)
            if begins or tag in _ENDS:
                self._close_line()
                if begins:
                    self._open_group()
                line = None
            step = steps.get(tag)
            if step is not None and (line is None or line.fault is None or tag == "LIN"):
                try:
                    step(split(raw))
                except Wrong as error:
                    self._fault(tag, str(error))
            self.at += 1
        out, self._out = self._out, []
        return out

    def finish(self) -> list[Found | Fault]:
        """The message has ended. Raises Wrong where it said nothing."""
        self._close_line()
        if not self.lines:
            raise Wrong("the message has no line (LIN)")
        out, self._out = self._out, []
        return out

    @abstractmethod
    def close_line(self, line: Line) -> None:
        """Give what the line says, by `give`; raise Wrong where that is not enough."""

    def begins_group(self, tag: str) -> bool:  # noqa: ARG002  for those who look closer
        return True

    def give(self, line: Line, own: Scope, part: str = "", at_us: int | None = None) -> None:
        kind = self.codes.kind
        fields = {**self.head, **self.group, **line.fields, **own}
        if at_us is None:
            at_us = fields.get("document_us")
        span = (line.first, max(line.first, self.at - 1))
        self._out.append(Found(f"LIN {line.number}{part}", kind, fields, at_us, span))

    def number(self, text: str) -> float:
        """A quantity of call-off, despatch or receipt: none is negative by the standard."""
        number = number_of(text.strip(), self._mark, self.partner.quantity_max)
        if number < 0 and self.partner.negative == "quarantine":
            raise Wrong(f"quantity {shown(text)} is negative; say `negative` if that is meant")
        return number

    def time(self, parts: Sequence[str]) -> Span:
        """The value of a DTM."""
        value = parts[1].strip() if len(parts) > 1 else ""
        form = parts[2].strip() if len(parts) > 2 else ""
        return time_of(value, form or self.partner.date_format or "", self.zone)

    def put(self, name: str, value: Any, rank: int = 0) -> bool:
        """Into the line, the group or the head. A lower rank wins, there and around.

        So a supplier's own order number in a line does not take the place of the customer's in
        the head. Whether it was taken.
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
            scope.setdefault("order_line", None)  # that of another order is none of this one
        return True

    def _fault(self, tag: str, reason: str) -> None:
        if self.line is not None:
            self.line.fault = (tag, reason, self.at)
        elif self._in_group:
            self._group_fault = self._group_fault or (tag, reason, self.at)
        elif self.lines:
            self._out.append(Fault(tag, reason, self.at, (self.at, self.at)))
        else:
            raise Wrong(f"{tag}: {reason}")

    def _open_group(self) -> None:
        self.group, self._group_ranks, self._group_fault = {}, {}, None
        self._in_group = True

    def _close_line(self) -> None:
        line = self.line
        if line is None:
            return
        fault = line.fault or self._group_fault
        if fault is None and not self.head.get("document"):
            fault = ("BGM", "comes not before the first LIN", line.first)
        mark = len(self._out)
        if fault is None:
            try:
                self._name_item(line)
                self.close_line(line)
            except Wrong as error:
                del self._out[mark:]  # a line counts whole or not at all
                fault = ("LIN", str(error), line.first)
        self.line = None
        if fault is not None:
            tag, reason, at = fault
            item = f"LIN {line.number}" + (f" {tag}" if tag != "LIN" else "")
            self._out.append(Fault(item, reason, at, (line.first, max(line.first, self.at - 1))))

    def _name_item(self, line: Line) -> None:
        fields = line.fields
        if "material" in fields or "supplier_material" in fields or "ean" in fields:
            return
        if not line.bare_item:
            raise Wrong("the line names no item, neither in LIN nor in PIA")
        fields["material"] = line.bare_item

    def _bgm(self, segment: Segment) -> None:
        document = component(segment, 2, 0)
        if not document:
            raise Wrong("names no document")
        self.head["document"] = document
        function = component(segment, 3, 0)
        if function in CANCELS:
            raise Wrong(
                f"takes document {shown(document)} back ({CANCELS[function]}): not done by itself; "
                "correct what it had said by hand"
            )

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        meant = self.codes.dates.get(parts[0])
        if meant is not None:
            self.put(meant[0], self.time(parts).from_us, meant[1])

    def _rff(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        meant = self.codes.references.get(parts[0])
        if meant is not None and len(parts) > 1 and parts[1].strip():
            taken = self.put(meant[0], parts[1].strip(), meant[1])
            if taken and meant[0] == "order_number" and len(parts) > 2 and parts[2].strip():
                self.put("order_line", parts[2].strip(), meant[1])

    def _nad(self, segment: Segment) -> None:
        self._coded(segment, self.codes.parties, name_at=(3, 4))

    def _loc(self, segment: Segment) -> None:
        self._coded(segment, self.codes.places)

    def _coded(self, segment: Segment, table: Ranked, name_at: tuple[int, ...] = ()) -> None:
        """A code and whom or what it names: by number, else by name."""
        meant = table.get(component(segment, 1, 0))
        if meant is None:
            return
        named = component(segment, 2, 0)
        for at in name_at:
            named = named or component(segment, at, 0)
        if named:
            self.put(meant[0], named, meant[1])

    def _lin(self, segment: Segment) -> None:
        self._close_line()
        self.lines += 1
        line = self.line = Line(self.lines, self.at)
        number = component(segment, 1, 0)
        if number:
            line.fields["line"] = number
        self._item(segment, 3, line, rank=0)

    def _pia(self, segment: Segment) -> None:
        if self.line is not None:
            for at in range(2, len(segment)):
                self._item(segment, at, self.line, rank=1)

    def _item(self, segment: Segment, at: int, line: Line, rank: int) -> None:
        parts = segment[at] if at < len(segment) else [""]
        number = parts[0].strip()
        if not number:
            return
        qualifier = parts[1].strip() if len(parts) > 1 else ""
        name = self.codes.items.get(qualifier)
        if name is not None:
            self.put(name, number, rank)
        elif not qualifier and not line.bare_item:
            line.bare_item = number

    def _imd(self, segment: Segment) -> None:
        text = (component(segment, 3, 3) + component(segment, 3, 4)).strip()
        if text and self.line is not None:
            self.put("description", text)

    def _qty(self, segment: Segment) -> None:
        """A quantity of the line: each meaning once, as a second would be added or lost."""
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
                value += before  # to be returned, and to be destroyed
            elif before is not None and before != value:
                raise Wrong(f"QTY+{code} stands twice in a line, with different quantities")
            line.read.add(code)
            line.quantities[meaning] = value
            unit = component(segment, 1, 2)
            if unit and meaning in {"despatched", "received", "accepted"}:
                line.fields["unit"] = unit


def component(segment: Segment, element: int, part: int) -> str:
    """A component, stripped; empty where there is none."""
    try:
        return segment[element][part].strip()
    except IndexError:
        return ""


def none_of(line: Line, what: str, codes: str) -> str:
    others = sorted({code for code in line.unread if code})[:8]
    if others:
        return (
            f"no {what} quantity ({codes}); it has QTY+{', QTY+'.join(others)}: say under "
            "`qualifiers.quantities` of the partner's profile what they are"
        )
    return f"no {what} quantity ({codes})"
