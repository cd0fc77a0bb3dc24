"""Signals and their samples as the API shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from werknetz_core.context.time_spec import Instant


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
    counter_interpolate: bool  # an increment is spread over the time since the sample before
    counter_max_increment: float | None  # of one sample; more is set aside
    counter_max_speed: float | None  # times the planned speed; null: 10
    carrier: str | None  # of a meter of energy; null: electricity
    valid_from: datetime | None  # null: from its first sample on
    valid_to: datetime | None  # null: without end


class LatestSignalView(SignalView):
    """A signal with its newest sample up to now, as `latest=true` shows it."""

    at: datetime | None  # null: it has no sample
    value: float | None  # null: see text and status
    text: str | None
    status: int | None  # OPC UA status code, 32 bits
    quality: str | None


class SignalLifetimeChange(BaseModel):
    """When a signal is in force for its role; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Instant | None = None
    valid_to: Instant | None = None
    reason: Annotated[str, Field(max_length=2000)] | None = None


class SampleView(BaseModel):
    at: datetime
    value: float | None  # null: see text and status
    text: str | None
    status: int  # OPC UA status code, 32 bits
    quality: str
    server_at: datetime | None
    mapping: (
        str | None
    )  # name@version that produced the sample; null: stored before versions existed


class AggregateView(BaseModel):
    """A window. Aggregates that were not requested are left out."""

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
    time_weighted_avg: float | None = None  # each value applies until the next sample
    duration_good: float = 0.0  # seconds with a good value
    bad_count: int = 0  # samples of bad quality, which the other aggregates leave out


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


class SignalSamplesView(SamplesView):
    """Samples of one of several signals; further pages are those of `signals/{id}/samples`."""

    id: int
    equipment: str | None


class SeveralSamplesView(BaseModel):
    items: list[SignalSamplesView]  # in the order of the request
    next_cursor: None  # each item has its own
