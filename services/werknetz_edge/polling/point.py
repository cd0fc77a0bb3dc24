"""Location of a value in a machine's memory, and how to decode its bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Area = tuple[int, int]  # Modbus: unit, table. S7: area, data block
Kind = Literal["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
Plain = str | int | float


@dataclass(frozen=True, slots=True)
class Number:
    """`order`: the bytes of the value, the most significant first; it undoes swapped words."""

    kind: Kind
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bit:
    byte: int
    shift: int


@dataclass(frozen=True, slots=True)
class Coded:
    """A text or time, which numpy cannot decode. `read` raises ValueError with the reason."""

    size: int
    read: Callable[[bytes], Plain]


Cell = Number | Bit | Coded


@dataclass(frozen=True, slots=True)
class Point:
    """`start` and `count` are in the area's own units: registers, coils, bytes."""

    address: str  # the source address of its readings
    area: Area
    start: int
    count: int
    cell: Cell
    period_s: float
