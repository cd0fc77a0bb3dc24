"""VDA 4913: 712 (transport) → 713 (delivery note) → 714 (line) → 715 (packages): a fact a line."""

from collections.abc import Iterator, Sequence
from typing import Final

from werknetz_edge.edi.edifact.times import time_of
from werknetz_edge.edi.facts import Fault, Found, Scope
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import Span, Wrong, shown
from werknetz_edge.edi.vda.dates import NONE, day_of
from werknetz_edge.edi.vda.layout import Layout
from werknetz_edge.edi.vda.records import DESPATCH
from werknetz_edge.edi.vda.transmission import Record, check

KIND: Final = "shipment_announced"
_DESPATCHES: Final = frozenset({"", "00", "36", "40"})
"""Process codes of 713 that announce goods; 30 is a receipt, 33 a return, 35 a stock …"""


def read_note(
    head: Scope, transport: Record | None, group: Sequence[Record], number: int, zone: str,
    partner: Partner,
) -> Iterator[Found | Fault]:  # fmt: skip
    """The records that 713 begins: a fact or a fault a line, and remarks on spare records."""
    note = group[0]
    span = (note.number, group[-1].number)
    try:
        fields = {**head}
        if transport is not None:
            check(transport, "VDA4913")
            fields |= _transport(transport.text, zone)
        check(note, "VDA4913")
        fields |= _note(note.text, zone)
    except Wrong as error:
        yield Fault(f"713 {number}", str(error), note.number, span)
        return
    lines = _lines(group[1:])
    for count, (line, parts) in enumerate(lines, 1):
        item = f"713 {number} 714 {count}"
        last = parts[-1].number if parts else line.number
        packages: list[Record] = []
        for part in parts:
            try:
                check(part, "VDA4913")
            except Wrong as error:
                at = (part.number, part.number)
                reason = f"{error}; the line is kept without it"
                yield Fault(f"{item} {part.type}", reason, part.number, at)
                continue
            packages += [part] if part.type == "715" else []
        try:
            check(line, "VDA4913")
            own = _line(line.text, partner) | _packages(packages)
        except Wrong as error:
            yield Fault(item, str(error), line.number, (line.number, last))
            continue
        yield Found(item, KIND, {**fields, **own}, fields.get("document_us"), (line.number, last))
    if not lines:
        yield Fault(f"713 {number}", "the delivery note has no line (714)", note.number, span)


def head_of(text: str) -> Scope:
    """What 711 says of every note behind it."""
    layout = DESPATCH["711"]
    fields = {name: layout[name].read(text) for name in ("customer", "supplier", "carrier")}
    return {name: value for name, value in fields.items() if value}


def _lines(records: Sequence[Record]) -> list[tuple[Record, list[Record]]]:
    """714 and what belongs to each; 718 is of the note, and is not read."""
    lines: list[tuple[Record, list[Record]]] = []
    for record in records:
        if record.type == "714":
            lines.append((record, []))
        elif lines and record.type != "718":
            lines[-1][1].append(record)
    return lines


def _transport(text: str, zone: str) -> Scope:
    layout = DESPATCH["712"]
    fields: Scope = {
        "shipment": layout["shipment"].read(text),
        "carrier": layout["carrier"].read(text),
    }
    fields = {name: value for name, value in fields.items() if value}
    left = _moment(layout, "date", "time", text, zone)
    arrives = _moment(layout, "arrival_date", "arrival_time", text, zone)
    if left is not None:
        fields["despatched_us"] = left.from_us
    if arrives is not None:
        fields["arrives_us"] = arrives.from_us
    return fields


def _moment(layout: Layout, date: str, clock: str, text: str, zone: str) -> Span | None:
    """A date and a time of day; without a time, all of the day."""
    day = layout[date].read(text)
    time = layout[clock].read(text)
    if day in NONE or time in {"", "0000", "000000"}:
        return day_of(day, zone, date)
    day_of(day, zone, date)
    return time_of(day + time, "201", zone)


def _note(text: str, zone: str) -> Scope:
    layout = DESPATCH["713"]
    read = {name: layout[name].read(text) for name in layout.columns}
    if not read["note"].strip("0"):
        raise Wrong(f"no delivery note number (columns {layout['note'].place})")
    if read["process"] not in _DESPATCHES:
        raise Wrong(f"process {shown(read['process'])} announces no despatch: it is not read here")
    fields: Scope = {
        "document": read["note"], "delivery_note": read["note"], "supplier": read["supplier"],
        "ship_to": read["plant"], "unloading_point": read["unloading_point"],
        "order_number": read["order"], "point_of_use": read["point_of_use"],
    }  # fmt: skip
    fields = {name: value for name, value in fields.items() if value}
    written = day_of(read["date"], zone, "date of despatch")
    if written is not None:
        fields["document_us"] = written.from_us
    return fields


def _line(text: str, partner: Partner) -> Scope:
    layout = DESPATCH["714"]
    names = ("material", "supplier_material", "unit", "line", "batch")
    fields: Scope = {name: layout[name].read(text) for name in names}
    fields = {name: value for name, value in fields.items() if value}
    if "material" not in fields and "supplier_material" not in fields:
        raise Wrong("no part number, neither the customer's nor the supplier's")
    quantity = layout["quantity"].number(text)
    if quantity is None:
        raise Wrong(f"no quantity (columns {layout['quantity'].place})")
    if quantity > partner.quantity_max:
        raise Wrong(f"quantity {quantity:g} is out of any range (limit {partner.quantity_max:g})")
    return {**fields, "quantity": quantity}


def _packages(records: Sequence[Record]) -> Scope:
    """Packages of one kind are told; of several kinds, which holds the line is not said."""
    if len(records) != 1:
        return {}
    layout, text = DESPATCH["715"], records[0].text
    own: Scope = {}
    kind = layout["package"].read(text) or layout["supplier_package"].read(text)
    count = layout["count"].number(text)
    first, last = layout["label_from"].read(text), layout["label_to"].read(text)
    if kind:
        own["package_type"] = kind
    if count:
        own["package_count"] = count
    if first.strip("0") and last in {"", first}:
        own["handling_unit"] = first
    return own
