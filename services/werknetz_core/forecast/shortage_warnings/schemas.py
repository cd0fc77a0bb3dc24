"""Shortage warnings as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from werknetz_core.forecast.acknowledgements.schemas import AcknowledgementView
from werknetz_core.http.links import MessageView


class ArrivalView(BaseModel):
    at: datetime
    quantity: float


class LineAtRiskView(BaseModel):
    equipment: str
    per_hour: float  # quantity per hour of planned time
    minutes_at_risk: float  # planned time until the next arrival


class ExpectedShipmentView(BaseModel):
    document: str
    despatched_at: datetime | None
    arrives_at: datetime  # as announced
    expected_at: datetime  # a late shipment: tomorrow
    quantity: float
    open_quantity: float
    event: MessageView


class MissingDeliveryView(BaseModel):
    """A quantity that is due before the shortage begins and will arrive too late."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    on_time_until: datetime
    quantity: float
    open_quantity: float
    expected_at: datetime | None  # null: not all of it is in transit, the date is unknown
    delay_s: float  # if expected_at is null: the delay until now
    events: list[MessageView]  # of the call-off
    shipments: list[ExpectedShipmentView]


class ShortageWarningView(BaseModel):
    code: str  # stop, run_short: of the sentence
    text: str  # in the language of Accept-Language
    fields: dict[str, Any]  # of the sentence
    material: str
    description: str
    unit: str | None
    warehouse: str
    stock: float
    minimum: float
    short_at: datetime  # from then on the stock is below the minimum
    empty_at: datetime | None  # from then on there is no stock; null: something arrives before
    until: datetime  # the next arrival, otherwise the horizon
    next_arrival: ArrivalView | None
    minutes_at_risk: float
    lines: list[LineAtRiskView]
    suppliers: list[str]
    deliveries: list[MissingDeliveryView]
    acknowledgement: AcknowledgementView | None  # the newest; it may not be in force any more
    reason: str | None  # nothing_due_in_time: no delivery is late, none was called off


class ShortageWarningListView(BaseModel):
    items: list[ShortageWarningView]
    next_cursor: str | None
    at: str
