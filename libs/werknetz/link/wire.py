"""The messages of the link and their encoding: one field `m` of a stream entry.

`BatchEnvelope.lane` decides how a batch is applied, whatever the batch itself contains: a spool
that was replaced sends its stored batches again as `backfill` (may overlap).
"""

from collections.abc import Mapping
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from werknetz.events.batch import LaneName
from werknetz.events.codec import GENESIS
from werknetz.link.report import ConnectorReport

FIELD: Final = b"m"
BACKFILL_SUFFIX: Final = "~backfill"
CONNECTOR_NAME: Final = r"^[a-z0-9][a-z0-9._-]{0,62}$"


class UnreadableMessage(ValueError):
    """The entry is not a message of this link: count it, log it, continue."""


class _Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class BatchEnvelope(_Message, frozen=True, tag="envelope.v1"):
    """A batch with its identity (spool_id, seq) and its position in the hash chain.

    `incarnation` is the database that welcomed the sender. Another one must not apply the batch:
    the sender has not compared its watermark with what the spool has trimmed. None: a sender of
    version 0.1.
    """

    connector: str
    spool_id: UUID
    epoch: int
    seq: int
    prev_hash: bytes
    hash: bytes
    lane: LaneName
    payload: bytes
    incarnation: UUID | None = None


class Hello(_Message, frozen=True, tag="hello.v1"):
    """A connector requests the lease with an epoch of its choice; `nonce` identifies the reply.

    Granted if the epoch in force is not above `base`, the last one that the connector was granted.
    Confirmed if `epoch` is in force already: a repeated or late hello changes nothing.
    `incarnation`: the database that the connector knows; another one refuses, and the connector
    repeats the hello for it. So a restored database grants no lease to a hello from before.
    """

    connector: str
    spool_id: UUID
    epoch: int
    last_seq: int
    last_hash: bytes
    nonce: UUID
    lane: LaneName = "live"
    base: int = 0
    incarnation: UUID | None = None


class Welcome(_Message, frozen=True, tag="welcome.v1"):
    """The lease, and the stored watermark of the spool (0 and GENESIS: none).

    `at_us` is the wall clock of the core in µs (0: a core of version 0.1): the clock of the edge
    may be wrong when it records what was lost.
    """

    nonce: UUID
    epoch: int
    spool_id: UUID
    last_seq: int
    last_hash: bytes
    incarnation: UUID
    at_us: int = 0


class LeaseRefused(_Message, frozen=True, tag="refused.v1"):
    """The lease in force is not the one that the hello builds on.

    `at_us`: as in a welcome. `incarnation`: of the database that refuses.
    """

    nonce: UUID
    epoch: int
    at_us: int = 0
    incarnation: UUID | None = None


class Ack(_Message, frozen=True, tag="ack.v1"):
    """Everything up to last_seq is committed in this incarnation of the database (R8).

    The hash identifies the chain: two copies of a spool receive the same acks.
    """

    incarnation: UUID
    spool_id: UUID
    last_seq: int
    last_hash: bytes


class ResendRequest(_Message, frozen=True, tag="need.v1"):
    """Batches are missing: send again from this sequence on."""

    spool_id: UUID
    from_seq: int


class Fenced(_Message, frozen=True, tag="fenced.v1"):
    """A batch had another epoch than the one in force, in this incarnation of the database."""

    epoch: int
    incarnation: UUID | None = None  # None: a core of version 0.1


class Forked(_Message, frozen=True, tag="forked.v1"):
    """The chain of the spool does not continue the stored one: repeat the handshake."""

    spool_id: UUID
    last_seq: int
    last_hash: bytes


ToCore = BatchEnvelope | Hello
ToEdge = Welcome | LeaseRefused | Ack | ResendRequest | Fenced | Forked

Fields = dict[bytes, bytes]
_T = TypeVar("_T")

_encoder: Final = msgspec.msgpack.Encoder()
_to_core: Final[msgspec.msgpack.Decoder[ToCore]] = msgspec.msgpack.Decoder(ToCore)
_to_edge: Final[msgspec.msgpack.Decoder[ToEdge]] = msgspec.msgpack.Decoder(ToEdge)


