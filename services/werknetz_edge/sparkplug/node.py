"""State of one edge node: its metrics by alias and by name, and its liveness."""

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
_Getter = Callable[[Any], Any]
_GETTERS: Final[dict[str, _Getter]] = {
    field_name: attrgetter(field_name)
    for field_name in ("int_value", "long_value", "float_value", "double_value", "boolean_value")
}
_COLUMN_FIELDS: Final[dict[int, tuple[str, float, float]]] = {
    # The usual field, and the range that needs no conversion of a sign.
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
    """A metric with a known name. With an `index`, its numbers go into columns."""

    name: str
    address: str
    datatype: int
    is_stored: bool = True  # False: a command that the peer takes, a template's definition
    field: str = ""  # where its number is; empty: it is none
    get: _Getter = _GETTERS["int_value"]
    low: float = 0
    high: float = 0
    index: int = -1  # its field_name among the addresses; -1: none yet

    @classmethod
    def create(cls, name: str, address: str, datatype: int, index: int = -1) -> "NamedMetric":
        column_field = _COLUMN_FIELDS.get(datatype)
        if column_field is None:
            return cls(name, address, datatype)
        field_name, low, high = column_field
        return cls(
            name, address, datatype, True, field_name, _GETTERS[field_name], low, high, index
        )

    def use_field(self, field_name: str) -> None:
        """Read numbers from another field from now on: a peer uses the same one each time."""
        if field_name != self.field:
            self.field, self.get = field_name, _GETTERS[field_name]


@dataclass(slots=True, eq=False)
class MetricSource:
    """A node or one of its devices."""

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
    """Values with unknown aliases: a gap, until a birth names them."""

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
    absent_since_us: int | None = None  # we were disconnected from here on
    rebirth_at_s: float | None = None  # without a message by then, a rebirth is requested
    stale_at_s: float | None = None  # without a message by then, its metrics are marked stale
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
        device_source = self.devices.get(device)
        if device_source is None:
            device_source = self.devices[device] = MetricSource(f"{self.own.prefix}/{device}")
        return device_source

    def mark_alive(self) -> None:
        """It is there: nobody needs to ask."""
        self.rebirth_at_s = self.stale_at_s = None
