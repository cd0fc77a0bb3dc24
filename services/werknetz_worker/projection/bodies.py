"""What the projector reads of an event, by kind: decoded once, with texts without blanks.

Bodies that ingest stored decode as they are. One of another form, such as a number in a text
field, is converted field by field.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import msgspec

Text = str | None
Number = float | None
Instant = int | None
"""µs UTC."""


class EventBody(msgspec.Struct, frozen=True):
    """What events of several kinds name."""

    material: Text = None
    supplier_material: Text = None
    ean: Text = None
    description: Text = None
    unit: Text = None
    supplier: Text = None
    ship_to: Text = None
    unloading_point: Text = None
    equipment: Text = None
    warehouse: Text = None
    location: Text = None
    keeper: Text = None
    document: Text = None
    batch: Text = None
    order_number: Text = None


class GoodsBody(EventBody, frozen=True):
    """Of supply, stock, consumption and inspections. Quantities are in the unit of the event."""

    quantity: Number = None


class SupplyBody(GoodsBody, frozen=True):
    line: Text = None
    order_line: Text = None
    document_us: Instant = None
    cumulative_quantity: Number = None
    shipment: Text = None
    delivery_note: Text = None


class CallOffBody(SupplyBody, frozen=True):
    replaces: Text = None
    due_from_us: Instant = None
    due_until_us: Instant = None
    due_kind: Text = None
    commitment: Text = None
    cumulative_received: Number = None
    cumulative_since_us: Instant = None
    last_receipt: Text = None
    last_receipt_quantity: Number = None
    last_receipt_us: Instant = None
    point_of_use: Text = None


class AdviceBody(SupplyBody, frozen=True):
    despatched_us: Instant = None
    arrives_us: Instant = None
    handling_unit: Text = None
    packed_in: list[str] | None = None
    handling_units: list[str] | None = None
    package_type: Text = None
    package_count: Number = None
    carrier: Text = None


class ReceiptBody(SupplyBody, frozen=True):
    received_us: Instant = None
    accepted_quantity: Number = None
    rejected_quantity: Number = None
    discrepancy: Text = None


class StockBody(GoodsBody, frozen=True):
    status: Text = None
    owner: Text = None
    on_order_quantity: Number = None
    reorder_level: Number = None
    reason: Text = None
    to_location: Text = None


class InspectionBody(GoodsBody, frozen=True):
    serial_number: Text = None
    characteristic: Text = None
    value: Number = None
    lower_limit: Number = None
    upper_limit: Number = None
    defect: Text = None


_TYPES: Final[dict[str, type[EventBody]]] = {
    "delivery_called_off": CallOffBody,
    "shipment_announced": AdviceBody,
    "goods_received": ReceiptBody,
    "stock_counted": StockBody,
    "stock_moved": StockBody,
    "material_consumed": GoodsBody,
    "quality_inspected": InspectionBody,
}
_DECODERS: Final = {kind: msgspec.json.Decoder(form) for kind, form in _TYPES.items()}
_ANY: Final = msgspec.json.Decoder(EventBody)


@dataclass(frozen=True, slots=True)
class Measure:
    """`factor`: base units in one unit of the event; None: the unit does not fit."""

    unit: str | None
    factor: float | None

    def base(self, quantity: float | None) -> float | None:
        """Return a quantity in the base unit; raise ValueError if it is beyond all numbers."""
        if quantity is None or self.factor is None:
            return None
        base = quantity * self.factor
        if not math.isfinite(base):
            raise ValueError(f"{quantity} {self.unit} is no finite number in the base unit")
        return base


NO_MEASURE: Final = Measure(None, None)


def decode_body(kind: str, text: str) -> EventBody:
    """Return the body of an event of a kind from its JSON.

    Raises ValueError if a number is none, or not finite.
    """
    try:
        body: EventBody = _DECODERS.get(kind, _ANY).decode(text)
    except msgspec.ValidationError:
        return _convert(_TYPES.get(kind, EventBody), msgspec.json.decode(text))
    if not _is_stripped(text):
        for name in body.__struct_fields__:
            value = getattr(body, name)
            if type(value) is str:
                msgspec.structs.force_setattr(body, name, value.strip() or None)
    return body


def _is_stripped(text: str) -> bool:
    """Return whether no text of a JSON by PostgreSQL is empty or has blanks at an end.

    A quote is followed by a blank only inside a text. What is not sure counts as not stripped.
    """
    return text.isascii() and not (
        '" ' in text or '""' in text or ' ",' in text or ' "}' in text or "\\" in text
    )


def text_of(value: object) -> Text:
    """Return a field without surrounding blanks; None if it is missing or empty."""
    if value is None:
        return None
    return (value if type(value) is str else str(value)).strip() or None


def number_of(name: str, value: Any) -> Number:
    """Return a field as a number; raise ValueError if it is none, or not finite."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r:.20}, which is no finite number")
    return number


def _convert(form: type[EventBody], fields: dict[str, Any]) -> EventBody:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(form):
        value = fields.get(field.name)
        if value is None:
            continue
        if field.type == Text:
            values[field.name] = text_of(value)
        elif field.type == Number:
            values[field.name] = number_of(field.name, value)
        elif field.type == Instant:
            values[field.name] = int(value)
        else:
            values[field.name] = [str(text) for text in value]
    return form(**values)
