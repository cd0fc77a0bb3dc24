"""VDA 4905: 512 with its 513 and 514 → a fact an entry of the schedule.

A call-off is read whole or not at all: it replaces the former.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from werknetz_edge.edi.facts import Fault, Found, Scope
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import Wrong, number_of, shown
from werknetz_edge.edi.vda.dates import END, PERIODS, Due, day_of, due_of
from werknetz_edge.edi.vda.layout import Layout
from werknetz_edge.edi.vda.records import CALL_OFF, demands
from werknetz_edge.edi.vda.transmission import Record, check

KIND: Final = "delivery_called_off"
_NEEDED: Final = frozenset({"512", "513", "514"})


def read_call_off(
    head: Scope, group: Sequence[Record], number: int, partner: Partner, zone: str
) -> Iterator[Found | Fault]:
    """A group of records that 512 begins: its facts, or one fault; and remarks on spare records."""
    span = (group[0].number, group[-1].number)
    at = group[0]
    try:
        fields: Scope = {}
        entries: list[Scope] = []
        schedule = _Schedule(partner, zone)
        for at in group:
            if at.type in _NEEDED:
                check(at, "VDA4905")
            if at.type == "512":
                fields = _head(at.text, zone)
            elif at.type == "513":
                fields |= _receipt(at.text, zone)
            if at.type in {"513", "514"}:
                entries += schedule.entries(CALL_OFF[at.type], at)
        at = group[0]
        _has_schedule(group)
    except Wrong as error:
        yield Fault(f"512 {number} {at.type}", str(error), at.number, span)
        return
    at_us = fields.get("document_us")
    for count, entry in enumerate(entries or [{}], 1):
        item = f"512 {number} QTY {count}"
        yield Found(item, KIND, {**head, **fields, **entry}, at_us, span)
    yield from _spare(group, number)


def head_of(text: str, zone: str) -> Scope:
    """What 511 says of every call-off behind it."""
    layout = CALL_OFF["511"]
    fields: Scope = {name: layout[name].read(text) for name in ("customer", "supplier")}
    zero = day_of(layout["zero_date"].read(text), zone, "zero date")
    fields = {name: value for name, value in fields.items() if value}
    if zero is not None:
        fields["cumulative_since_us"] = zero.from_us
    return fields


def _has_schedule(group: Sequence[Record]) -> None:
    if not any(record.type == "513" for record in group):
        raise Wrong("no record 513: neither what was received nor a schedule")


def _spare(group: Sequence[Record], number: int) -> Iterator[Fault]:
    for record in group:
        if record.type not in _NEEDED:
            try:
                check(record, "VDA4905")
            except Wrong as error:
                place = (record.number, record.number)
                yield Fault(f"512 {number} {record.type}", str(error), record.number, place)


def _head(text: str, zone: str) -> Scope:
    layout = CALL_OFF["512"]
    read = {name: layout[name].read(text) for name in layout.columns}
    if not read["call_off"]:
        raise Wrong(f"no call-off number (columns {layout['call_off'].place})")
    if not read["material"] and not read["supplier_material"]:
        raise Wrong("no part number, neither the customer's nor the supplier's")
    fields: Scope = {
        "document": read["call_off"], "material": read["material"],
        "supplier_material": read["supplier_material"], "order_number": read["order"],
        "unloading_point": read["unloading_point"], "unit": read["unit"],
        "ship_to": read["plant"], "replaces": read["old_call_off"].lstrip("0") and
        read["old_call_off"], "point_of_use": read["store"],
    }  # fmt: skip
    fields = {name: value for name, value in fields.items() if value}
    written = day_of(read["date"], zone, "date of the call-off")
    if written is not None:
        fields["document_us"] = written.from_us
    return fields


def _receipt(text: str, zone: str) -> Scope:
    """What the customer received last, and in all."""
    layout = CALL_OFF["513"]
    fields: Scope = {"cumulative_received": layout["cumulative"].number(text)}
    note = layout["note"].read(text)
    if note.strip("0"):
        fields["last_receipt"] = note
        fields["last_receipt_quantity"] = layout["quantity"].number(text)
    received = day_of(layout["received"].read(text), zone, "date of the last receipt")
    received = received or day_of(layout["note_date"].read(text), zone, "date of the last note")
    if received is not None:
        fields["last_receipt_us"] = received.from_us
    return {name: value for name, value in fields.items() if value is not None}


class _Schedule:
    """Dates and quantities over 513 and 514; 000000 ends them."""

    def __init__(self, partner: Partner, zone: str) -> None:
        self._partner, self._zone = partner, zone
        self._ended = self._periods = False

    def entries(self, layout: Layout, record: Record) -> Iterator[Scope]:
        for n in demands(record.type):
            date = layout[f"date{n}"].read(record.text)
            written = layout[f"due{n}"].read(record.text)
            name = f"date {n} (columns {layout[f'date{n}'].place})"
            if date in {"", END}:
                self._ended = True
            if self._ended:
                if date.strip("0") or written.strip("0"):
                    raise Wrong(f"{name}: {shown(date + ' ' + written)} behind the end of the list")
                continue
            quantity = number_of(written or "0", "", self._partner.quantity_max)
            if not (written or "0").isdigit():
                raise Wrong(f"quantity {n}: {shown(written)} is no number of nine digits")
            if date == PERIODS:
                if quantity:
                    raise Wrong(f"{name}: {PERIODS} has a quantity of its own, {shown(written)}")
                self._periods = True
                continue
            due = due_of(
                date, self._zone, name, periods=self._periods,
                week_spans=self._partner.vda_week_spans,
            )  # fmt: skip
            yield _entry(due, quantity)


def _entry(due: Due, quantity: float) -> Scope:
    entry: Scope = {"quantity": quantity}
    if due.span is not None:
        entry |= {"due_from_us": due.span.from_us, "due_until_us": due.span.until_us}
    if due.commitment is not None:
        entry["commitment"] = due.commitment
    return entry
