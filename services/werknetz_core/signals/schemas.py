"""Signals and their samples as the API shows them."""

from datetime import datetime

from pydantic import BaseModel


class SignalView(BaseModel):
    id: int
    key: str
    equipment: str | None
    connector_id: str
    name: str
    role: str
    unit: str | None
    datatype: str
    source: str
    mapping: str
    counter_reset: str
    counter_modulus: float | None
    counter_kind: str


class SampleView(BaseModel):
    at: datetime
    value: float | None  # null: not a number, see text and status
    text: str | None
    status: int  # the 32 bits of the OPC UA status code
    quality: str
    server_at: datetime | None


class AggregateView(BaseModel):
    start: datetime
    end: datetime
    count: int
    min: float | None
    avg: float | None
    max: float | None
    sum: float | None
    first: float | None
    last: float | None
    stddev: float | None


class SamplesView(BaseModel):
    signal: str
    unit: str | None
    items: list[SampleView | AggregateView]
    next_cursor: str | None
    start: datetime
    end: datetime
    granularity: str
    time_zone: str
    source: str
    no_data: bool
