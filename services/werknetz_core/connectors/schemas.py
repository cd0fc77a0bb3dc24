"""A connector as the API shows it."""

from datetime import datetime

from pydantic import BaseModel


class BooksView(BaseModel):
    """What became of everything that a connector took: `taken` is the sum of the others.

    A unit is a reading, a row, or the outcome of one event rule for a record.
    """

    taken: int
    stored: int  # samples and new facts
    duplicates: int
    revisions: int  # corrections of facts, also those older than what is in force
    withdrawn: int  # facts taken out of force: deleted, cancelled, missing in their document
    ignored: int  # by a rule of the mapping
    quarantined: int  # when they were delivered: a replay may have stored them since
    balanced: bool  # false: a defect; see `werknetz doctor`
    since: datetime  # counted from here on


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
    books: BooksView | None  # null: nothing was delivered since books are kept
    version: str | None
    spool_bytes: int | None
    rss_bytes: int | None
    details: dict[str, str]
    findings: dict[str, str]  # doubtful clocks and times: kind → text with the remedy
    mapping: str | None  # name@version in use
    mapping_state: str | None  # own, in_sync, out_of_sync, failed
    mapping_detail: str | None  # reason of the state
