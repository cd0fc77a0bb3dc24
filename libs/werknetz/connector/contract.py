"""The contract of a connector: three methods and their rules.

A connector returns readings as the protocol delivers them. It knows neither the mapping nor the
spool: the pump applies the mapping, stores the result and acknowledges.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import compress
from typing import Any, Final, Protocol, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from werknetz.events.batch import GapClosed, GapOpened, Record, Unmapped
from werknetz.texts.sentence import Sentence

CHECKPOINTS_MAX: Final = 32_768
"""Number of checkpoints the spool retains: more than a broker has in flight.

A backlog of minutes drains in seconds, and a broker that was killed may re-send all of it.
"""

HEARTBEAT: Final = "heartbeat"
"""The address of the heartbeat of a connector: stored with every mapping."""


@dataclass(frozen=True, slots=True)
class CheckpointColumn(Sequence[bytes]):
    """Checkpoints of equal length, one after another in `content`: no object a checkpoint."""

    width: int  # bytes of a checkpoint, at least 1
    content: bytes

    def __len__(self) -> int:
        return len(self.content) // self.width

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> "CheckpointColumn": ...
    def __getitem__(self, index: int | slice) -> "bytes | CheckpointColumn":
        if isinstance(index, slice):
            content = b"".join(self[n] for n in range(*index.indices(len(self))))
            return CheckpointColumn(self.width, content)
        start = range(len(self))[index] * self.width
        return self.content[start : start + self.width]

    def __iter__(self) -> Iterator[bytes]:
        content, width = self.content, self.width
        return (content[start : start + width] for start in range(0, len(content), width))


class ConnectionLost(Exception):
    """The session has ended; the pump closes, waits and connects again."""


class ConfigurationRejected(Exception):
    """The source rejects the configuration: wrong password, untrusted certificate, unknown node.

    The text names the remedy. The pump shows it, waits longer, and retries.
    """


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as the source delivered it."""

    source: str  # the address: a node id with namespace URI, "<topic>#<path>", …
    value: Any  # bool, int, float, str, bytes, datetime, None, or list/dict (stored as JSON)
    status: int = 0  # OPC UA status code
    source_time_us: int | None = None  # None: unknown; the pump uses the time of arrival
    server_time_us: int | None = None
    raw: bytes = b""  # for quarantine, if it cannot be mapped
    fields: Mapping[str, Any] | None = None  # path → value, of the whole message
    may_be_old: bool = False
    """A value of the past: retained, or the first of a subscription. Its age is no sign of a wrong
    clock."""
    text: str | None = None  # what a source without types wrote of a number: for points of texts
    item: str = ""  # position in the message, for quarantine: "line 12, column Menge"


@dataclass(slots=True)
class ReadingBlock:
    """Many readings, all numbers or all texts, as columns. `address` indexes `addresses`."""

    addresses: Sequence[str]  # one list per session; it only grows
    address: NDArray[np.int32]
    value: NDArray[np.float64]
    status: NDArray[np.uint32]
    source_time_us: NDArray[np.int64]
    server_time_us: NDArray[np.int64] | None = None
    texts: "NumberTexts | None" = None  # of a source without types
    boolean: NDArray[np.bool_] | None = None  # which values are Booleans, 1 and 0; None: none
    strings: Sequence[str] | None = None  # of a typed source: texts instead of numbers (NaN)

    def where(self, mask: NDArray[np.bool_]) -> "ReadingBlock":
        """Return the rows of a mask."""
        server = self.server_time_us
        return ReadingBlock(
            addresses=self.addresses,
            address=self.address[mask],
            value=self.value[mask],
            status=self.status[mask],
            source_time_us=self.source_time_us[mask],
            server_time_us=None if server is None else server[mask],
            texts=None if self.texts is None else self.texts.where(mask),
            boolean=None if self.boolean is None else self.boolean[mask],
            strings=None if self.strings is None else [*compress(self.strings, mask.tolist())],
        )


@dataclass(frozen=True, slots=True)
class NumberTexts:
    """What a source without types wrote of the numbers of a block, for points that are texts.

    Only texts that are not the plain form of their number are listed: `1.50`, not `1.5`.
    """

    row: NDArray[np.int32]  # of the block, ascending
    text: Sequence[str]
    comma: bool = False  # the plain form has a decimal comma

    def where(self, mask: NDArray[np.bool_]) -> "NumberTexts":
        """Return the texts of the rows of a mask, which are numbered anew."""
        inside = mask[self.row]
        number = np.cumsum(mask, dtype=np.int32) - 1
        text = [text for text, is_in in zip(self.text, inside.tolist(), strict=True) if is_in]
        return NumberTexts(number[self.row[inside]], text, self.comma)


