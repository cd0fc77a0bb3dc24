"""Shortage warnings as the API shows them."""

from datetime import datetime

from pydantic import BaseModel

from werknetz_core.http.links import MessageView


class ArrivalView(BaseModel):
    at: datetime
    quantity: float


class LineAtRiskView(BaseModel):
    equipment: str
    per_hour: float  # what it takes in an hour of planned time
    minutes_at_risk: float  # planned time up to the next arrival


class ExpectedShipmentView(BaseModel):
    document: str
    despatched_at: datetime | None
    arrives_at: datetime  # as announced
    expected_at: datetime  # of one that is late: tomorrow
    quantity: float
    open_quantity: float
    event: MessageView


class MissingDeliveryView(BaseModel):
    """What was due before the shortage begins, and will not be there."""

    supplier: str
    supplier_name: str
    call_off: str
    due_from: datetime
    on_time_until: datetime
    quantity: float
    open_quantity: float
    expected_at: datetime | None  # null: not all of it is on its way, nobody has said when
    delay_s: float  # of what nobody has announced: so far
    events: list[MessageView]  # of the call-off
    shipments: list[ExpectedShipmentView]


class ShortageWarningView(BaseModel):
    text: str
    material: str
    description: str
    unit: str | None
    warehouse: str
    stock: float
    minimum: float
    short_at: datetime  # from here on there is less than the minimum
    empty_at: datetime | None  # from here on there is nothing; null: something comes before
    until: datetime  # the next arrival, else the horizon
    next_arrival: ArrivalView | None
    minutes_at_risk: float
    lines: list[LineAtRiskView]
    suppliers: list[str]
    deliveries: list[MissingDeliveryView]
    reason: str | None  # nothing_due_in_time: no delivery is late, none was called off to come
