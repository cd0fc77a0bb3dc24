"""Detects rows that are on disk already.

A dedup key is an identity (16 bytes) and a hash of the content (8 bytes): the same identity with
other content is no repetition but a conflict that a person must see.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from werknetz.connector.contract import CHECKPOINTS_MAX

IDENTITY_BYTES: Final = 16
_CONTENT_BYTES: Final = 8
Verdict = Literal["new", "duplicate", "conflict"]


def hash_of(*parts: bytes) -> bytes:
    """Return an identity. Each part is hashed with its length: no two lists of parts collide."""
    digest = blake2b(digest_size=IDENTITY_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def dedup_key_of(identity: bytes, content: bytes) -> bytes:
    return identity + blake2b(content, digest_size=_CONTENT_BYTES).digest()


@dataclass(slots=True)
class RowDedup:
    """The last dedup keys that are on disk: twice as many as the spool stores."""

    _content: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)

    def add(self, dedup_keys: Iterable[bytes]) -> None:
        for key in dedup_keys:
            self._content[key[:IDENTITY_BYTES]] = key[IDENTITY_BYTES:]
            self._content.move_to_end(key[:IDENTITY_BYTES])
        while len(self._content) > 2 * CHECKPOINTS_MAX:
            self._content.popitem(last=False)

    def check(self, dedup_key: bytes, pending: bytes | None = None) -> Verdict:
        """`pending` is the content of the same identity in a delivery that is not on disk yet."""
        content = pending
        if content is None:
            content = self._content.get(dedup_key[:IDENTITY_BYTES])
        if content is None:
            return "new"
        return "duplicate" if content == dedup_key[IDENTITY_BYTES:] else "conflict"