@dataclass(frozen=True, slots=True, eq=False)
class FieldSet:
    """The fields of the messages of one topic: flat, with names that are paths as they are."""

    topic: str
    names: tuple[str, ...]
    kinds: tuple[type | None, ...]  # float: all are numbers; bool, str, NoneType; None: several
    time_index: int = -1  # of the field that is the time of a message, and no value; -1: none
    addresses: tuple[str, ...] = field(init=False)  # `<topic>#<name>`
    value_indices: tuple[int, ...] = field(init=False)  # of the fields that are values

    def __post_init__(self) -> None:
        indices = tuple(n for n in range(len(self.names)) if n != self.time_index)
        object.__setattr__(self, "addresses", tuple(f"{self.topic}#{n}" for n in self.names))
        object.__setattr__(self, "value_indices", indices)


@dataclass(frozen=True, slots=True)
class UniformMessages:
    """Messages of one topic that have the same fields, in their order, as columns: the fast path.

    All are good values of a live source. Integers are at most 2^53.
    """

    fields: FieldSet
    columns: Sequence[Sequence[Any]]  # a field each: bool, int, float, str or None
    times_us: Sequence[int] | None  # of the messages; None: unknown
    raw: Sequence[bytes] = ()  # the messages, for quarantine

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def value_count(self) -> int:
        return len(self) * len(self.fields.value_indices)

    def readings(self, indices: Sequence[int] | None = None) -> list[Reading]:
        """Return the values, or those of some fields, as single readings."""
        addresses = self.fields.addresses
        readings: list[Reading] = []
        for n, row in enumerate(zip(*self.columns, strict=True)):
            fields = dict(zip(self.fields.names, row, strict=True))
            at_us = None if self.times_us is None else self.times_us[n]
            raw = self.raw[n] if self.raw else b""
            readings += [
                Reading(addresses[index], row[index], 0, at_us, None, raw, fields)
                for index in (self.fields.value_indices if indices is None else indices)
            ]
        return readings


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One business record in the form of its source: a row, a segment group, a JSON object."""

    source: str  # matched by event rules: "northwind/orders", "edi/4711/delivery_called_off"
    fields: Mapping[str, Any]  # by the names of the source; may be nested
    key: bytes  # the source's own key: primary key, document + line; not the connector, not a hash
    # of the content
    item: str = ""  # position in the message: "line 12", "UNH 1 LIN 3"
    kind: str = ""  # if set, `fields` are those of this kind of event: no rule needed
    source_time_us: int | None = None
    raw: bytes = b""  # for quarantine: the row, the segments
    message_hash: bytes = b""  # hash of its `SourceMessage`; empty: not stored
    version: int | None = None  # the source's own order (µs, number); None: later is newer
    can_revise: bool = True  # False: other content under the same key goes to quarantine
    group: bytes = b""  # key of the document or snapshot that contains it
    is_new: bool = False  # the source knows that it delivers this key for the first time
    deleted: bool = False  # the source has deleted it; `fields` may hold the key alone
    has_former_identity: bool = False  # raw input of version 0.1: `key` is the whole identity
    zone: str | None = None  # of times without a zone in `fields`; None: that of the mapping
    time_field: str = ""  # the field that `source_time_us` was read from, in `zone` or else in UTC


@dataclass(frozen=True, slots=True)
class SourceGroupEnd:
    """A document or snapshot is complete: facts in force of its group with other keys end.

    Deliver it after the last record of the group, never for a partial listing. A cancelled
    document has no keys.
    """

    source: str  # as of its records
    group: bytes
    keys: Sequence[bytes]
    kind: str = ""  # as of its records
    item: str = ""
    message_hash: bytes = b""
    source_time_us: int | None = None
    reason: str = "replaced"  # replaced, cancelled, missing


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """A whole message, stored unchanged: an interchange, the body of a request."""

    source: str
    content: bytes
    hash: bytes  # `hash_message(content)`


def hash_message(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


async def _no_acknowledgement() -> None:
    """Acknowledge to a source that needs no acknowledgement."""


@dataclass(slots=True)
class Delivery:
    """Input of one read, and the way to acknowledge that it is on disk."""

    readings: Sequence[Reading] = ()
    blocks: Sequence[ReadingBlock] = ()
    gaps: Sequence[GapOpened | GapClosed] = ()
    unreadable: Sequence[Unmapped] = ()
    acknowledge: Callable[[], Awaitable[None]] = _no_acknowledgement
    lane: str = "live"
    records: Sequence[SourceRecord] = ()
    group_ends: Sequence[SourceGroupEnd] = ()  # applied after the records
    messages: Sequence[SourceMessage] = ()  # the whole messages of the records and readings
    checkpoints: Sequence[bytes] = ()  # for `Redeliverable`: opaque to the pump; may be empty
    # Values that the source may have sent before; those on disk are not stored again. Their age is
    # no sign of a wrong clock.
    may_repeat: bool = False
    is_history: bool = False  # stored values of the source: their age is no sign of a wrong clock
    ignored: int = 0  # values that the connector dropped by a setting: counted in the books
    duplicates: int = 0  # messages that the connector dropped as duplicates: counted in the books
    on_stored: Callable[[Sequence[Record]], None] | None = None
    """Called before `acknowledge` with the stored records: for a source that waits for a result."""
    uniform: Sequence[UniformMessages] = ()  # of addresses that occur nowhere else in the delivery

    def all_readings(self) -> list[Reading]:
        """Return the readings, those of uniform messages too."""
        return [*self.readings, *(r for messages in self.uniform for r in messages.readings())]


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """A certificate of the connection to the source, and when it expires."""

    owner: str  # "server": of the source; "own": of the connector
    until: datetime
    subject: str = ""
    fingerprint: str = ""  # SHA-256, hexadecimal


@dataclass(slots=True)
class ConnectorStatus:
    """State of a connector; the pump publishes it, the API shows it."""

    # starting, connecting, running, silent, rejected, failed, finished, stopped
    state: str = "starting"
    detail: str = ""  # the last error or notice, with the remedy
    last_good_us: int | None = None  # when the source last delivered something
    details: dict[str, str] = field(default_factory=dict)  # revised intervals, certificate expiry …
    findings: dict[str, str] = field(default_factory=dict)  # kind → what may be missed, the remedy
    certificates: Sequence[CertificateEnd] = ()
    fault: Sentence | None = None  # why it does not run; set by the pump
    step: str = ""  # what `connect` does now, or did when it failed
    on_step: Callable[[float], None] | None = None  # set by the pump

    def begin(self, step: str, limit_s: float = 0.0) -> None:
        """Name the step of `connect` that begins, also after each part of a long one.

        The pump allows each step a minute, or `limit_s` where the connector itself waits longer:
        a slow source connects as long as its steps complete. A failure names the step.
        """
        self.step = step
        if self.on_step is not None:
            self.on_step(limit_s)


class Connector(Protocol):
    """One session with one source. The pump controls its lifecycle."""

    status: ConnectorStatus

    async def connect(self) -> None:
        """Open the session. Retried with back-off until it returns.

        Raises ConnectionLost or OSError (temporary) or ConfigurationRejected (needs a person).
        """

    async def read(self) -> Delivery:
        """Return the next readings, many at a time.

        Raises ConnectionLost when the session ends. The pump calls `delivery.acknowledge()`
        only after the readings are on disk: until then the source must be able to deliver
        them again. A loss that the source reports (an overflow bit, a jump in its sequence)
        is a gap in the delivery. Deliveries are bounded: a slow reader slows the source down.
        """

    async def close(self) -> None:
        """Close the session within 5 s. May be called twice, and before connect."""


@runtime_checkable
class OutageReporter(Protocol):
    """A connector that reports a gap while the outage lasts, not only when it is over."""

    def take_outage_report(self) -> Delivery | None:
        """Return gap records, and a checkpoint with them, that do not wait for `read`.

        Called after each failure of the connector. A gap that was taken is closed by a later
        delivery, as backfilled where the source has buffered everything. From the checkpoint a
        later instance knows that the gap is open.
        """


@runtime_checkable
class Gathering(Protocol):
    """A connector whose source sends by itself, so that input gathers while nobody reads.

    A batch costs about the same whatever it holds. Under load the pump therefore calls `gather`
    before `read`, so that batches follow one another at an interval; the first input after a quiet
    time never waits.
    """

    async def gather(self, limit_s: float) -> None:
        """Return after the time, or earlier: where waiting adds no input, or the session ended.

        A source that sends nothing more before an acknowledgement must not wait for the limit.
        """


@runtime_checkable
class Redeliverable(Protocol):
    """A connector that resumes from checkpoints, as its source re-sends unacknowledged messages.

    The pump stores `delivery.checkpoints` in the transaction of the batch (the last
    `CHECKPOINTS_MAX`), and passes them to `restore_checkpoints` before the first connect. With
    them the connector drops a re-sent message that is on disk, or continues after it.
    """

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        """Accept the checkpoints on disk, oldest first. Called once, before connect."""
