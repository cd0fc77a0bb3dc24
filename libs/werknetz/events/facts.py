"""Business events of partners, warehouses and shop-floor systems, in one vocabulary.

One fact per line of a document, with the header of the document in each: so a table row, a
segment group and a JSON object have the same form. Fields that end in `_us` are µs UTC; a day is
the span from midnight to midnight in the time zone of the sender.
"""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from werknetz.events.required import NEEDS, REMEDY, find_missing, has_value


class _Fact(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """New fields come last and have a default: old bytes stay readable."""


class _Supply(_Fact, frozen=True, kw_only=True):
    """Fields that call-offs, shipments and receipts share."""

    document: str  # number of the call-off, despatch advice or receipt
    material: str | None = None  # the customer's number
    quantity: float | None = None
    unit: str | None = None  # as the partner writes it: PCE, ST, KGM
    supplier: str | None = None  # number or name of the partner, as in the message
    customer: str | None = None
    ship_from: str | None = None
    ship_to: str | None = None
    unloading_point: str | None = None
    supplier_material: str | None = None
    ean: str | None = None
    description: str | None = None
    batch: str | None = None
    order_number: str | None = None
    order_line: str | None = None
    line: str | None = None  # of the document
    document_us: int | None = None


class DeliveryCalledOff(_Supply, frozen=True, kw_only=True, tag="delivery_called_off.v1"):
    """One entry of a delivery schedule. A new document replaces the previous one of its line."""

    replaces: str | None = None  # number of the previous document
    due_from_us: int | None = None
    due_until_us: int | None = None
    commitment: Literal["firm", "forecast", "immediate", "backlog", "planning"] | None = None
    due_kind: Literal["delivery", "ship"] | None = None
    cumulative_quantity: float | None = None  # demand up to and including this entry
    cumulative_received: float | None = None
    cumulative_since_us: int | None = None  # start of the cumulative quantities
    last_receipt: str | None = None  # last delivery note that was received
    last_receipt_quantity: float | None = None
    last_receipt_us: int | None = None
    point_of_use: str | None = None  # in the customer's plant
    sequence: str | None = None  # position in the production sequence (just-in-time call-off)
    function: str | None = None  # of the document: original, replace, change …
    release_number: str | None = None
    package_type: str | None = None
    quantity_per_package: float | None = None
    supplier_order: str | None = None  # the supplier's number of the order
    supplier_order_line: str | None = None
    notes: list[str] = []  # free text
    quantity_exact: str | None = None  # decimal text, where a float cannot hold the quantity
    frequency: str | None = None  # of the demand: day, week, month, quarter …
    planning_until_us: int | None = None  # end of the planning horizon
    production_release_from_us: int | None = None
    production_release_until_us: int | None = None
    production_release_quantity: float | None = None  # cumulative
    material_release_from_us: int | None = None
    material_release_until_us: int | None = None
    material_release_quantity: float | None = None  # cumulative
    supplementary_material: str | None = None
    intermediate_supplier: str | None = None
    cumulative_at_reset: float | None = None  # reached when the cumulative quantities were reset
    package_count: float | None = None
    carrier: str | None = None
    vehicle: str | None = None
    transport_mode: str | None = None
    serial_numbers: list[str] = []


class ShipmentAnnounced(_Supply, frozen=True, kw_only=True, tag="shipment_announced.v1"):
    """One line of a despatch advice (ASN)."""

    shipment: str | None = None  # number of the carrier or supplier; may span documents
    delivery_note: str | None = None
    despatched_us: int | None = None
    arrives_us: int | None = None  # estimated arrival
    handling_unit: str | None = None  # label of the innermost unit that contains the line
    packed_in: list[str] = []  # labels of the enclosing units, innermost first
    package_type: str | None = None
    package_count: float | None = None  # of the unit; only in its first line
    carrier: str | None = None
    cumulative_quantity: float | None = None  # delivered, including this line
    point_of_use: str | None = None  # in the customer's plant
    handling_units: list[str] = []  # all labels, where the line spans several units
    function: str | None = None  # of the document: original, replace, change …
    release_number: str | None = None
    quantity_per_package: float | None = None
    supplier_order: str | None = None  # the supplier's number of the order
    supplier_order_line: str | None = None
    notes: list[str] = []  # free text
    quantity_exact: str | None = None  # decimal text, where a float cannot hold the quantity
    vehicle: str | None = None
    transport_mode: str | None = None
    gross_weight_kg: float | None = (
        None  # of the line or its unit; of a unit only in its first line
    )
    shipment_gross_weight_kg: float | None = None  # of the whole shipment, in each line
    best_before_us: int | None = None
    produced_us: int | None = None
    serial_numbers: list[str] = []


class GoodsReceived(_Supply, frozen=True, kw_only=True, tag="goods_received.v1"):
    """One line of a receipt."""

    shipment: str | None = None
    delivery_note: str | None = None
    received_us: int | None = None
    accepted_quantity: float | None = None
    rejected_quantity: float | None = None
    discrepancy: str | None = None  # reason code
    warehouse: str | None = None
    location: str | None = None
    function: str | None = None  # of the document: original, replace, change …
    release_number: str | None = None
    quantity_per_package: float | None = None
    supplier_order: str | None = None  # the supplier's number of the order
    supplier_order_line: str | None = None
    notes: list[str] = []  # free text
    quantity_exact: str | None = None  # decimal text, where a float cannot hold the quantity
    vehicle: str | None = None
    transport_mode: str | None = None
    gross_weight_kg: float | None = (
        None  # of the line or its unit; of a unit only in its first line
    )
    shipment_gross_weight_kg: float | None = None  # of the whole shipment, in each line
    best_before_us: int | None = None
    produced_us: int | None = None
    serial_numbers: list[str] = []
    despatched_quantity: float | None = None  # as announced
    discrepancy_quantity: float | None = None  # received minus announced
    package_type: str | None = None
    package_count: float | None = None
    carrier: str | None = None


class _Stock(_Fact, frozen=True, kw_only=True):
    material: str
    quantity: float
    unit: str | None = None
    warehouse: str | None = None
    location: str | None = None
    owner: str | None = None
    keeper: str | None = None
    batch: str | None = None
    status: str | None = None  # free, blocked, in inspection … as the warehouse reports it
    document: str | None = None
    supplier_material: str | None = None
    ean: str | None = None
    description: str | None = None


class StockCounted(_Stock, frozen=True, kw_only=True, tag="stock_counted.v1"):
    """A stock count: the quantity at the time of the event."""

    on_order_quantity: float | None = None
    reorder_level: float | None = None
    function: str | None = None  # of the document: original, replace, change …
    best_before_us: int | None = None
    produced_us: int | None = None
    serial_numbers: list[str] = []
    notes: list[str] = []  # free text
    quantity_exact: str | None = None  # decimal text, where a float cannot hold the quantity
    release_number: str | None = None
    supplier_order: str | None = None


class StockMoved(_Stock, frozen=True, kw_only=True, tag="stock_moved.v1"):
    """A stock movement. Positive: receipt into the warehouse; negative: issue."""

    reason: str | None = None
    to_location: str | None = None
    order_number: str | None = None
    function: str | None = None  # of the document: original, replace, change …
    best_before_us: int | None = None
    produced_us: int | None = None
    serial_numbers: list[str] = []
    notes: list[str] = []  # free text
    quantity_exact: str | None = None  # decimal text, where a float cannot hold the quantity
    release_number: str | None = None
    supplier_order: str | None = None


class MaterialConsumed(_Fact, frozen=True, kw_only=True, tag="material_consumed.v1"):
    equipment: str
    material: str
    quantity: float
    unit: str | None = None
    order_number: str | None = None
    batch: str | None = None


class _Job(_Fact, frozen=True, kw_only=True):
    equipment: str
    order_number: str
    operation: str | None = None
    material: str | None = None


class JobStarted(_Job, frozen=True, kw_only=True, tag="job_started.v1"):
    planned_quantity: float | None = None
    planned_run_s_per_item: float | None = None
    planned_setup_s: float | None = None
    planned_end_us: int | None = None


class JobFinished(_Job, frozen=True, kw_only=True, tag="job_finished.v1"):
    good_quantity: float | None = None
    scrap_quantity: float | None = None
    rework_quantity: float | None = None
    unit: str | None = None
    defect: str | None = None  # code of the reason of the scrap


class QualityInspected(_Fact, frozen=True, kw_only=True, tag="quality_inspected.v1"):
    equipment: str
    inspected_quantity: float | None = None
    good_quantity: float | None = None
    scrap_quantity: float | None = None
    rework_quantity: float | None = None
    order_number: str | None = None
    material: str | None = None
    serial_number: str | None = None
    characteristic: str | None = None
    value: float | None = None
    lower_limit: float | None = None
    upper_limit: float | None = None
    unit: str | None = None
    defect: str | None = None


class AttendanceRecorded(_Fact, frozen=True, kw_only=True, tag="attendance_recorded.v1"):
    equipment: str
    person: str
    until_us: int | None = None  # null: still present
    attended_s: float | None = None
    work_s: float | None = None


class StateChanged(_Fact, frozen=True, kw_only=True, tag="state_changed.v1"):
    """A state reported by another system (MES, person); machines report theirs as samples."""

    equipment: str
    state: str  # a label of `domain.state.MachineState`
    code: str | None = None
    reason: str | None = None
    until_us: int | None = None
    order_number: str | None = None


Fact = (
    DeliveryCalledOff | ShipmentAnnounced | GoodsReceived | StockCounted | StockMoved
    | MaterialConsumed | JobStarted | JobFinished | QualityInspected | AttendanceRecorded
    | StateChanged
)  # fmt: skip

KINDS: Final[dict[str, type[Fact]]] = {
    str(fact.__struct_config__.tag).removesuffix(".v1"): fact for fact in get_args(Fact)
}
"""Fact types by kind, the tag without its version: the name in mappings and in the API."""

FieldType = Literal["text", "number", "instant", "texts"]


def kind_of(fact: Fact) -> str:
    return str(fact.__struct_config__.tag).removesuffix(".v1")


@cache
def fields_of(kind: str) -> dict[str, FieldType]:
    """Return the fields of a kind and their types, in the order of the struct."""
    hints = get_type_hints(KINDS[kind])
    return {name: _type_of(name, hints[name]) for name in KINDS[kind].__struct_fields__}


@cache
def required_fields_of(kind: str) -> tuple[str, ...]:
    return tuple(f.name for f in msgspec.structs.fields(KINDS[kind]) if f.required)


def fact_of(kind: str, body: dict[str, Any]) -> Fact:
    """Create a fact from plain values; raise ValueError with the field."""
    try:
        return msgspec.convert(_to_array(kind, body), KINDS[kind])
    except msgspec.ValidationError as error:
        raise ValueError(_with_field_name(kind, str(error))) from error


def missing_in(fact: Fact) -> str | None:
    """Return why a fact has no meaning: what its kind needs and it lacks; None: nothing."""
    kind = kind_of(fact)
    for name in required_fields_of(kind):
        if not has_value(getattr(fact, name)):
            return f"{kind} needs {name!r}, which is empty: {REMEDY}"
    need = find_missing(kind, body_of(fact)) if kind in NEEDS else None
    return None if need is None else f"{kind} needs {need}, which is empty: {REMEDY}"


def body_of(fact: Fact) -> dict[str, Any]:
    """Return the fields that have a value, by name, as the database stores them."""
    body = msgspec.structs.asdict(fact)
    return {name: value for name, value in body.items() if value is not None and value != []}


def _to_array(kind: str, body: dict[str, Any]) -> list[Any]:
    if not body.keys() <= _defaults(kind).keys():
        unknown = min(set(body) - set(fields_of(kind)))
        raise ValueError(f"{kind} has no field {unknown!r}; it has {', '.join(fields_of(kind))}")
    missing = [name for name in required_fields_of(kind) if not has_value(body.get(name))]
    if missing:
        raise ValueError(f"{kind} needs {missing[0]!r}, which is empty: {REMEDY}")
    if (need := find_missing(kind, body)) is not None:
        raise ValueError(f"{kind} needs {need}, which is empty: {REMEDY}")
    array: list[Any] = [KINDS[kind].__struct_config__.tag]
    for name, default in _defaults(kind).items():
        value = body.get(name)
        array.append(default if value is None else value)
    return array


@cache
def _defaults(kind: str) -> dict[str, Any]:
    """Return the defaults by field, in the order of the struct. Lists must not be modified."""
    fields = msgspec.structs.fields(KINDS[kind])
    return {field.name: None if field.required else _default(field) for field in fields}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def _with_field_name(kind: str, message: str) -> str:
    """Replace the array position of a msgspec message (`$[7]`) by the name of the field."""
    text, _, position = message.partition(" - at `$[")
    number = position.partition("]")[0]
    names = list(fields_of(kind))
    if number.isdigit() and 1 <= int(number) <= len(names):
        return f"{names[int(number) - 1]}: {text}"
    return message


def _type_of(name: str, hint: Any) -> FieldType:
    if get_origin(hint) is list:
        return "texts"
    if name.endswith("_us"):
        return "instant"
    parts = get_args(hint) if isinstance(hint, UnionType) or get_origin(hint) else (hint,)
    return "number" if float in {part for part in parts if part is not NoneType} else "text"
