"""Everything that is said on the link, and its bytes: one field `m` of a stream entry.

`Envelope.lane` decides how a batch is applied, whatever the batch says of itself: a spool
that was replaced sends its kept batches again as `backfill` (may overlap).
"""

from collections.abc import Mapping
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from werknetz.events.batch import LaneName
from werknetz.events.codec import GENESIS

FIELD: Final = b"m"
BACKFILL_SUFFIX: Final = "~backfill"


class UnreadableMessage(ValueError):
    """The entry is not a message of ours: count it, log it, go on."""


class _Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class Envelope(_Message, frozen=True, tag="envelope.v1"):
    """A batch with its identity (spool_id, seq) and its place in the hash chain."""

    connector: str
    spool_id: UUID
    epoch: int
    seq: int
    prev_hash: bytes
    hash: bytes
    lane: LaneName
    payload: bytes


class Hello(_Message, frozen=True, tag="hello.v1"):
    """A connector asks for the lease with an epoch of its choice; `nonce` finds the answer.

    Granted when the epoch in force is `base`, the last it was given, or one that the database
    has forgotten; confirmed when `epoch` is in force already: a repeated or late hello changes
    nothing.
    """

    connector: str
    spool_id: UUID
    epoch: int
    last_seq: int
    last_hash: bytes
    nonce: UUID
    lane: LaneName = "live"
    base: int = 0


class Welcome(_Message, frozen=True, tag="welcome.v1"):
    """The lease, and what the database holds of the spool (0 and GENESIS: nothing)."""

    nonce: UUID
    epoch: int
    spool_id: UUID
    last_seq: int
    last_hash: bytes
    incarnation: UUID


class Refused(_Message, frozen=True, tag="refused.v1"):
    """Another lease is in force than the one the hello builds on."""

    nonce: UUID
    epoch: int


class Ack(_Message, frozen=True, tag="ack.v1"):
    """Everything up to last_seq is committed in this life of the database (R8).

    The hash says whose: two copies of a spool hear the same acks.
    """

    incarnation: UUID
    spool_id: UUID
    last_seq: int
    last_hash: bytes


class Need(_Message, frozen=True, tag="need.v1"):
    """A hole: send again from here on."""

    spool_id: UUID
    from_seq: int


class Fenced(_Message, frozen=True, tag="fenced.v1"):
    """A batch came with another epoch than that in force."""

    epoch: int


class Forked(_Message, frozen=True, tag="forked.v1"):
    """The chain of the spool does not continue what the database holds: say hello again."""

    spool_id: UUID
    last_seq: int
    last_hash: bytes


ToCore = Envelope | Hello
ToEdge = Welcome | Refused | Ack | Need | Fenced | Forked

Fields = dict[bytes, bytes]
_T = TypeVar("_T")

_encoder: Final = msgspec.msgpack.Encoder()
_to_core: Final[msgspec.msgpack.Decoder[ToCore]] = msgspec.msgpack.Decoder(ToCore)
_to_edge: Final[msgspec.msgpack.Decoder[ToEdge]] = msgspec.msgpack.Decoder(ToEdge)


def fields_of(message: ToCore | ToEdge) -> Fields:
    return {FIELD: _encoder.encode(message)}


def to_core_of(fields: Mapping[bytes, bytes]) -> ToCore:
    """Read what a connector said; raise UnreadableMessage."""
    return _read(_to_core, fields)


def to_edge_of(fields: Mapping[bytes, bytes]) -> ToEdge:
    """Read what the core said; raise UnreadableMessage."""
    return _read(_to_edge, fields)


def _read(decoder: msgspec.msgpack.Decoder[_T], fields: Mapping[bytes, bytes]) -> _T:
    try:
        return decoder.decode(fields[FIELD])
    except (KeyError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(f"{type(error).__name__}: {error}") from error


TERMINAL_STATES: Final = frozenset({"finished", "stopped"})
"""States of a connector that has ended in order: what it said last stays true."""


class Status(msgspec.Struct, frozen=True):
    """What a connector says of itself every 5 s: the hash `wn:status:{connector}`."""

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
    mapping: str = ""  # name@version that is in use
    mapping_state: str = ""  # own, in_sync, out_of_sync, failed
    mapping_detail: str = ""


class DesiredMapping(msgspec.Struct, frozen=True, array_like=True, tag="wanted_mapping.v1"):
    """What a connector is to name its input with: the key `wn:mapping:{connector}`, said again."""

    name: str
    version: int
    digest: bytes
    document: str

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


_wanted: Final = msgspec.msgpack.Decoder(DesiredMapping)


def encode_desired_mapping(wanted: DesiredMapping) -> bytes:
    return _encoder.encode(wanted)


def decode_desired_mapping(payload: bytes) -> DesiredMapping:
    """Read what is wanted; raise UnreadableMessage."""
    try:
        return _wanted.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnreadableMessage(f"{type(error).__name__}: {error}") from error


def hash_of(status: Status) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in msgspec.structs.asdict(status).items()
    }


def status_of(fields: Mapping[str, str]) -> Status:
    """Read the status hash; raise UnreadableMessage."""
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


def link_name(connector: str, lane: LaneName) -> str:
    """The name of a lane on the link: each has its own spool, stream and lease."""
    return connector if lane == "live" else connector + BACKFILL_SUFFIX


def connector_of(name: str) -> tuple[str, LaneName]:
    if name.endswith(BACKFILL_SUFFIX):
        return name.removesuffix(BACKFILL_SUFFIX), "backfill"
    return name, "live"


__all__ = [
    "GENESIS",
    "Ack",
    "Envelope",
    "Fenced",
    "Fields",
    "Forked",
    "Hello",
    "Need",
    "Refused",
    "Status",
    "ToCore",
    "ToEdge",
    "UnreadableMessage",
    "DesiredMapping",
    "Welcome",
    "encode_desired_mapping",
    "connector_of",
    "fields_of",
    "hash_of",
    "link_name",
    "status_of",
    "to_core_of",
    "to_edge_of",
    "decode_desired_mapping",
]  # fmt: skip
