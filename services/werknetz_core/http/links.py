"""Links in responses, from a value back to the events it was computed from."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from pydantic import BaseModel

EVENTS_PATH: Final = "/api/v1/events"


class MessageView(BaseModel):
    """An event, with the link to its raw message."""

    event_id: UUID
    link: str


def event_link(event_id: UUID) -> str:
    return f"{EVENTS_PATH}/{event_id}"


def message_views_of(event_ids: Iterable[UUID]) -> list[MessageView]:
    return [MessageView(event_id=event_id, link=event_link(event_id)) for event_id in event_ids]
