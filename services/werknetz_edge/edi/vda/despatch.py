"""VDA 4913: one fact for each line (714) of a delivery note (713) with transport and packages."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from werknetz_edge.edi.edifact.times import parse_dtm
from werknetz_edge.edi.facts import EdiFact, EdiFault, EdiRemark, FactFields
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import InvalidEdi, TimeSpan, quote
from werknetz_edge.edi.vda.dates import NONE, parse_day
from werknetz_edge.edi.vda.layout import Layout
from werknetz_edge.edi.vda.records import DESPATCH, IGNORED, TEXTS, VEHICLES
from werknetz_edge.edi.vda.transmission import VdaRecord, check_record

KIND: Final = "shipment_announced"
_DESPATCHES: Final = frozenset({"", "00", "36", "40"})
"""Process codes of 713 that announce goods; 30 is a receipt, 33 a return, 35 a stock …"""


Results = Iterator[EdiFact | EdiFault | EdiRemark]


def read_note(
    head: FactFields, transport: VdaRecord | None, group: Sequence[VdaRecord], number: int,
    zone: str, partner: Partner,
) -> Results:  # fmt: skip
    """Read the records from one 713 on: a fact or fault per line, and faults of spare records."""
    note = group[0]
    span = (note.number, group[-1].number)
    try:
        fields = {**head}
        if transport is not None:
            check_record(transport, "VDA4913")
            fields |= _transport(transport.text, zone)
        check_record(note, "VDA4913")
        fields |= _note(note.text, zone)
    except InvalidEdi as error:
        yield EdiFault(f"713 {number}", str(error), note.number, span)
        return
    lines, outside = _lines(group[1:])
    for record in outside:
        reason = f"record {quote(record.type)} is outside of a line (714)"
        at = (record.number, record.number)
        yield EdiFault(f"713 {number} {record.type}", reason, record.number, at)
    for count, (line, parts) in enumerate(lines, 1):
        yield from _read_line(fields, line, parts, f"713 {number} 714 {count}", partner)
    if not lines:
        yield EdiFault(f"713 {number}", "the delivery note has no line (714)", note.number, span)


def _read_line(
    fields: FactFields, line: VdaRecord, parts: Sequence[VdaRecord], item: str, partner: Partner
) -> Results:
    last = parts[-1].number if parts else line.number
    packages: list[VdaRecord] = []
    notes: list[str] = []
    for part in parts:
        try:
            check_record(part, "VDA4913")
        except InvalidEdi as error:
            at = (part.number, part.number)
            reason = f"{error}; the line is stored without it"
            yield EdiFault(f"{item} {part.type}", reason, part.number, at)
            continue
        if part.type == "715":
            packages.append(part)
        elif part.type == "716":
            layout = DESPATCH["716"]
            notes += [note for name in TEXTS if (note := layout[name].read(part.text))]
    try:
        check_record(line, "VDA4913")
        values = _line(line.text, partner)
        values |= _packages(packages, values["quantity"])
    except InvalidEdi as error:
        yield EdiFault(item, str(error), line.number, (line.number, last))
        return
    if notes:
        values["notes"] = notes
    at_us = fields.get("document_us")
    key = values.get("line") or f"item\0{values.get('material')}\0{values.get('supplier_material')}"
    yield EdiFact(item, KIND, {**fields, **values}, at_us, (line.number, last), str(key))
    is_stored = "quantity_per_package" in values
    yield from _remarks_of(line, packages, item, stores_capacity=is_stored)


def _remarks_of(
    line: VdaRecord, packages: Sequence[VdaRecord], item: str, *, stores_capacity: bool
) -> Iterator[EdiRemark]:
    layout = DESPATCH["714"]
    second = layout["quantity2"].read(line.text)
    if second.strip("0"):
        unit = layout["unit2"].read(line.text)
        reason = f"a second quantity, {quote(second)} {unit}: the line is stored without it"
        yield EdiRemark(item, reason, line.number)
    for package in packages:
        capacity = DESPATCH["715"]["capacity"].read(package.text)
        if capacity.strip("0") and not stores_capacity:
            reason = (
                f"quantity per package {quote(capacity)} is not stored: senders differ in its "
                "number of decimals, and quantity and number of packages do not show it"
            )
            yield EdiRemark(f"{item} 715", reason, package.number)
            break
    if len(packages) > 1:
        reason = "several kinds of packages: it is unknown which holds the line; none is stored"
        yield EdiRemark(f"{item} 715", reason, packages[0].number)


def read_head(text: str) -> FactFields:
    """Return the fields of 711, which apply to all following notes."""
    layout = DESPATCH["711"]
    fields = {name: layout[name].read(text) for name in ("customer", "supplier", "carrier")}
    return {name: value for name, value in fields.items() if value}


def _lines(
    records: Sequence[VdaRecord],
) -> tuple[list[tuple[VdaRecord, list[VdaRecord]]], list[VdaRecord]]:
    """Group each 714 with its records; return the records before the first one, too."""
    lines: list[tuple[VdaRecord, list[VdaRecord]]] = []
    outside: list[VdaRecord] = []
    for record in records:
        if record.type == "714":
            lines.append((record, []))
        elif lines:
            if record.type != "718":  # of the note
                lines[-1][1].append(record)
        elif record.type not in IGNORED:
            outside.append(record)
    return lines, outside


def _transport(text: str, zone: str) -> FactFields:
    layout = DESPATCH["712"]
    fields: FactFields = {
        "shipment": layout["shipment"].read(text),
        "carrier": layout["carrier"].read(text),
    }
    kind = layout["vehicle_kind"].read(text)
    if kind in VEHICLES:
        fields |= {"transport_mode": VEHICLES[kind], "vehicle": layout["vehicle"].read(text)}
    fields["shipment_gross_weight_kg"] = layout["gross_weight"].number(text)
    fields = {name: value for name, value in fields.items() if value}
    despatched = _time_span_of(layout, "date", "time", text, zone)
    arrives = _time_span_of(layout, "arrival_date", "arrival_time", text, zone)
    if despatched is not None:
        fields["despatched_us"] = despatched.from_us
    if arrives is not None:
        fields["arrives_us"] = arrives.from_us
    return fields


def _time_span_of(layout: Layout, date: str, clock: str, text: str, zone: str) -> TimeSpan | None:
    """Return a date and time of day; without a time, the whole day."""
    day = layout[date].read(text)
    time = layout[clock].read(text)
    if day in NONE or time in {"", "0000", "000000"}:
        return parse_day(day, zone, date)
    parse_day(day, zone, date)
    return parse_dtm(day + time, "201", zone)


def _note(text: str, zone: str) -> FactFields:
    layout = DESPATCH["713"]
    read = {name: layout[name].read(text) for name in layout.columns}
    if not read["note"].strip("0"):
        raise InvalidEdi(f"no delivery note number (columns {layout['note'].position})")
    if read["process"] not in _DESPATCHES:
        raise InvalidEdi(f"process {quote(read['process'])} is not a despatch: not supported")
    fields: FactFields = {
        "document": read["note"], "delivery_note": read["note"], "supplier": read["supplier"],
        "ship_to": read["plant"], "unloading_point": read["unloading_point"],
        "order_number": read["order"], "point_of_use": read["point_of_use"],
    }  # fmt: skip
    fields = {name: value for name, value in fields.items() if value}
    despatch_day = parse_day(read["date"], zone, "date of despatch")
    if despatch_day is not None:
        fields["document_us"] = despatch_day.from_us
    return fields


def _line(text: str, partner: Partner) -> FactFields:
    layout = DESPATCH["714"]
    names = ("material", "supplier_material", "unit", "line", "batch")
    fields: FactFields = {name: layout[name].read(text) for name in names}
    fields = {name: value for name, value in fields.items() if value}
    if "material" not in fields and "supplier_material" not in fields:
        raise InvalidEdi("no part number, neither the customer's nor the supplier's")
    quantity = layout["quantity"].number(text)
    if quantity is None:
        raise InvalidEdi(f"no quantity (columns {layout['quantity'].position})")
    if quantity > partner.quantity_max:
        raise InvalidEdi(f"quantity {quantity:g} is out of range (limit {partner.quantity_max:g})")
    return {**fields, "quantity": quantity}


def _capacity_of(text: str, quantity: float, count: float | None) -> float | None:
    """Return the quantity per package; None where quantity and packages do not confirm one form.

    Some senders write it with three decimals, as the quantity, others without.
    """
    if not count or not text.isdecimal() or not (number := int(text)):
        return None
    forms = {number / 1000, float(number)}
    confirmed = [form for form in forms if math.ceil(quantity / form) == count]
    return confirmed[0] if len(confirmed) == 1 else None


def _packages(records: Sequence[VdaRecord], quantity: float) -> FactFields:
    """Return the packages of a line; with several kinds, it is unknown which holds the line."""
    if len(records) != 1:
        return {}
    layout, text = DESPATCH["715"], records[0].text
    values: FactFields = {}
    kind = layout["package"].read(text) or layout["supplier_package"].read(text)
    count = layout["count"].number(text)
    first, last = layout["label_from"].read(text), layout["label_to"].read(text)
    if kind:
        values["package_type"] = kind
    if count:
        values["package_count"] = count
    capacity = _capacity_of(layout["capacity"].read(text), quantity, count)
    if capacity is not None:
        values["quantity_per_package"] = capacity
    if first.strip("0") and last in {"", first}:
        values["handling_unit"] = first
    return values
