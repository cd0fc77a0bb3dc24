"""Shift calendars of equipment."""

from urllib.parse import quote

from werknetz_client.collections import Row
from werknetz_client.transport import Transport


class AsyncCalendars:
    """The versions of an equipment: `list`, `put`, `preview`, `delete`, iCalendar out and in."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def list(self, equipment: str) -> "list[Row]":
        """Return the calendars of an equipment and of what is above it, oldest first."""
        rows: list[Row] = (await self.transport.get(_path(equipment)))["items"]
        return rows

    async def put(
        self,
        equipment: str,
        document: Row,
        *,
        valid_from: str | None = None,
        reason: str | None = None,
    ) -> Row:
        """Set the calendar from an instant on; return what that changes."""
        body = {"document": document, "valid_from": valid_from, "reason": reason}
        row: Row = await self.transport.put(_path(equipment), body)
        return row

    async def preview(self, equipment: str, document: Row, *, valid_from: str | None = None) -> Row:
        """Return what `put` would change; nothing is stored."""
        body = {"document": document, "valid_from": valid_from}
        row: Row = await self.transport.post(f"{_path(equipment)}:preview", body)
        return row

    async def delete(self, equipment: str, valid_from: str, *, reason: str | None = None) -> Row:
        """Delete a version; return what that changes."""
        query = {"valid_from": valid_from, "reason": reason}
        row: Row = (await self.transport.request("DELETE", _path(equipment), query)).json()
        return row

    async def export_ics(self, equipment: str, *, start: str = "now", end: str = "+366d") -> str:
        """Return the shifts of a span as an iCalendar file."""
        query = {"start": start, "end": end}
        text: str = (await self.transport.request("GET", f"{_path(equipment)}.ics", query)).text
        return text

    async def import_ics(
        self, equipment: str, content: bytes, *, start: str = "day:today", end: str = "+366d"
    ) -> Row:
        """Return the calendar `document` of an iCalendar file, and what it would change."""
        answer = await self.transport.request(
            "POST", f"{_path(equipment)}:import", {"start": start, "end": end}, content=content
        )
        row: Row = answer.json()
        return row


def _path(equipment: str) -> str:
    return f"/equipment/{quote(equipment)}/calendars"
