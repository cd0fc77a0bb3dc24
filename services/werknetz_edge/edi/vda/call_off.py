"""VDA 4905: one fact for each schedule entry of a 512 with its 513 and 514.

A call-off is read completely or not at all: it replaces the former.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from werknetz_edge.edi.facts import EdiFact, EdiFault, EdiRemark, FactFields
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import InvalidEdi, parse_number, quote
from werknetz_edge.edi.vda.dates import END, PERIODS, Due, parse_day, parse_due
from werknetz_edge.edi.vda.layout import Layout
from werknetz_edge.edi.vda.records import CALL_OFF, TEXTS, pair_numbers
from werknetz_edge.edi.vda.transmission import VdaRecord, check_record

KIND: Final = "delivery_called_off"
_REQUIRED: Final = frozenset({"512", "513", "514"})


def read_call_off(
    head: FactFields, group: Sequence[VdaRecord], number: int, partner: Partner, zone: str
) -> Iterator[EdiFact | EdiFault | EdiRemark]:
    """Read the records from one 512 on: its facts or one fault, and faults of spare records."""
    span = (group[0].number, group[-1].number)
    at = group[0]
    try:
        fields: FactFields = {}
        entries: list[FactFields] = []
        schedule = _Schedule(partner, zone)
        for at in group:
            if at.type in _REQUIRED:
                check_record(at, "VDA4905")
            if at.type == "512":
                fields = _head(at.text, zone)
            elif at.type == "513":
                fields |= _receipt(at.text, zone)
            if at.type in {"513", "514"}:
                entries += schedule.entries(CALL_OFF[at.type], at)
        at = group[0]
        _check_schedule(group)
    except InvalidEdi as error:
        yield EdiFault(f"512 {number} {at.type}", str(error), at.number, span)
        return
    spare, remarks = _read_spare_records(group, number, zone)
    at_us = fields.get("document_us")
    for count, entry in enumerate(entries or [{}], 1):
        item = f"512 {number} QTY {count}"
        values = {**spare, **head, **fields, **entry}
        yield EdiFact(item, KIND, values, at_us, span, "512", count)
    yield from remarks


def read_head(text: str, zone: str) -> FactFields:
    """Return the fields of 511, which apply to all following call-offs."""
    layout = CALL_OFF["511"]
    fields: FactFields = {name: layout[name].read(text) for name in ("customer", "supplier")}
    zero = parse_day(layout["zero_date"].read(text), zone, "zero date")
    fields = {name: value for name, value in fields.items() if value}
    if zero is not None:
        fields["cumulative_since_us"] = zero.from_us
    return fields


def _check_schedule(group: Sequence[VdaRecord]) -> None:
    if not any(record.type == "513" for record in group):
        raise InvalidEdi("no record 513: it has neither a receipt nor a schedule")


def _read_spare_records(
    group: Sequence[VdaRecord], number: int, zone: str
) -> tuple[FactFields, list[EdiFault | EdiRemark]]:
    """Read 515, 517 and 518. An unreadable one is rejected alone: the schedule is complete."""
    fields: FactFields = {}
    remarks: list[EdiFault | EdiRemark] = []
    notes: list[str] = []
    for record in group:
        if record.type in _REQUIRED:
            continue
        item = f"512 {number} {record.type}"
        try:
            check_record(record, "VDA4905")
            values = _SPARE[record.type](record.text, zone)
        except InvalidEdi as error:
            position = (record.number, record.number)
            reason = f"{error}; the call-off is stored without it"
            remarks.append(EdiFault(item, reason, record.number, position))
            continue
        notes += values.pop("notes", [])
        if fields.keys() & values.keys():
            reason = f"a second record {record.type}: only the first is stored"
            remarks.append(EdiRemark(item, reason, record.number))
        else:
            fields |= values
    return ({**fields, "notes": notes} if notes else fields), remarks


def _release(text: str, zone: str) -> FactFields:
    """Read 515: releases of production and material, and the planning horizon."""
    layout = CALL_OFF["515"]
    fields: FactFields = {}
    for name in ("production", "material"):
        start = parse_day(layout[f"{name}_from"].read(text), zone, f"{name} release")
        end = parse_day(layout[f"{name}_until"].read(text), zone, f"{name} release")
        if start is not None:
            fields[f"{name}_release_from_us"] = start.from_us
        if end is not None:
            fields[f"{name}_release_until_us"] = end.until_us
        quantity = layout[f"{name}_quantity"].number(text)
        if quantity:
            fields[f"{name}_release_quantity"] = quantity
    horizon = parse_day(layout["planning_until"].read(text), zone, "planning horizon")
    if horizon is not None:
        fields["planning_until_us"] = horizon.until_us
    reset = layout["cumulative_at_reset"].number(text)
    if reset:
        fields["cumulative_at_reset"] = reset
    for name in ("supplementary_material", "intermediate_supplier", "point_of_use"):
        value = layout[name].read(text)
        if value:
            fields[name] = value
    return fields


def _package(text: str, _zone: str) -> FactFields:
    """Read 517: the package and its capacity."""
    layout = CALL_OFF["517"]
    fields: FactFields = {}
    kind = layout["package"].read(text) or layout["supplier_package"].read(text)
    if kind:
        fields["package_type"] = kind
    capacity = layout["capacity"].number(text)
    if capacity:
        fields["quantity_per_package"] = capacity
    return fields


def _texts(text: str, _zone: str) -> FactFields:
    layout = CALL_OFF["518"]
    return {"notes": [note for name in TEXTS if (note := layout[name].read(text))]}


_SPARE: Final = {"515": _release, "517": _package, "518": _texts}


def _head(text: str, zone: str) -> FactFields:
    layout = CALL_OFF["512"]
    read = {name: layout[name].read(text) for name in layout.columns}
    if not read["call_off"]:
        raise InvalidEdi(f"no call-off number (columns {layout['call_off'].position})")
    if not read["material"] and not read["supplier_material"]:
        raise InvalidEdi("no part number, neither the customer's nor the supplier's")
    fields: FactFields = {
        "document": read["call_off"], "material": read["material"],
        "supplier_material": read["supplier_material"], "order_number": read["order"],
        "unloading_point": read["unloading_point"], "unit": read["unit"],
        "ship_to": read["plant"], "replaces": read["old_call_off"].lstrip("0") and
        read["old_call_off"], "point_of_use": read["store"],
    }  # fmt: skip
    fields = {name: value for name, value in fields.items() if value}
    call_off_day = parse_day(read["date"], zone, "date of the call-off")
    if call_off_day is not None:
        fields["document_us"] = call_off_day.from_us
    return fields


def _receipt(text: str, zone: str) -> FactFields:
    """Return the customer's last receipt, and the cumulative quantity received."""
    layout = CALL_OFF["513"]
    fields: FactFields = {"cumulative_received": layout["cumulative"].number(text)}
    note = layout["note"].read(text)
    if note.strip("0"):
        fields["last_receipt"] = note
        fields["last_receipt_quantity"] = layout["quantity"].number(text)
    received = parse_day(layout["received"].read(text), zone, "date of the last receipt")
    received = received or parse_day(layout["note_date"].read(text), zone, "date of the last note")
    if received is not None:
        fields["last_receipt_us"] = received.from_us
    return {name: value for name, value in fields.items() if value is not None}


