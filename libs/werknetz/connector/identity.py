"""Identity of facts: which deliveries are the same fact, and whether its content has changed.

A fact is identified by its scope, its source and the source's own key (M1). The scope is the
connector, so two suppliers may use the same document numbers. A mapping that widens it
(`identity: {scope: partner}`) lets two routes deliver the same fact.
"""

from hashlib import blake2b
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from werknetz.events.facts import Fact

_BYTES: Final = 16
_encoder: Final = msgspec.msgpack.Encoder(decimal_format="string")


class FactIdentity(BaseModel):
    """The part `identity` of a mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    scope: Annotated[Literal["connector", "partner"], Field()] = "connector"
    """connector: ids are unique to this connector. partner: every connector whose mapping says so
    and whose source has the same name delivers the same facts."""

    def scope_of(self, connector_id: str) -> str:
        return connector_id if self.scope == "connector" else ""


def event_id_of(scope: str, source: str, key: bytes, rule: str) -> UUID:
    """Return the id of the fact that a rule makes of a record. `rule`: kind, or "kind:name"."""
    return UUID(bytes=_hash(b"event", scope.encode(), source.encode(), key, rule.encode()))


def former_event_id_of(identity: bytes, rule: str) -> UUID:
    """Return the id that version 0.1 gave: raw inputs of that time still refer to it."""
    return UUID(bytes=blake2b(identity + b"\0" + rule.encode(), digest_size=_BYTES).digest())


def group_key_of(scope: str, source: str, group: bytes) -> bytes:
    """Return the 16 bytes that identify a document or snapshot; empty where there is none."""
    return _hash(b"group", scope.encode(), source.encode(), group) if group else b""


def content_hash_of(fact: Fact, at_us: int | None) -> bytes:
    """Return the hash of what the mapping read; `at_us` only where the source has a time."""
    return _hash(b"content", _encoder.encode(fact), b"" if at_us is None else str(at_us).encode())


def _hash(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=_BYTES)
    for part in parts:  # with their lengths: ("ab", "c") differs from ("a", "bc")
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
