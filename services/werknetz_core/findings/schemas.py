"""A finding as the API shows it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from werknetz_core.http.links import MessageView


class FindingView(BaseModel):
    """A sentence that describes a contradiction with its remedy, and links to its messages."""

    key: str
    kind: str  # the code of the sentence; its fields are beside it
    text: str  # kind and fields, in the language of Accept-Language
    subject: str  # relation, stock, event, machine; of what is not computed also others
    supplier: str | None
    material: str | None
    site: str | None
    dock: str | None
    warehouse: str | None
    location: str | None
    equipment: str | None  # path of a machine
    at: datetime
    quantity: float | None
    expected: float | None
    actual: float | None
    detail: str  # what it found and the remedy, in the language of Accept-Language
    sentence: dict[str, Any] | None  # code and fields of `detail`; null: an old finding
    messages: list[MessageView]
    first_seen_at: datetime
    cleared_at: datetime | None  # null: open
