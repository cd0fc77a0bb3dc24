"""INVRPT: one fact for each quantity: in stock, or moved."""

from dataclasses import dataclass, field
from typing import Any, Final

from werknetz.events.facts import fields_of
from werknetz_edge.edi.edifact.readers.details import DetailReader
from werknetz_edge.edi.edifact.readers.line import MessageLine, component, missing_quantity_text
from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import FactFields
from werknetz_edge.edi.values import InvalidEdi, parse_quantity

ENTRIES_MAX: Final = 5_000  # of a line
KINDS: Final = ("stock_counted", "stock_moved")
_TIME_RANKS: Final = {"179": 0, "366": 1, "137": 2}  # booked, counted, written
_SIGNS: Final = {"1": -1.0, "2": 1.0}  # INV 4501: out of the stock, into it
_NO_DIRECTION: Final = (
    "a movement without direction (INV 4501: 1 out, 2 in); set `movement_sign: as_written` in the "
    "partner's profile if the quantity has the sign"
)


@dataclass(slots=True)
class _Inventory:
    """INV, with the segments between it and its first quantity."""

    direction: str = ""
    status: str = ""
    reason: str = ""
    values: FactFields = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    """QTY, with the segments up to the next one: its places, status and time."""

    meaning: str
    quantity: float
    exact: str
    unit: str
    inventory: _Inventory
    values: FactFields = field(default_factory=dict)
    time: tuple[int, int] | None = None  # rank, instant


class StockReader(DetailReader):
    MESSAGE = "INVRPT"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._inventory: _Inventory | None = None
        self._times: dict[str, tuple[int, int]] = {}  # of head and line
        self._entries: list[_Entry] = []
        self._entry: _Entry | None = None
        self._handlers |= {"INV": self._inv, "STS": self._sts}

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
        inventory = entry.inventory
        sign = self._sign(entry) if kind == "stock_moved" else 1.0
        values: FactFields = {"quantity": entry.quantity * sign}
        if entry.exact:
            values["quantity_exact"] = entry.exact if sign > 0 else f"-{entry.exact}"
        if kind == "stock_moved":
            values["reason"] = inventory.reason or None
        if entry.unit:
            values["unit"] = entry.unit
        if inventory.status:
            values["status"] = inventory.status
        values = {**values, **inventory.values, **entry.values}
        time = entry.time or self._times.get("line") or self._times.get("head")
        names = fields_of(kind)
        fields = self.fields_of_line(line, values)
        fields = {name: value for name, value in fields.items() if name in names}
        self.append_fact(line, fields, None if time is None else time[1], number, kind)

    def _sign(self, entry: _Entry) -> float:
        if self.partner.movement_sign == "as_written":
            return 1.0
        if entry.inventory.direction not in _SIGNS or entry.quantity < 0:
            raise InvalidEdi(_NO_DIRECTION)
        return _SIGNS[entry.inventory.direction]

    def _lin(self, segment: Segment) -> None:
        super()._lin(segment)
        self._inventory, self._entries, self._entry = None, [], None
        self._times.pop("line", None)

    def _inv(self, segment: Segment) -> None:
        if self.line is None:
            self.add_fault("INV", "an inventory movement outside of a line")
            return
        self._inventory = _Inventory(
            component(segment, 1, 0), component(segment, 2, 0), component(segment, 3, 0)
        )
        self._entry = None

    def _sts(self, segment: Segment) -> None:
        """STS: the status of its quantity, or of those that follow."""
        status = component(segment, 2, 0) or component(segment, 3, 0)
        if not status:
            self.remark("STS", "a status without a code (4405) is not read")
        elif self._values is None:
            self.set_field("status", status)
        else:
            self._values["status"] = status

    def _loc(self, segment: Segment) -> None:
        """A place behind a quantity or INV is theirs alone; before them it is the line's."""
        target = self.codes.places.get(component(segment, 1, 0))
        values, value = self._values, component(segment, 2, 0)
        if target is None or values is None or target[0] not in self.codes.names or not value:
            super()._loc(segment)
        else:
            values[target[0]] = value

    @property
    def _values(self) -> FactFields | None:
        """Fields of the quantity or INV to which a segment belongs."""
        if self._entry is not None:
            return self._entry.values
        return None if self._inventory is None else self._inventory.values

    def _qty(self, segment: Segment) -> None:
        line = self.line
        if line is None:
            self.quantity_outside(segment)
            return
        code, text = component(segment, 1, 0), component(segment, 1, 1)
        meaning = self.codes.quantities.get(code)
        self._entry = None
        if meaning == "ignored":
            return
        if meaning not in {"stock", "moved"}:
            self.leave_unread(line, code, text)
            return
        value, exact = parse_quantity(text, self._mark, self.partner.quantity_max)
        self._entry = _Entry(
            meaning, value, exact, component(segment, 1, 2), self._inventory or _Inventory()
        )
        if len(self._entries) >= ENTRIES_MAX:
            raise InvalidEdi(f"more than {ENTRIES_MAX} quantities in a line")
        self._entries.append(self._entry)

    def _rff(self, segment: Segment) -> None:
        """A batch behind a quantity is that quantity's."""
        target = self.codes.references.get(component(segment, 1, 0))
        number = component(segment, 1, 1)
        if self._entry is not None and target is not None and number:
            if target[0] in self.codes.names:
                self._entry.values[target[0]] = number
        else:
            super()._rff(segment)

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
