"""Messages that are flat JSON objects with the same fields, decoded without an object a field.

What the fields are is learned from the messages. A message that differs is read the general way,
and so are all of its topic in that delivery: their order stays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import or_
from typing import Annotated, Any, Final

import msgspec

from werknetz.connector.contract import FieldSet, UniformMessages
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.uniform.instants import instants_of
from werknetz.connector.values import EXACT_MAX

FIELDS_MAX: Final = 500
PAUSE_MAX: Final = 64  # deliveries, after several whose messages have no common fields
_Number = Annotated[int, msgspec.Meta(ge=-EXACT_MAX, le=EXACT_MAX)] | float
_TYPES: Final[Mapping[type, Any]] = {
    float: _Number, bool: bool, str: str, type(None): None,
}  # fmt: skip
Kinds = frozenset[type]


@dataclass(slots=True)
class JsonFields:
    """Decodes the messages of one topic; `time` is where they contain their time."""

    topic: str
    time: TimeFormat | None = None
    _fields: FieldSet | None = None
    _kinds: dict[str, Kinds] = field(default_factory=dict)
    _decode: Callable[[bytes], Any] | None = None
    _pause: int = 0  # deliveries until the next attempt
    _next_pause: int = 1

    def read(self, payloads: Sequence[bytes]) -> UniformMessages | None:
        """Return the messages; None where they are to be read the general way."""
        if self._pause:
            self._pause -= 1
            return None
        messages = self._read_columns(payloads)
        if messages is None and self._learn(payloads):
            messages = self._read_columns(payloads)
        if messages is None:
            self._pause = self._next_pause
            self._next_pause = min(2 * self._next_pause, PAUSE_MAX)
        else:
            self._next_pause = 1
        return messages

    def _read_columns(self, payloads: Sequence[bytes]) -> UniformMessages | None:
        if self._fields is None or self._decode is None:
            return None
        rows = map(msgspec.structs.astuple, map(self._decode, payloads))
        try:
            columns: list[tuple[Any, ...]] = [*zip(*rows, strict=True)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        times: list[int] | None = None
        if self.time is not None:
            index = self._fields.time_index
            kind = self._fields.kinds[index]
            times = instants_of(columns[index], kind, self.time)
            if times is None:
                return None
        return UniformMessages(self._fields, columns, times, payloads)

    def _learn(self, payloads: Sequence[bytes]) -> bool:
        """Learn the fields of messages. Returns whether all are known now, and what is new."""
        kinds = kinds_of(payloads)
        if kinds is None or (self.time is not None and self.time.path not in kinds):
            return False
        if self._fields is not None and self._kinds.keys() == kinds.keys():
            kinds = {name: self._kinds[name] | kind for name, kind in kinds.items()}
            if kinds == self._kinds:
                return False
        decode = _decoder_of(tuple(kinds.items()))
        if decode is None:
            return False
        names = tuple(kinds)
        self._kinds, self._decode = kinds, decode
        self._fields = FieldSet(
            topic=self.topic,
            names=names,
            kinds=tuple(next(iter(kind)) if len(kind) == 1 else None for kind in kinds.values()),
            time_index=-1 if self.time is None else names.index(self.time.path),
        )
        return True


def kinds_of(payloads: Sequence[bytes]) -> dict[str, Kinds] | None:
    """Return the kinds of values of each field; None where the messages have no common fields."""
    common: dict[str, Kinds] = {}
    for payload in payloads:
        try:
            value = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if not isinstance(value, dict) or not 0 < len(value) <= FIELDS_MAX:
            return None
        if common and value.keys() != common.keys():
            return None
        for name, inner in value.items():
            kind = float if type(inner) is int else type(inner)
            if kind not in _TYPES or not name or "." in name or "\\" in name:
                return None
            common[name] = common.get(name, frozenset()) | {kind}
    return common or None


@lru_cache(maxsize=1000)
def _decoder_of(fields: tuple[tuple[str, Kinds], ...]) -> Callable[[bytes], Any] | None:
    """Return a decoder of objects with exactly these fields; None where msgspec has none."""
    types = [
        (f"f{n}", reduce(or_, [_TYPES[kind] for kind in sorted(kinds, key=str)]))
        for n, (_, kinds) in enumerate(fields)
    ]
    renamed = {f"f{n}": name for n, (name, _) in enumerate(fields)}
    try:
        struct = msgspec.defstruct(
            "Fields", types, rename=renamed, forbid_unknown_fields=True, frozen=True, gc=False
        )
        return msgspec.json.Decoder(struct).decode
    except (TypeError, ValueError):  # a name that it does not take
        return None
