"""Loads the raw message of an event."""

import asyncio
import base64
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.connector.contract import SourceMessage
from werknetz.connector.raw import UnreadableRaw, decode_delivery
from werknetz.domain.bucket import microseconds_of
from werknetz.events.batch import Raw
from werknetz.store.session import ReadSession
from werknetz.store.tables import raw_inputs
from werknetz_core.events.schemas import RawMessageView

PAYLOAD_MAX: Final = 32_000_000
MESSAGE_MAX: Final = 8_000_000
_EXPIRED: Final = "Raw input is stored for 30 days; this message is no longer stored."
_WITHHELD: Final = (
    "Its connector serves other plants, too, whose data the message may contain. A key for all "
    "plants shows it."
)


async def load_message(session: ReadSession, connector: str, digest: bytes) -> RawMessageView:
    """Return the message with the hash; with its bytes if stored and not too large."""
    hashes = sa.cast([digest], pg.ARRAY(sa.LargeBinary))
    query = (
        sa.select(raw_inputs, sa.func.length(raw_inputs.c.payload).label("length"))
        .with_only_columns(
            *(c for c in raw_inputs.c if c.name != "payload"),
            sa.case(
                (sa.func.length(raw_inputs.c.payload) <= PAYLOAD_MAX, raw_inputs.c.payload)
            ).label("payload"),
        )
        .where(raw_inputs.c.hashes.contains(hashes), raw_inputs.c.connector_id == connector)
        .order_by(raw_inputs.c.stored_at.desc())
        .limit(1)
    )
    row = (await session.execute(query)).mappings().first()
    if row is None:
        return _to_view(digest, None, _EXPIRED)
    if row["payload"] is None:
        return _to_view(digest, None, f"The raw input is larger than {PAYLOAD_MAX} bytes.")
    raw = Raw(
        arrival_us=microseconds_of(row["arrival_at"]),
        from_us=microseconds_of(row["from_at"]),
        to_us=microseconds_of(row["to_at"]),
        count=row["count"],
        mapping=row["mapping"],
        codec=row["codec"],
        payload=bytes(row["payload"]),
    )
    try:
        # Decoding takes time in proportion to the size, so it must not block the event loop.
        raw_delivery = await asyncio.to_thread(decode_delivery, raw)
    except UnreadableRaw as error:
        return _to_view(digest, None, f"The raw input is not readable: {error}")
    messages = raw_delivery.delivery.messages
    message = next((m for m in messages if m.hash == digest), None)
    return _to_view(digest, message, "" if message is not None else _EXPIRED)


def withheld_message(digest: bytes) -> RawMessageView:
    """Return the message without its bytes: its connector also serves plants beyond the key's."""
    return _to_view(digest, None, _WITHHELD)


def _to_view(digest: bytes, message: SourceMessage | None, note: str) -> RawMessageView:
    if message is None:
        return RawMessageView(hash=digest.hex(), source=None, size=None, base64=None, note=note)
    size = len(message.content)
    whole = size <= MESSAGE_MAX
    return RawMessageView(
        hash=digest.hex(),
        source=message.source,
        size=size,
        base64=base64.b64encode(message.content).decode() if whole else None,
        note="" if whole else f"The message has more than {MESSAGE_MAX} bytes.",
    )
