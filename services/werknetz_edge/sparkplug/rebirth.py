"""Asking nodes for their birth: seldom, one at a time, less and less while they do not answer."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from werknetz.protocols.sparkplug_b_pb2 import Payload
from werknetz.runtime.backoff import exponential_delay_s
from werknetz_edge.sparkplug.decoding.codec import write_value
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.topic import command_topic

LONGEST_S: Final = 3600.0
APART_S: Final = 0.1  # births are large: never ask all nodes at once


@dataclass(slots=True, eq=False)
class Asking:
    """Of one node: why it is to be asked, and how often it was in vain."""

    wanted: str = ""  # empty: nothing is wanted
    next_s: float = -math.inf
    unanswered: int = 0

    def want(self, reason: str) -> None:
        self.wanted = self.wanted or reason

    def is_answered(self) -> None:
        self.wanted, self.unanswered = "", 0


class Asked(Protocol):
    """What is asked: a node."""

    group: str
    name: str
    asking: Asking


@dataclass(frozen=True, slots=True)
class Request:
    """A command to be published: please give birth again."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class Asker:
    every_s: float
    allowed: bool = True  # False: never publish a command
    count: int = 0
    _next_s: float = -math.inf

    def due(self, nodes: Iterable[Asked], now_s: float, at_ms: int) -> Request | None:
        """Return the next request whose time has come."""
        if not self.allowed or now_s < self._next_s:
            return None
        for node in nodes:
            asking = node.asking
            if not asking.wanted or now_s < asking.next_s:
                continue
            wait_s = exponential_delay_s(self.every_s, LONGEST_S, asking.unanswered)
            asking.next_s = now_s + wait_s
            asking.unanswered += 1
            self.count += 1
            self._next_s = now_s + APART_S
            return Request(command_topic(node.group, node.name), rebirth_of(at_ms))
        return None


def rebirth_of(at_ms: int) -> bytes:
    """The command's payload; without a seq, as commands have none."""
    payload = Payload(timestamp=at_ms)
    metric = payload.metrics.add(name="Node Control/Rebirth", timestamp=at_ms)
    metric.datatype = Datatype.Boolean
    write_value(metric, Datatype.Boolean, True)
    return bytes(payload.SerializeToString())
