"""The wire format: a batch is one spool row, one stream entry and one database transaction.

Columns are packed little-endian, so that the writer creates COPY rows with numpy. Old bytes must
stay readable: a new meaning needs a new tag, a new field comes last and has a default.
"""

from typing import Literal
from uuid import UUID

import msgspec

from werknetz.events.facts import Fact

LaneName = Literal["live", "backfill"]


class PointDefinition(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Defines a point and its number in this spool. Precedes the samples of the point."""

    number: int
    key: str  # unique in the enterprise: "<equipment path>:<signal>" or "connector:<id>:<signal>"
    equipment: str | None  # path; None: a signal of the connector itself (heartbeat)
    signal: str
    role: str
    unit: str | None
    source: str  # address in the source: node id, topic and path …
    mapping: str  # "<mapping name>@<version>"
    datatype: str = "float"  # float, integer, boolean, text, json
    counter_reset: str = "none"  # counters: "none", "to_zero" (a decrease is a reset), "rollover"
    counter_modulus: float | None = None  # counters with rollover: maximum plus 1
    counter_kind: str = "cumulative"  # "cumulative" or "increment" (each sample adds)
    time_zone: str | None = None  # of the plant, where the mapping defines it
    counter_interpolate: bool = False  # spread an increment over the time since the sample before
    counter_max_increment: float | None = None  # of one sample; more is set aside
    counter_max_speed: float | None = None  # times the planned speed; None: the built-in limit
    carrier: str | None = None  # of energy; None: electricity


class Points(msgspec.Struct, frozen=True, array_like=True, tag="points.v1"):
    points: list[PointDefinition]


class Samples(msgspec.Struct, frozen=True, array_like=True, tag="samples.v1"):
    """n samples as columns of equal length; see `codec.columns_of`."""

    point: bytes  # int32, n
    time: bytes  # int64 µs since 1970 UTC, n
    value: bytes  # float64, n; NaN where the value is only a text
    status: bytes  # uint32 OPC UA status code, n
    server_time: bytes = b""  # int64 µs, n; empty: unknown
    text_row: bytes = b""  # int32, m: rows with a text, ascending
    text: list[str] = []  # m


class Unmapped(msgspec.Struct, frozen=True, array_like=True, tag="unmapped.v1"):
    """Input that the mapping could not convert: goes to quarantine, with the reason."""

    source: str
    reason: str
    raw: bytes
    at_us: int
    mapping: str = ""
    size: int = 0  # bytes of the original, where `raw` is truncated
    item: str = ""  # position in the message: "line 12", "UNH 1 LIN 3 DTM"
    raw_hash: bytes = b""  # of the whole message, where that is stored
    count: int = 1  # occurrences: repeats are reported once a minute


class BusinessEvent(msgspec.Struct, frozen=True, array_like=True, tag="event.v1"):
    """A business fact and its origin."""

    event_id: UUID  # of scope, source, key and rule: equal for every delivery of the fact
    source: str
    item: str  # position in the message: "line 12", "UNH 1 LIN 3"
    at_us: int  # time of the source; else of arrival
    mapping: str
    raw_hash: bytes  # 16 bytes; empty: the message is not stored
    fact: Fact
    content: bytes = b""  # 16-byte hash of what the mapping read; empty: an edge of version 0.1
    version: int | None = None  # the source's order of revisions; None: a later delivery is newer
    can_revise: bool = True  # False: other content under the same id goes to quarantine
    group: bytes = b""  # 16 bytes: the document or snapshot that contains it; empty: none


class EventWithdrawn(msgspec.Struct, frozen=True, array_like=True, tag="event_withdrawn.v1"):
    """Takes a fact out of force: its row was deleted, or its rule no longer applies."""

    event_id: UUID
    source: str
    item: str
    at_us: int
    mapping: str
    raw_hash: bytes
    reason: str  # deleted, cancelled, rule_not_met
    version: int | None = None


class GroupEnd(msgspec.Struct, frozen=True, array_like=True, tag="group_end.v1"):
    """A document or snapshot is complete: facts in force of its group without an id here end."""

    group: bytes  # 16 bytes
    event_ids: bytes  # n * 16 bytes
    source: str
    item: str
    at_us: int
    mapping: str
    raw_hash: bytes
    reason: str  # replaced, cancelled, missing


class Tally(msgspec.Struct, frozen=True, array_like=True, tag="tally.v1"):
    """The edge's side of the books of a batch.

    Units: a reading, a row of a block, or the outcome of one event rule for a record. The rest of
    `taken` is in the batch: samples, events, withdrawals and quarantined input by its count.
    """

    taken: int
    ignored: int = 0  # by a rule: `ignore`, `when`
    duplicates: int = 0  # dropped at the edge


class MappingUsed(msgspec.Struct, frozen=True, array_like=True, tag="mapping_used.v1"):
    """The mapping of the records that follow in this spool."""

    name: str
    version: int
    digest: bytes  # 16 bytes, of the document
    document: str  # YAML


class Raw(msgspec.Struct, frozen=True, array_like=True, tag="raw.v1"):
    """The raw input of a delivery, stored so that another mapping can be applied later."""

    arrival_us: int
    from_us: int
    to_us: int
    count: int  # readings, rows of blocks, and records
    mapping: str  # in force at arrival
    codec: str  # "zlib": MessagePack of `connector.raw`, compressed
    payload: bytes
    hashes: list[bytes] = []  # of the whole messages in it


class GapOpened(msgspec.Struct, frozen=True, array_like=True, tag="gap_opened.v1"):
    """Values were lost, or may have been, before the spool stored them."""

    gap_id: UUID
    source: str
    signals: list[str]  # point keys; empty: all points of the source
    from_us: int
    cause: str
    """One of queue_overflow, sequence_jump, session_not_present, subscription_recreated,
    connection_lost, spool_full, spool_rolled_back, spool_replaced, fork, unrecoverable,
    configuration_changed, source_silent, decode_error."""
    detail: str = ""
    estimate: int | None = None  # number of values lost, where known


class GapClosed(msgspec.Struct, frozen=True, array_like=True, tag="gap_closed.v1"):
    gap_id: UUID
    to_us: int
    estimate: int | None = None
    backfilled: bool = False


Record = (
    Points
    | Samples
    | Unmapped
    | GapOpened
    | GapClosed
    | BusinessEvent
    | EventWithdrawn
    | GroupEnd
    | Tally
    | MappingUsed
    | Raw
)


class Batch(msgspec.Struct, frozen=True, array_like=True, tag="batch.v1"):
    """Records in the order in which the edge stored them."""

    records: list[Record]
    lane: LaneName = "live"