class _Schedule:
    """Dates and quantities of 513 and 514, up to 000000."""

    def __init__(self, partner: Partner, zone: str) -> None:
        self._partner, self._zone = partner, zone
        self._is_ended = self._periods = False

    def entries(self, layout: Layout, record: VdaRecord) -> Iterator[FactFields]:
        for n in pair_numbers(record.type):
            date = layout[f"date{n}"].read(record.text)
            text = layout[f"due{n}"].read(record.text)
            name = f"date {n} (columns {layout[f'date{n}'].position})"
            if date in {"", END}:
                self._is_ended = True
            if self._is_ended:
                if date.strip("0") or text.strip("0"):
                    raise InvalidEdi(
                        f"{name}: {quote(date + ' ' + text)} after the end of the list"
                    )
                continue
            quantity = parse_number(text or "0", "", self._partner.quantity_max)
            if not (text or "0").isdigit():
                raise InvalidEdi(f"quantity {n}: {quote(text)} is not a number of nine digits")
            if date == PERIODS:
                if quantity:
                    raise InvalidEdi(f"{name}: {PERIODS} must not have a quantity, {quote(text)}")
                self._periods = True
                continue
            due = parse_due(
                date, self._zone, name, periods=self._periods,
                week_spans=self._partner.vda_week_spans,
            )  # fmt: skip
            yield _entry(due, quantity)


def _entry(due: Due, quantity: float) -> FactFields:
    entry: FactFields = {"quantity": quantity}
    if due.span is not None:
        entry |= {"due_from_us": due.span.from_us, "due_until_us": due.span.until_us}
    if due.commitment is not None:
        entry["commitment"] = due.commitment
    return entry
