"""Which messages are known already: a broker gives again what it saw no acknowledgement for.

A mark is a hash of topic, payload and retain flag, and the packet identifier. Where messages may be
equal, only one that the broker itself marks as given again (DUP) is dropped, and each mark stands
for one. Where the operator says that no two are equal (`unique`), an equal one is the same one.
"""

import struct
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from werknetz.connector.contract import CHECKPOINTS_MAX
from werknetz_edge.mqtt.session import MqttMessage

_CONTENT = 14  # bytes of hash; the packet identifier makes it 16


def mark_of(message: MqttMessage) -> bytes:
    hashed = blake2b(message.payload, digest_size=_CONTENT, key=b"r" if message.retained else b"")
    hashed.update((message.topic or "").encode(errors="surrogatepass"))
    return hashed.digest() + struct.pack(">H", message.mid)


@dataclass(slots=True)
class AcceptedMessages:
    """The last messages that went, or surely go, to disk."""

    generation: int = 0
    _marks: OrderedDict[bytes, int] = field(default_factory=OrderedDict)  # → generation
    _by_content: dict[bytes, deque[bytes]] = field(default_factory=dict)

    def add(self, marks: Iterable[bytes]) -> None:
        for mark in marks:
            if mark in self._marks:
                self._drop(mark)
            self._marks[mark] = self.generation
            self._by_content.setdefault(mark[:_CONTENT], deque()).append(mark)
        while len(self._marks) > 2 * CHECKPOINTS_MAX:
            self._drop(next(iter(self._marks)))

    def is_redelivered(self, message: MqttMessage, mark: bytes, *, unique: bool = False) -> bool:
        """Whether the message is one of those; then it stays known, by its number of now.

        It may come any number of times until we acknowledge: NATS gives again every `ack_wait`,
        and once more after its restart.
        """
        if unique:
            return mark[:_CONTENT] in self._by_content
        if not message.dup:
            return False
        if mark not in self._marks:
            # After a restart brokers number afresh (NATS does): then the content has to do.
            older = [
                known
                for known in self._by_content.get(mark[:_CONTENT], ())
                if self._marks[known] < self.generation
            ]
            if not older:
                return False
            self._drop(older[0])
        self.add([mark])
        return True

    def _drop(self, mark: bytes) -> None:
        del self._marks[mark]
        same = self._by_content[mark[:_CONTENT]]
        same.remove(mark)
        if not same:
            del self._by_content[mark[:_CONTENT]]
