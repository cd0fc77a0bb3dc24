"""Entries of the audit log as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class AuditView(BaseModel):
    id: int
    at: datetime
    by: str  # name of the key
    action: str
    subject: str  # kind: stop, quantity, reason, calendar, target, mapping, key …
    subject_id: str
    equipment: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None  # why, in the words of the person
    address: str | None  # of the client; of the connection to the database without a request
    client: str | None  # user agent, at most 200 characters; or command, user and host
    trace_id: str | None  # of the request, as in its answer and in the log
