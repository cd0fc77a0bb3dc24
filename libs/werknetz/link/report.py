"""What an edge reports of a connector beside its state: rate, clocks, certificates, errors.

It is one field of the status, so that an older core passes over it and an older edge leaves it out.
"""

import msgspec

FieldValue = str | int | float | bool | None


class Fault(msgspec.Struct, frozen=True):
    """Why a connector does not run: the code of a sentence and its fields."""

    code: str
    fields: dict[str, FieldValue] = {}


class CertificateReport(msgspec.Struct, frozen=True):
    """A certificate of the connection to the source."""

    owner: str  # "server": of the source; "own": of the connector
    until_us: int  # when it expires
    subject: str = ""
    fingerprint: str = ""  # SHA-256, hexadecimal


class StateReport(msgspec.Struct, frozen=True):
    """A change of a connector's state."""

    at_us: int
    state: str
    detail: str = ""
    fault: Fault | None = None


class ConnectorReport(msgspec.Struct, frozen=True):
    """`at_us` is that of the status: another one is left over from another version of the edge."""

    at_us: int
    rate_s: float | None = None  # values a second over the window
    rate_window_s: float = 0.0
    source_offset_s: float | None = None  # of the source's clock to the edge's; above 0: ahead
    certificates: list[CertificateReport] = []
    mapping_digest: str = ""  # hexadecimal, of the content in use
    is_history: bool = False  # the source has stored values only: it ends
    fault: Fault | None = None
    changes: list[StateReport] = []  # the newest last
    explores: list[str] = []  # hosts and networks that it may explore on demand
