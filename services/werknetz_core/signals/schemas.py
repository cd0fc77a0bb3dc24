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
    """A window. What `aggregates` does not name is left out."""

    start: datetime
    end: datetime
    count: int = 0
    min: float | None = None
    avg: float | None = None
    max: float | None = None
    sum: float | None = None
    first: float | None = None
    last: float | None = None
    stddev: float | None = None
    time_weighted_avg: float | None = None  # each value holds until the next sample
    duration_good: float = 0.0  # seconds in which a good value held


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
