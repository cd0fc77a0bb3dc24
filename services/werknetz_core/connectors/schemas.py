"""A connector as the API shows it."""

from datetime import datetime
from typing import Literal

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


class CertificateView(BaseModel):
    """A certificate of the connection to the source."""

    owner: str  # "server": of the source; "own": of the connector
    until: datetime
    days_left: int  # below 0: expired
    subject: str
    fingerprint: str  # SHA-256, hexadecimal


class MappingInUse(BaseModel):
    mapping: str  # name@version
    digest: str  # hexadecimal, of the content; empty: not known


class ConfigurationView(BaseModel):
    """The mapping in use at the edge against the one that is active here."""

    state: Literal["in_sync", "out_of_sync", "failed", "own", "unknown"]
    # own: none is active here, the edge file's own is used; unknown: the edge does not report
    used: MappingInUse | None
    active: MappingInUse | None
    detail: str  # reason of the edge


class ConnectorErrorView(BaseModel):
    code: str
    fields: dict[str, str | int | float | bool | None]
    text: str  # in the language of the request
    hint: str  # what to do
    detail: str  # technical, as the edge wrote it


class StateChangeView(BaseModel):
    """A change of state that the edge has noted since it started."""

    at: datetime
    state: str
    detail: str
    error: ConnectorErrorView | None


class ConnectorView(BaseModel):
    id: str
    kind: Literal["live", "history"]  # history: stored values of the past; it ends
    state: str  # as reported; "finished": all input was read; "silent": no status was received
    detail: str
    errors: list[ConnectorErrorView]  # the worst first; empty: it runs
    protocol: str | None
    lag_s: float | None  # age of the oldest batch that is not yet in the database
    backlog: int | None  # batches in the spool that are not yet in the database
    rate_per_s: float | None  # values and records a second that were stored at the edge
    rate_window_s: float | None  # over which the rate is taken, up to a minute
    last_good_at: datetime | None
    last_good_age_s: float | None  # when the edge reported it
    last_applied_at: datetime | None
    clock_skew_s: float | None  # of the source's clock to the edge's; above 0: ahead
    edge_clock_skew_s: float | None  # of the edge's clock to this server's; above 0: ahead
    certificates: list[CertificateView]  # none: the connection has none, or does not run
    certificate_days_left: int | None  # of the one that ends first
    configuration: ConfigurationView
    alarm: str | None
    epoch: int
    samples: int
    quarantined: int
    open_gaps: int
    books: BooksView | None  # null: nothing was delivered since books are kept
    version: str | None
    spool_bytes: int | None
    rss_bytes: int | None
    details: dict[str, str | int | float]
    findings: dict[str, str]  # doubtful clocks and times: kind → text with the remedy
    mapping: str | None  # name@version in use
    mapping_state: str | None  # own, in_sync, out_of_sync, failed
    mapping_detail: str | None  # reason of the state
    explores: list[str]  # hosts and networks that its edge may explore on demand; empty: none


class ConnectorDetailView(ConnectorView):
    """A connector with its last changes of state."""

    changes: list[StateChangeView]  # the newest first, at most 20 since the edge started
