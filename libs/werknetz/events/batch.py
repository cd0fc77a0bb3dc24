"""What is said on the wire: a batch is a spool row, a stream entry and a transaction.

Columns are packed little-endian so that the writer turns them into COPY rows with numpy.
Old bytes stay readable for ever: a new meaning is a new tag, and `codec` lifts old ones.
"""

from typing import Literal
from uuid import UUID

import msgspec

from werknetz.events.facts import Fact

LaneName = Literal["live", "backfill"]


class PointDefinition(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Introduces the number that this spool has given to a point. Comes before its samples."""

    number: int
    key: str  # unique over the enterprise: "<equipment path>:<signal>" or "connector:<id>:<signal>"
    equipment: str | None  # equipment path; None: the connector's own signal (heartbeat)
    signal: str
    role: str
    unit: str | None
    source: str  # where it comes from: node id, topic and path …
    mapping: str  # "<mapping name>@<version>"
    datatype: str = "float"  # float, integer, boolean, text, json
    counter_reset: str = "none"  # counts: "none", "to_zero" (any fall is a new start), "rollover"
    counter_modulus: float | None = None  # counts with roll-over: the value after the highest
    counter_kind: str = "cumulative"  # "cumulative" or "increment" (each sample is a number made)
    time_zone: str | None = None  # of the plant, when the mapping knows it


class Points(msgspec.Struct, frozen=True, array_like=True, tag="points.v1"):
    points: list[PointDefinition]


class Samples(msgspec.Struct, frozen=True, array_like=True, tag="samples.v1"):
    """n samples as columns. Lengths must agree; see `codec.columns_of`."""

    point: bytes  # int32, n
    time: bytes  # int64 µs since 1970 UTC, n
    value: bytes  # float64, n; NaN where `text` alone says it
    status: bytes  # uint32 OPC UA status code, n
    server_time: bytes = b""  # int64 µs, n, or empty: not given
    text_row: bytes = b""  # int32, m: rows that have a text, ascending
    text: list[str] = []  # m


class Unmapped(msgspec.Struct, frozen=True, array_like=True, tag="unmapped.v1"):
    """Input that no mapping could read: goes to quarantine whole, with its reason."""

    source: str
    reason: str
    raw: bytes
    at_us: int
    mapping: str = ""
    size: int = 0  # bytes of the original, when `raw` had to be cut
    item: str = ""  # where in the message: "line 12", "UNH 1 LIN 3 DTM"
    raw_hash: bytes = b""  # of the message it was found in, where that is kept whole
    count: int = 1  # a flood is told once a minute, with how many there were


class BusinessEvent(msgspec.Struct, frozen=True, array_like=True, tag="event.v1"):
    """A fact of business and where it came from."""

    event_id: UUID  # the same for the same fact told again, whoever carries it
    source: str
    item: str  # where in the message: "line 12", "UNH 1 LIN 3"
    at_us: int  # the source's time; arrival where it gave none
    mapping: str
    raw_hash: bytes  # 16 bytes; empty: the message is not kept
    fact: Fact


class MappingUsed(msgspec.Struct, frozen=True, array_like=True, tag="mapping_used.v1"):
    """The mapping of what follows in this spool: comes before its points and events."""

    name: str
    version: int
    digest: bytes  # 16 bytes, of the document
    document: str  # YAML


class Raw(msgspec.Struct, frozen=True, array_like=True, tag="raw.v1"):
    """What a delivery held before it was named: kept so that a mapping can be run again."""

    arrival_us: int
    from_us: int
    to_us: int
    count: int  # readings, rows of blocks and records
    mapping: str  # that was in force
    codec: str  # "zlib": MessagePack of `connector.raw`, compressed
    payload: bytes
    hashes: list[bytes] = []  # of the messages that are in it whole


class GapOpened(msgspec.Struct, frozen=True, array_like=True, tag="gap_opened.v1"):
    """Something was lost before acceptance, or may have been."""

    gap_id: UUID
    source: str
    signals: list[str]  # point keys; empty: all of the source
    from_us: int
    cause: str  # one of `CAUSES`
    detail: str = ""
    estimate: int | None = None  # values lost, where it can be told


class GapClosed(msgspec.Struct, frozen=True, array_like=True, tag="gap_closed.v1"):
    gap_id: UUID
    to_us: int
    estimate: int | None = None
    backfilled: bool = False


GAP_CAUSES = frozenset({
    "queue_overflow", "sequence_jump", "session_not_present", "subscription_recreated",
    "connection_lost", "spool_full", "spool_rolled_back", "spool_replaced", "fork",
    "unrecoverable", "configuration_changed", "source_silent", "decode_error",
})  # fmt: skip

Record = Points | Samples | Unmapped | GapOpened | GapClosed | BusinessEvent | MappingUsed | Raw


class Batch(msgspec.Struct, frozen=True, array_like=True, tag="batch.v1"):
    """Records in the order in which they were accepted."""

    records: list[Record]
    lane: LaneName = "live"
