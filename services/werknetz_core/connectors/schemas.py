"""A connector as the API shows it."""

from datetime import datetime

from pydantic import BaseModel


class ConnectorView(BaseModel):
    id: str
    state: str  # as reported; "finished": all input was read; "silent": no status was received
    detail: str
    protocol: str | None
    lag_s: float | None  # age of the oldest batch that is not yet in the database
    backlog: int | None  # batches in the spool that are not yet in the database
    last_good_at: datetime | None
    last_applied_at: datetime | None
    alarm: str | None
    epoch: int
    samples: int
    quarantined: int
    open_gaps: int
    version: str | None
    spool_bytes: int | None
    rss_bytes: int | None
    details: dict[str, str]
    findings: dict[str, str]  # doubtful clocks and times: kind → text with the remedy
    mapping: str | None  # name@version in use
    mapping_state: str | None  # own, in_sync, out_of_sync, failed
    mapping_detail: str | None  # reason of the state
