"""What could not be mapped or stored, as the API shows it."""

from datetime import datetime

from pydantic import BaseModel


class QuarantineView(BaseModel):
    id: int
    connector_id: str
    source: str
    reason: str
    size: int  # bytes of the original
    mapping: str
    at: datetime
    stored_at: datetime
    state: str


class QuarantineDetailView(QuarantineView):
    raw_base64: str
    raw_complete: bool  # false: only the beginning was kept
    spool_id: str
    seq: int
