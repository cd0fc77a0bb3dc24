"""INVRPT: a fact a quantity: what is in stock, or what was moved."""

from dataclasses import dataclass
from typing import Any, Final

from werknetz.events.facts import fields_of
from werknetz_edge.edi.edifact.reader import Line, Reader, component, none_of
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import Found, Scope
from werknetz_edge.edi.values import Wrong, number_of

ENTRIES_MAX: Final = 5_000  # of a line
_WHEN: Final = {"179": 0, "366": 1, "137": 2}  # booked, counted, written
_SIGNS: Final = {"1": -1.0, "2": 1.0}  # INV 4501: out of the stock, into it
_NOT_DIRECTED: Final = (
    "a movement without its direction (INV 4501: 1 out, 2 in); say `movement_sign: as_written` in "
    "the partner's profile if the quantity has its sign"
)


@dataclass(slots=True)
class _Entry:
    meaning: str
    quantity: float
    unit: str
    direction: str
    status: str
    reason: str
    when: tuple[int, int] | None = None  # rank, instant


class StockReader(Reader):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._inventory = ("", "", "")  # direction, status, reason
        self._when: dict[str, tuple[int, int]] = {}  # of head and line
        self._entries: list[_Entry] = []
        self._entry: _Entry | None = None
        self._steps["INV"] = self._inv

    def close_line(self, line: Line) -> None:
        if not self._entries:
            raise Wrong(none_of(line, "stock or moved", "QTY+145 or QTY+156"))
        fields = line.fields
        if not fields.get("material"):  # how the keeper knows it, if he has no number of ours
            fields["material"] = fields.get("supplier_material") or fields.get("ean")
        for number, entry in enumerate(self._entries, 1):
            self._give(line, entry, number)

    def _give(self, line: Line, entry: _Entry, number: int) -> None:
        kind = "stock_counted" if entry.meaning == "stock" else "stock_moved"
        own: Scope = {"quantity": entry.quantity}
        if kind == "stock_moved":
            own["quantity"] = entry.quantity * self._sign(entry)
            own["reason"] = entry.reason or None
        if entry.unit:
            own["unit"] = entry.unit
        if entry.status:
            own["status"] = entry.status
        fields = {**self.head, **self.group, **line.fields, **own}
        known = fields_of(kind)
        when = entry.when or self._when.get("line") or self._when.get("head")
        self._out.append(
            Found(
                f"LIN {line.number} QTY {number}",
                kind,
                {name: value for name, value in fields.items() if name in known},
                None if when is None else when[1],
                (line.first, max(line.first, self.at - 1)),
            )
        )

    def _sign(self, entry: _Entry) -> float:
        if self.partner.movement_sign == "as_written":
            return 1.0
        if entry.direction not in _SIGNS or entry.quantity < 0:
            raise Wrong(_NOT_DIRECTED)
        return _SIGNS[entry.direction]

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._inventory = ("", "", "")
        self._entries, self._entry = [], None
        self._when.pop("line", None)

    def _inv(self, segment: Segment) -> None:
        self._inventory = (
            component(segment, 1, 0), component(segment, 2, 0), component(segment, 3, 0),
        )  # fmt: skip
        self._entry = None

    def _qty(self, segment: Segment) -> None:
        line = self.line
        if line is None:
            return
        code = component(segment, 1, 0)
        meaning = self.codes.quantities.get(code)
        self._entry = None
        if meaning not in {"stock", "moved"}:
            if meaning is None:
                line.unread.append(code)
            return
        value = number_of(component(segment, 1, 1), self._mark, self.partner.quantity_max)
        self._entry = _Entry(meaning, value, component(segment, 1, 2), *self._inventory)
        if len(self._entries) >= ENTRIES_MAX:
            raise Wrong(f"more than {ENTRIES_MAX} quantities in a line")
        self._entries.append(self._entry)

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        rank = _WHEN.get(parts[0])
        if rank is None:
            super()._dtm(segment)
            return
        said = (rank, self.time(parts).from_us)
        if self._entry is not None:
            self._entry.when = min(self._entry.when or said, said)
        else:
            scope = "line" if self.line is not None else "head"
            self._when[scope] = min(self._when.get(scope, said), said)
