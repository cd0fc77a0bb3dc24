"""What is known of one node: its metrics by alias and by name, and how sure we are of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_edge.sparkplug.rebirth import RebirthState
from werknetz_edge.sparkplug.sequence import MessageOrder
from werknetz_edge.sparkplug.topic import NAMESPACE, Topic

EXACT_MAX: Final = 2**53  # above, a float64 would round what its text keeps
_Get = Callable[[Any], Any]
_GET: Final[dict[str, _Get]] = {
    place: attrgetter(place)
    for place in ("int_value", "long_value", "float_value", "double_value", "boolean_value")
}
_FAST: Final[dict[int, tuple[str, float, float]]] = {
    # Where peers put it, and what may be taken as it lies there: no sign to be read again.
    Datatype.Int8: ("int_value", 0, 2**7 - 1),
    Datatype.Int16: ("int_value", 0, 2**15 - 1),
    Datatype.Int32: ("int_value", 0, 2**31 - 1),
    Datatype.Int64: ("long_value", 0, EXACT_MAX),
    Datatype.UInt8: ("int_value", 0, 2**8 - 1),
    Datatype.UInt16: ("int_value", 0, 2**16 - 1),
    Datatype.UInt32: ("long_value", 0, 2**32 - 1),
    Datatype.UInt64: ("long_value", 0, EXACT_MAX),
    Datatype.Float: ("float_value", -math.inf, math.inf),
    Datatype.Double: ("double_value", -math.inf, math.inf),
    Datatype.Boolean: ("boolean_value", 0, 1),
}


@dataclass(slots=True, eq=False)
class NamedMetric:
    """A metric that has been named. With an `index`, its numbers go into columns."""

    name: str
    address: str
    datatype: int
    is_stored: bool = True  # False: a command that the peer takes, a template's definition
    field: str = ""  # where its number is; empty: it is none
    get: _Get = _GET["int_value"]
    low: float = 0
    high: float = 0
    index: int = -1  # its place among the addresses; -1: none yet

    @classmethod
    def create(cls, name: str, address: str, datatype: int, index: int = -1) -> "NamedMetric":
        fast = _FAST.get(datatype)
        if fast is None:
            return cls(name, address, datatype)
        place, low, high = fast
        return cls(name, address, datatype, True, place, _GET[place], low, high, index)

    def use_field(self, place: str) -> None:
        """A peer that puts a number elsewhere than others do, does so again."""
        if place != self.field:
            self.field, self.get = place, _GET[place]


@dataclass(slots=True, eq=False)
class MetricSource:
    """What has metrics: a node, or one of its devices."""

    prefix: str  # of its addresses, without the `#`
    is_born: bool = False
    has_values: bool = False  # has given values since it was last marked stale
    rebirth_deadline_s: float | None = (
        None  # born before the node's last birth, not since: until when
    )
    by_alias: dict[int, NamedMetric] = field(default_factory=dict)
    by_name: dict[str, NamedMetric] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class SparkplugMessage:
    topic: Topic
    payload: Any
    at_us: int  # arrival
    token: object = None  # whose acknowledgement waits until this is on disk


@dataclass(slots=True, eq=False)
class UnnamedValues:
    """Values that came without a name: a gap, until a birth names them again."""

    gap_id: UUID
    count: int = 0


@dataclass(slots=True, eq=False)
class Node:
    group: str
    name: str
    order: MessageOrder[SparkplugMessage]
    own: MetricSource
    devices: dict[str, MetricSource] = field(default_factory=dict)
    aliases: dict[int, str] = field(default_factory=dict)  # → prefix: unique over the node
    bd_seq: int | None = None  # None: any death is this session's
    last_message_us: int = 0  # when its last message came
    last_sample_us: int = 0  # of its samples: a stale mark comes after them
    since_us: int = 0  # of its birth, or its first message
    message_count: int = 0  # since then
    absent_since_us: int | None = None  # we could not hear it from here on
    rebirth_at_s: float | None = None  # say something by then, or be asked
    stale_at_s: float | None = None  # and by then, or be marked stale
    rebirth: RebirthState = field(default_factory=RebirthState)
    unnamed: UnnamedValues | None = None

    @classmethod
    def create(cls, group: str, name: str, reorder_s: float) -> "Node":
        return cls(
            group, name, MessageOrder(reorder_s), MetricSource(f"{NAMESPACE}/{group}/{name}")
        )

    @property
    def key(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def sources(self) -> list[MetricSource]:
        return [self.own, *self.devices.values()]

    def source(self, device: str) -> MetricSource:
        if not device:
            return self.own
        found = self.devices.get(device)
        if found is None:
            found = self.devices[device] = MetricSource(f"{self.own.prefix}/{device}")
        return found

    def mark_alive(self) -> None:
        """It is there: nobody needs to ask."""
        self.rebirth_at_s = self.stale_at_s = None
