"""Rebirth requests to edge nodes: one at a time, with a back-off while a node does not answer."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz.runtime.backoff import exponential_delay_s
from werknetz_edge.sparkplug.decoding.codec import encode_value
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.topic import command_topic

LONGEST_S: Final = 3600.0
APART_S: Final = 0.1  # births are large: requests to several nodes are spread out


@dataclass(slots=True, eq=False)
class RebirthState:
    """Whether a node's birth is needed, and how many requests it left unanswered."""

    reason: str = ""  # empty: no birth is needed
    next_s: float = -math.inf
    unanswered: int = 0

    def request(self, reason: str) -> None:
        self.reason = self.reason or reason

    def clear(self) -> None:
        self.reason, self.unanswered = "", 0


class RebirthTarget(Protocol):
    """The part of a node that a request needs."""

    group: str
    name: str
    rebirth: RebirthState


@dataclass(frozen=True, slots=True)
class NodeCommand:
    """An NCMD message to be published."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class RebirthRequester:
    every_s: float
    allowed: bool = True  # False: never publish a command
    count: int = 0
    _next_s: float = -math.inf

    def next_command(
        self, nodes: Iterable[RebirthTarget], now_s: float, at_ms: int
    ) -> NodeCommand | None:
        """Return the next request that is due."""
        if not self.allowed or now_s < self._next_s:
            return None
        for node in nodes:
            rebirth = node.rebirth
            if not rebirth.reason or now_s < rebirth.next_s:
                continue
            wait_s = exponential_delay_s(self.every_s, LONGEST_S, rebirth.unanswered)
            rebirth.next_s = now_s + wait_s
            rebirth.unanswered += 1
            self.count += 1
            self._next_s = now_s + APART_S
            return NodeCommand(command_topic(node.group, node.name), encode_rebirth(at_ms))
        return None


def encode_rebirth(at_ms: int) -> bytes:
    """Encode the command's payload; commands have no seq."""
    payload = Payload(timestamp=at_ms)
    metric = payload.metrics.add(name="Node Control/Rebirth", timestamp=at_ms)
    metric.datatype = Datatype.Boolean
    encode_value(metric, Datatype.Boolean, True)
    return payload.SerializeToString()
