"""Stops, quantities and shift reports of the API, with what people change about them."""

from typing import Any
from urllib.parse import quote

from werknetz_client.collections import AsyncCollection, Row
from werknetz_client.items.stops import QuantityItem, StopItem
from werknetz_client.transport import Transport


class AsyncStops(AsyncCollection[StopItem]):
    """Stops: `iter`, `list`, `get`, and `enter`, `classify`, `split`, `merge`, `undo`.

    A change returns its number in the audit log and the stops that there are now in its time. Send
    the `version` of the stop as you saw it: another person's change in between is an ApiError 409.
    """

    async def enter(self, equipment: str, start: str, end: str, /, **fields: object) -> Row:
        """Enter a stop that the machine did not report; fields: reason, state, comment, why."""
        body = {"equipment": equipment, "start": start, "end": end, **fields}
        row: Row = await self.transport.post("/stops", body)
        return row

    async def classify(self, stop_id: str, /, **fields: object) -> Row:
        """Give a stop a reason; fields: reason, state, comment, why, version.

        A comment without reason and state leaves both as they are.
        """
        return await self._change(stop_id, "classify", fields)

    async def classify_all(self, stops: "list[dict[str, Any]]", /, **fields: object) -> Row:
        """Classify stops, each {"id", "version"}, all or none; fields: reason, state, comment, why.

        Returns `changes`, one for each stop.
        """
        row: Row = await self.transport.post("/stops:classify", {"stops": stops, **fields})
        return row

    async def split(self, stop_id: str, at: str, /, **fields: object) -> Row:
        """Split a stop at an instant inside it; fields: comment, why, version."""
        return await self._change(stop_id, "split", {"at": at, **fields})

    async def merge(self, stops: "list[dict[str, Any]]", /, **fields: object) -> Row:
        """Make adjacent stops, each {"id", "version"}, one; fields: reason, state, comment, why."""
        row: Row = await self.transport.post("/stops:merge", {"stops": stops, **fields})
        return row

    async def undo(self, stop_id: str, /, *, version: int, why: str | None = None) -> Row:
        """Undo the last change of a stop, which is its version."""
        return await self._change(stop_id, "undo", {"version": version, "why": why})

    async def _change(self, stop_id: str, verb: str, body: object) -> Row:
        row: Row = await self.transport.post(f"/stops/{quote(stop_id)}:{verb}", body)
        return row


class AsyncQuantities(AsyncCollection[QuantityItem]):
    """Quantities by people: `iter`, `list`, and `enter`, `correct`, `withdraw`, `undo`."""

    async def enter(
        self, equipment: str, at: str, /, *, kind: str, quantity: float, **fields: object
    ) -> Row:
        """Add parts, or take away (negative); fields: since, reason, order_number, comment, why."""
        body = {"equipment": equipment, "at": at, "kind": kind, "quantity": quantity, **fields}
        row: Row = await self.transport.post(f"/{self.name}", body)
        return row

    async def correct(self, number: int, /, **fields: object) -> Row:
        """Change a quantity; fields: quantity, reason, order_number, comment, why, version."""
        row: Row = await self.transport.patch(f"/{self.name}/{number}", fields)
        return row

    async def withdraw(self, number: int, /, *, why: str | None = None) -> None:
        await self.transport.request("DELETE", f"/{self.name}/{number}", {"why": why})

    async def undo(self, number: int, /, *, why: str | None = None) -> Row | None:
        """Undo the last change; None: it was the entry itself."""
        row: Row | None = await self.transport.post(f"/{self.name}/{number}:undo", {"why": why})
        return row


class AsyncShiftReports:
    """Shift reports by equipment, notes in them and signatures; `client.annotations`: all notes."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    async def get(self, equipment: str, /, *, start: str = "shift:previous", **options: Any) -> Row:
        """Return the report of a shift; options: end, tz."""
        row: Row = await self.transport.get(
            f"/shift_reports/{quote(equipment)}", {"start": start, **options}
        )
        return row

    async def add_note(self, equipment: str, text: str, /, **fields: object) -> Row:
        """Add a note to the report of its time; fields: start, end (default: now)."""
        body = {"equipment": equipment, "text": text, **fields}
        row: Row = await self.transport.post("/annotations", body)
        return row

    async def sign(self, equipment: str, report: Row, /, *, comment: str | None = None) -> Row:
        """Sign a report as `get` returned it; an ApiError 409 if it has changed since."""
        body = {name: report[name] for name in ("start", "end", "digest")}
        row: Row = await self.transport.post(
            f"/shift_reports/{quote(equipment)}:sign", {**body, "comment": comment}
        )
        return row

    async def withdraw_signature(
        self, equipment: str, number: int, /, *, comment: str | None = None
    ) -> None:
        """Withdraw a signature of one's own; the report goes on showing it as withdrawn."""
        body = {"signature": number, "comment": comment}
        await self.transport.post(f"/shift_reports/{quote(equipment)}:withdraw_signature", body)

    async def withdraw_note(self, number: int, /) -> None:
        await self.transport.request("DELETE", f"/annotations/{number}")

    async def undo_withdrawn_note(self, number: int, /) -> Row:
        """Bring back a note that was withdrawn; its author and its times stay."""
        row: Row = await self.transport.post(f"/annotations/{number}:undo", {})
        return row
