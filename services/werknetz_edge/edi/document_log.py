"""What is known of each document: the contents that came, and its lines.

A document is identified by sender, receiver, message type and number. The log decides whether a
message is new, a repetition, or contradicts an original; it is stored in the ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from werknetz_edge.edi.profile import DocumentFunction

CONTENTS_MAX: Final = 32  # of a document: older ones are forgotten
LINES_MAX: Final = 20_000  # of a document whose entries are counted
_PREFIX: Final = b"document\0"
DocumentStatus = Literal["complete", "partial", "cancelled"]
DocumentVerdict = Literal["new", "again", "repetition", "conflict"]


class KnownDocument(msgspec.Struct, array_like=True):
    """The state of a document in the ledger."""

    status: DocumentStatus = "complete"
    contents: list[tuple[bytes, str]] = []  # content and function, the last one at the end
    entries: dict[bytes, int] = {}  # by line: only of lines with several entries


@dataclass(slots=True)
class DocumentLog:
    """The documents of one file, over those in the ledger."""

    get_state: Callable[[bytes], bytes | None]
    _pending: dict[bytes, KnownDocument] = field(default_factory=dict)

    def find(self, document: bytes) -> KnownDocument | None:
        if document in self._pending:
            return self._pending[document]
        stored = self.get_state(_PREFIX + document)
        return None if stored is None else msgspec.msgpack.decode(stored, type=KnownDocument)

    def update(self, document: bytes, state: KnownDocument) -> tuple[bytes, bytes]:
        """Set the state; return the key and value for the ledger."""
        self._pending[document] = state
        return _PREFIX + document, msgspec.msgpack.encode(state)


def judge(
    state: KnownDocument | None, content: bytes, function: DocumentFunction | None
) -> DocumentVerdict:
    """Decide how a message relates to what came of its document.

    again: the content that came last. A former content is a repetition unless its function is
    another: so an old file does not undo a correction, and a correction back is one.
    """
    if state is None or not state.contents:
        return "new"
    name = function or "original"
    last_content, last_function = state.contents[-1]
    if content == last_content and (name in {last_function, "duplicate"}):
        return "again"
    is_former = any(
        former == content and name in {former_function, "duplicate"}
        for former, former_function in state.contents
    )
    if is_former:
        return "repetition"
    if name in {"original", "duplicate"} and state.status == "complete":
        return "conflict"
    return "new"


def document_key_of(*parts: str) -> bytes:
    """Return the key of a document: 16 bytes."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return digest.digest()
