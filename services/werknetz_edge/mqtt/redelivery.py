"""Recognise messages that a broker redelivers because it saw no acknowledgement.

A checkpoint is a hash of topic, payload and retain flag, followed by the packet identifier. Where
messages may be equal, only a message that the broker marks as redelivered (DUP) is dropped, and
each checkpoint stands for one message. Where the operator declares that no two messages are equal
(`unique`), an equal message is a duplicate.

Redeliveries are rare, so checkpoints are only appended. The first look-up builds an index, which
is dropped again when enough messages have come without another look-up.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Final

from werknetz.connector.contract import CHECKPOINTS_MAX, CheckpointColumn
from werknetz_edge.mqtt.packets import MqttMessage

_CONTENT_BYTES: Final = 14  # of the hash
CHECKPOINT_BYTES: Final = _CONTENT_BYTES + 2  # with the packet identifier
REMEMBERED_MAX: Final = 2 * CHECKPOINTS_MAX


_LIVE: Final = blake2b(digest_size=_CONTENT_BYTES)
_RETAINED: Final = blake2b(digest_size=_CONTENT_BYTES, key=b"r")


def checkpoint_of(message: MqttMessage) -> bytes:
    content = (_RETAINED if message.retained else _LIVE).copy()
    content.update(message.payload)
    content.update((message.topic or "").encode(errors="surrogatepass"))
    return content.digest() + message.mid.to_bytes(2, "big")


@dataclass(slots=True)
class _Index:
    """Checkpoints by their content, oldest first."""

    generations: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    by_content: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def add(self, checkpoint: bytes, generation: int) -> None:
        if checkpoint in self.generations:
            self.drop(checkpoint)
        self.generations[checkpoint] = generation
        content = checkpoint[:_CONTENT_BYTES]
        self.by_content[content] = (*self.by_content.get(content, ()), checkpoint)
        if len(self.generations) > REMEMBERED_MAX:
            self.drop(next(iter(self.generations)))

    def drop(self, checkpoint: bytes) -> None:
        del self.generations[checkpoint]
        content = checkpoint[:_CONTENT_BYTES]
        remaining = tuple(other for other in self.by_content[content] if other != checkpoint)
        if remaining:
            self.by_content[content] = remaining
        else:
            del self.by_content[content]

    def find_earlier(self, checkpoint: bytes, generation: int) -> bytes | None:
        """Return the oldest equal message of an earlier connection."""
        equal = self.by_content.get(checkpoint[:_CONTENT_BYTES], ())
        return next((other for other in equal if self.generations[other] < generation), None)


@dataclass(slots=True)
class AcceptedMessages:
    """Checkpoints of the last messages that are on disk or about to be."""

    generation: int = 0  # of the connection
    needs_index: bool = False  # look-ups are no exception: messages are `unique`
    _columns: deque[tuple[int, bytes]] = field(default_factory=deque)  # generation, checkpoints
    _size: int = 0  # checkpoints in `_columns`
    _index: _Index | None = None
    _since_look_up: int = 0

    def __len__(self) -> int:
        return self._size if self._index is None else len(self._index.generations)

    def add(self, checkpoints: Iterable[bytes]) -> None:
        self.add_column(CheckpointColumn(CHECKPOINT_BYTES, b"".join(checkpoints)))

    def add_column(self, column: CheckpointColumn) -> None:
        """Add the checkpoints of a delivery."""
        count = len(column)
        self._since_look_up += count
        if self._index is not None and self._since_look_up > REMEMBERED_MAX:
            self._drop_index()
        if self._index is None:
            self._append(self.generation, column)
            return
        for checkpoint in column:
            self._index.add(checkpoint, self.generation)

    def is_redelivered(
        self, message: MqttMessage, checkpoint: bytes, *, unique: bool = False
    ) -> bool:
        """Whether the message was accepted before; it stays known under its new identifier.

        It may come any number of times until it is acknowledged: NATS redelivers every `ack_wait`,
        and once more after its restart.
        """
        if not unique and not message.dup:
            return False
        index = self._look_up()
        if unique:
            return checkpoint[:_CONTENT_BYTES] in index.by_content
        if checkpoint not in index.generations:
            # After a restart a broker may assign new identifiers (NATS does): compare the content.
            earlier = index.find_earlier(checkpoint, self.generation)
            if earlier is None:
                return False
            index.drop(earlier)
        index.add(checkpoint, self.generation)
        return True

    def _append(self, generation: int, column: CheckpointColumn) -> None:
        if not column:
            return
        self._columns.append((generation, column.content))
        self._size += len(column)
        while self._size > REMEMBERED_MAX:
            oldest, content = self._columns.popleft()
            surplus = min(self._size - REMEMBERED_MAX, len(content) // CHECKPOINT_BYTES)
            self._size -= surplus
            if rest := content[surplus * CHECKPOINT_BYTES :]:
                self._columns.appendleft((oldest, rest))

    def _look_up(self) -> _Index:
        self._since_look_up = 0
        if self._index is None:
            index = _Index()
            for generation, content in self._columns:
                for checkpoint in CheckpointColumn(CHECKPOINT_BYTES, content):
                    index.add(checkpoint, generation)
            self._index, self._size = index, 0
            self._columns.clear()
        return self._index

    def _drop_index(self) -> None:
        if self.needs_index or self._index is None:
            return
        items: Sequence[tuple[bytes, int]] = [*self._index.generations.items()]
        self._index = None
        for generation, pairs in groupby(items, itemgetter(1)):
            content = b"".join(checkpoint for checkpoint, _ in pairs)
            self._append(generation, CheckpointColumn(CHECKPOINT_BYTES, content))
