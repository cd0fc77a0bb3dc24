"""Which rows are known: on disk already, and with what content.

A mark is an identity (16 bytes) and a hash of the content (8): the same identity with other
content is no repetition, but a contradiction that a person must see.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from werknetz.connector.contract import DEDUP_KEYS_MAX

IDENTITY_BYTES: Final = 16
_CONTENT_BYTES: Final = 8
Verdict = Literal["new", "known", "contradicts"]


def hash_of(*parts: bytes) -> bytes:
    """An identity: each part with its length, so that no two lists of parts read the same."""
    hashed = blake2b(digest_size=IDENTITY_BYTES)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def dedup_key_of(identity: bytes, content: bytes) -> bytes:
    return identity + blake2b(content, digest_size=_CONTENT_BYTES).digest()


@dataclass(slots=True)
class RowDedup:
    """The last marks, as many as the spool keeps and once more."""

    _content: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)

    def add(self, marks: Iterable[bytes]) -> None:
        for mark in marks:
            self._content[mark[:IDENTITY_BYTES]] = mark[IDENTITY_BYTES:]
            self._content.move_to_end(mark[:IDENTITY_BYTES])
        while len(self._content) > 2 * DEDUP_KEYS_MAX:
            self._content.popitem(last=False)

    def check(self, mark: bytes) -> Verdict:
        content = self._content.get(mark[:IDENTITY_BYTES])
        if content is None:
            return "new"
        return "known" if content == mark[IDENTITY_BYTES:] else "contradicts"