def encode_message(message: ToCore | ToEdge) -> Fields:
    return {FIELD: _encoder.encode(message)}


def decode_to_core(fields: Mapping[bytes, bytes]) -> ToCore:
    """Decode a message of a connector; raise UnreadableMessage."""
    return _read(_to_core, fields)


def decode_to_edge(fields: Mapping[bytes, bytes]) -> ToEdge:
    """Decode a message of the core; raise UnreadableMessage."""
    return _read(_to_edge, fields)


def _read(decoder: msgspec.msgpack.Decoder[_T], fields: Mapping[bytes, bytes]) -> _T:
    try:
        return decoder.decode(fields[FIELD])
    except (KeyError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(f"{type(error).__name__}: {error}") from error


TERMINAL_STATES: Final = frozenset({"finished", "stopped"})
"""States of a connector that ended in order: its final status does not expire."""


class Status(msgspec.Struct, frozen=True):
    """The status that a connector publishes every 5 s: the hash `wn:status:{connector}`."""

    state: str
    detail: str
    protocol: str
    backlog: int  # batches in the spool that are not acknowledged
    lag_s: float  # age of the oldest of them
    last_good_us: int | None
    epoch: int
    acked: int
    last_seq: int
    spool_id: str
    spool_bytes: int
    pid: int
    version: str
    rss_bytes: int
    at_us: int
    details: dict[str, str] = {}
    mapping: str = ""  # name@version in use
    mapping_state: str = ""  # own, in_sync, out_of_sync, failed
    mapping_detail: str = ""
    findings: dict[str, str] = {}  # kind → text with the remedy: doubtful clocks
    report: ConnectorReport | None = None  # None: of an older edge

    @property
    def current_report(self) -> ConnectorReport:
        """The report of this status; an empty one if the edge sent none with it."""
        if self.report is None or self.report.at_us != self.at_us:
            return ConnectorReport(self.at_us)
        return self.report


class DesiredMapping(msgspec.Struct, frozen=True, array_like=True, tag="wanted_mapping.v1"):
    """The mapping that a connector should use: the key `wn:mapping:{connector}`, republished."""

    name: str
    version: int
    digest: bytes
    document: str

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


_desired_mapping: Final = msgspec.msgpack.Decoder(DesiredMapping)


def encode_desired_mapping(mapping: DesiredMapping) -> bytes:
    return _encoder.encode(mapping)


def decode_desired_mapping(payload: bytes) -> DesiredMapping:
    """Decode a desired mapping; raise UnreadableMessage."""
    try:
        return _desired_mapping.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(f"{type(error).__name__}: {error}") from error


def status_to_hash(status: Status) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in msgspec.structs.asdict(status).items()
    }


def status_from_hash(fields: Mapping[str, str]) -> Status:
    """Decode the status hash; raise UnreadableMessage."""
    texts = {
        "state", "detail", "protocol", "spool_id", "version", "mapping", "mapping_state",
        "mapping_detail",
    }  # fmt: skip
    try:
        return msgspec.convert(
            {
                name: value if name in texts else msgspec.json.decode(value)
                for name, value in fields.items()
            },
            Status,
        )
    except msgspec.DecodeError as error:
        raise UnreadableMessage(str(error)) from error


def link_name_of(connector: str, lane: LaneName) -> str:
    """Return the name of a lane on the link: each has its own spool, stream and lease."""
    return connector if lane == "live" else connector + BACKFILL_SUFFIX


def connector_of(name: str) -> tuple[str, LaneName]:
    if name.endswith(BACKFILL_SUFFIX):
        return name.removesuffix(BACKFILL_SUFFIX), "backfill"
    return name, "live"


__all__ = [
    "GENESIS",
    "Ack",
    "BatchEnvelope",
    "DesiredMapping",
    "Fenced",
    "Fields",
    "Forked",
    "Hello",
    "LeaseRefused",
    "ResendRequest",
    "Status",
    "ToCore",
    "ToEdge",
    "UnreadableMessage",
    "Welcome",
    "connector_of",
    "decode_desired_mapping",
    "decode_to_core",
    "decode_to_edge",
    "encode_desired_mapping",
    "encode_message",
    "link_name_of",
    "status_from_hash",
    "status_to_hash",
]  # fmt: skip
