"""Recognise messages that a broker redelivers because it saw no acknowledgement.

A checkpoint is a hash of topic, payload and retain flag, followed by the packet identifier. Where
messages may be equal, only a message that the broker marks as redelivered (DUP) is dropped, and
each checkpoint stands for one message. Where the operator declares that no two messages are equal
(`unique`), an equal message is a duplicate.
"""

import struct
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from werknetz.connector.contract import CHECKPOINTS_MAX
from werknetz_edge.mqtt.session import MqttMessage

_CONTENT_BYTES = 14  # of the hash; with the packet identifier a checkpoint has 16 bytes


def checkpoint_of(message: MqttMessage) -> bytes:
    key = b"r" if message.retained else b""
    content = blake2b(message.payload, digest_size=_CONTENT_BYTES, key=key)
    content.update((message.topic or "").encode(errors="surrogatepass"))
    return content.digest() + struct.pack(">H", message.mid)


@dataclass(slots=True)
class AcceptedMessages:
    """Checkpoints of the last messages that are on disk or about to be."""

    generation: int = 0  # of the connection
    _checkpoints: OrderedDict[bytes, int] = field(default_factory=OrderedDict)  # → generation
    _by_content: dict[bytes, deque[bytes]] = field(default_factory=dict)

    def add(self, checkpoints: Iterable[bytes]) -> None:
        for checkpoint in checkpoints:
            if checkpoint in self._checkpoints:
                self._drop(checkpoint)
            self._checkpoints[checkpoint] = self.generation
            content = checkpoint[:_CONTENT_BYTES]
            self._by_content.setdefault(content, deque()).append(checkpoint)
        while len(self._checkpoints) > 2 * CHECKPOINTS_MAX:
            self._drop(next(iter(self._checkpoints)))

    def is_redelivered(
        self, message: MqttMessage, checkpoint: bytes, *, unique: bool = False
    ) -> bool:
        """Whether the message was accepted before; it stays known under its new identifier.

        It may come any number of times until it is acknowledged: NATS redelivers every `ack_wait`,
        and once more after its restart.
        """
        content = checkpoint[:_CONTENT_BYTES]
        if unique:
            return content in self._by_content
        if not message.dup:
            return False
        if checkpoint not in self._checkpoints:
            # After a restart a broker may assign new identifiers (NATS does): compare the content.
            older = [
                accepted
                for accepted in self._by_content.get(content, ())
                if self._checkpoints[accepted] < self.generation
            ]
            if not older:
                return False
            self._drop(older[0])
        self.add([checkpoint])
        return True

    def _drop(self, checkpoint: bytes) -> None:
        del self._checkpoints[checkpoint]
        equal = self._by_content[checkpoint[:_CONTENT_BYTES]]
        equal.remove(checkpoint)
        if not equal:
            del self._by_content[checkpoint[:_CONTENT_BYTES]]
