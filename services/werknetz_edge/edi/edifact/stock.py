"""INVRPT: one fact for each quantity: in stock, or moved."""

from dataclasses import dataclass
from typing import Any, Final

from werknetz.events.facts import fields_of
from werknetz_edge.edi.edifact.reader import (
    MessageLine,
    MessageReader,
    component,
    missing_quantity_text,
)
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import EdiFact, FactFields
from werknetz_edge.edi.values import InvalidEdi, parse_number

ENTRIES_MAX: Final = 5_000  # of a line
_TIME_RANKS: Final = {"179": 0, "366": 1, "137": 2}  # booked, counted, written
_SIGNS: Final = {"1": -1.0, "2": 1.0}  # INV 4501: out of the stock, into it
_NO_DIRECTION: Final = (
    "a movement without direction (INV 4501: 1 out, 2 in); set `movement_sign: as_written` in the "
    "partner's profile if the quantity has the sign"
)


@dataclass(slots=True)
class _Entry:
    meaning: str
    quantity: float
    unit: str
    direction: str
    status: str
    reason: str
    time: tuple[int, int] | None = None  # rank, instant


class StockReader(MessageReader):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._inventory = ("", "", "")  # direction, status, reason
        self._times: dict[str, tuple[int, int]] = {}  # of head and line
        self._entries: list[_Entry] = []
        self._entry: _Entry | None = None
        self._handlers["INV"] = self._inv

    def read_line(self, line: MessageLine) -> None:
        if not self._entries:
            raise InvalidEdi(missing_quantity_text(line, "stock or moved", "QTY+145 or QTY+156"))
        fields = line.fields
        if not fields.get("material"):  # the warehouse's number, if it has none of ours
            fields["material"] = fields.get("supplier_material") or fields.get("ean")
        for number, entry in enumerate(self._entries, 1):
            self._add_entry(line, entry, number)

    def _add_entry(self, line: MessageLine, entry: _Entry, number: int) -> None:
        kind = "stock_counted" if entry.meaning == "stock" else "stock_moved"
        values: FactFields = {"quantity": entry.quantity}
        if kind == "stock_moved":
            values["quantity"] = entry.quantity * self._sign(entry)
            values["reason"] = entry.reason or None
        if entry.unit:
            values["unit"] = entry.unit
        if entry.status:
            values["status"] = entry.status
        fields = {**self.head, **self.group, **line.fields, **values}
        names = fields_of(kind)
        time = entry.time or self._times.get("line") or self._times.get("head")
        self._results.append(
            EdiFact(
                f"LIN {line.number} QTY {number}",
                kind,
                {name: value for name, value in fields.items() if name in names},
                None if time is None else time[1],
                (line.first, max(line.first, self.at - 1)),
            )
        )

    def _sign(self, entry: _Entry) -> float:
        if self.partner.movement_sign == "as_written":
            return 1.0
        if entry.direction not in _SIGNS or entry.quantity < 0:
            raise InvalidEdi(_NO_DIRECTION)
        return _SIGNS[entry.direction]

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._inventory = ("", "", "")
        self._entries, self._entry = [], None
        self._times.pop("line", None)

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
        value = parse_number(component(segment, 1, 1), self._mark, self.partner.quantity_max)
        self._entry = _Entry(meaning, value, component(segment, 1, 2), *self._inventory)
        if len(self._entries) >= ENTRIES_MAX:
            raise InvalidEdi(f"more than {ENTRIES_MAX} quantities in a line")
        self._entries.append(self._entry)

    def _dtm(self, segment: Segment) -> None:
        parts = segment[1] if len(segment) > 1 else [""]
        rank = _TIME_RANKS.get(parts[0])
        if rank is None:
            super()._dtm(segment)
            return
        time = (rank, self.time(parts).from_us)
        if self._entry is not None:
            self._entry.time = min(self._entry.time or time, time)
        else:
            scope = "line" if self.line is not None else "head"
            self._times[scope] = min(self._times.get(scope, time), time)
