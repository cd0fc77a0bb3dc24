"""Addresses that answers give: from what is shown to what it was read from."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from pydantic import BaseModel

EVENTS_PATH: Final = "/api/v1/events"


class MessageView(BaseModel):
    """An event, and where it leads back to its message."""

    event_id: UUID
    link: str


def event_link(event_id: UUID) -> str:
    return f"{EVENTS_PATH}/{event_id}"


def message_views_of(event_ids: Iterable[UUID]) -> list[MessageView]:
    return [MessageView(event_id=one, link=event_link(one)) for one in event_ids]
