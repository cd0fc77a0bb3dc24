"""What a connector author writes against: three methods, and what they promise.

A connector yields readings as the protocol gave them. It knows neither mapping nor
spool; the pump names, keeps and acknowledges.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from werknetz.events.batch import GapClosed, GapOpened, Record, Unmapped

CHECKPOINTS_MAX: Final = 32_768
"""More than a broker has in flight: what can be given again is among these.

A backlog of minutes drains in seconds, and a broker that was killed may give it all again.
"""

HEARTBEAT: Final = "heartbeat"
"""The address of a connector's own sign of life: stored whatever the mapping says."""


class ConnectionLost(Exception):
    """The session has ended; the pump closes, waits and connects again."""


class ConfigurationRejected(Exception):
    """The source refuses what we are: wrong password, untrusted certificate, unknown node.

    The text says what to do next. The pump shows it, waits longer, and tries again.
    """


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as the source gave it."""

    source: str  # the address: a node id with namespace URI, "<topic>#<path>", …
    value: Any  # bool, int, float, str, bytes, datetime, None, or list/dict (kept as JSON text)
    status: int = 0  # OPC UA status code
    source_time_us: int | None = None  # None: the source gave no time; the pump takes arrival time
    server_time_us: int | None = None
    raw: bytes = b""  # what to keep if it cannot be mapped
    fields: Mapping[str, Any] | None = None  # path → value of the whole message: a rule's time


@dataclass(slots=True)
class ReadingBlock:
    """Many numeric readings as columns: the fast path. `address` indexes `addresses`."""

    addresses: Sequence[str]  # one list for the life of the session; only grows
    address: NDArray[np.int32]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    source_time_us: NDArray[np.int64]
    server_time_us: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One business record as its source wrote it: a row, a segment group, a JSON object."""

    source: str  # what event rules match: "northwind/orders", "edi/4711/delivery_called_off"
    fields: Mapping[str, Any]  # by the source's names; nested dicts and lists are paths
    identity: bytes  # the same for the same record told again, also by another connector
    item: str = ""  # where in the message: "line 12", "UNH 1 LIN 3"
    kind: str = ""  # given: `fields` are those of this kind of event already, no rule is needed
    source_time_us: int | None = None
    raw: bytes = b""  # what to show in quarantine: the row, the segments
    message_hash: bytes = b""  # the hash of the `Message` it stands in; empty: none is kept


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """A whole message, kept as it came: an interchange, a request's body."""

    source: str
    content: bytes
    hash: bytes  # `message_hash(content)`


def hash_message(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


async def _nothing() -> None:
    """Acknowledge where the source needs no word."""


@dataclass(slots=True)
class Delivery:
    """What the source gave at once, and the way to say that it is on disk."""

    readings: Sequence[Reading] = ()
    blocks: Sequence[ReadingBlock] = ()
    gaps: Sequence[GapOpened | GapClosed] = ()
    unreadable: Sequence[Unmapped] = ()
    acknowledge: Callable[[], Awaitable[None]] = _nothing
    lane: str = "live"
    records: Sequence[SourceRecord] = ()
    messages: Sequence[SourceMessage] = ()  # the whole messages that records and readings stand in
    checkpoints: Sequence[bytes] = ()  # one a message, for `Redeliverable`; empty: it needs none
    may_repeat: bool = False  # holds values told before: a row that is on disk is not kept again
    on_stored: Callable[[Sequence[Record]], None] | None = None
    """Told before `acknowledge` what was kept: for a source that waits for the verdict."""


@dataclass(slots=True)
class ConnectorStatus:
    """What the connector says of itself; the pump publishes it, the API shows it."""

    state: str = "starting"  # starting, connecting, running, silent, rejected, finished, stopped
    detail: str = ""  # the last error or remark, with what to do next
    last_good_us: int | None = None  # when the source last gave something
    details: dict[str, str] = field(default_factory=dict)  # revised intervals, certificate expiry …


class Connector(Protocol):
    """One live session with one source. The pump owns its life."""

    status: ConnectorStatus

    async def connect(self) -> None:
        """Open the session. Called again, with back-off, until it returns.

        Raises ConnectionLost or OSError (try again) or ConfigurationRejected (a person is needed).
        """

    async def read(self) -> Delivery:
        """Return the next readings, many at a time, and the way to acknowledge them.

        Raises ConnectionLost when the session ends. The pump calls `delivery.acknowledge()`
        only after the readings are on disk: until then the source must still be able to give
        them again. A loss that the source reports (an overflow bit, a jump in its sequence)
        travels in the delivery as a gap. Bounded: a reader that is slow slows the source down.
        """

    async def close(self) -> None:
        """Release the session, within 5 s. Safe to call twice, and before connect."""


@runtime_checkable
class Redeliverable(Protocol):
    """A connector whose source gives unacknowledged messages again, marked as given again.

    The pump keeps `delivery.marks` in the spool, in the transaction of the batch (the last
    `MARKS_KEPT`), and hands them back here before the first connect. A message that is given
    again and whose mark is among them is on disk already: the connector drops it.
    """

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        """Take the marks of what is on disk, oldest first. Called once, before connect."""
