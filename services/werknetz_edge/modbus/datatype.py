"""Datatypes in registers, and the order of their words and bytes. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from werknetz_edge.polling.point import Bit, Cell, Coded, Kind, Number

Datatype = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "string"
]
Order = Literal["big", "little"]
Encoding = Literal["ascii", "utf-8", "latin-1", "cp1252"]
_KINDS: Final[dict[str, Kind]] = {
    "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "int64": "i8", "uint64": "u8",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
_REGISTER: Final = 2  # bytes


@dataclass(frozen=True, slots=True)
class Orders:
    """big, big is ABCD, what the standard has; words little is CDAB; bytes little is BADC."""

    words: Order = "big"
    bytes: Order = "big"


def registers_of(datatype: Datatype, length: int | None) -> int:
    """Return the number of registers of a value. `length` is that of a string."""
    if datatype == "string":
        return length or 1
    return 1 if datatype == "bool" else int(_KINDS[datatype][1]) // _REGISTER


def register_cell(
    datatype: Datatype, orders: Orders, *, bit: int | None, length: int | None, encoding: Encoding
) -> Cell:
    """Return how to decode the registers' bytes, which are in transmission order."""
    if bit is not None:
        is_high = bit >= 8
        return Bit(0 if is_high == (orders.bytes == "big") else 1, bit % 8)
    if datatype == "string":
        size = registers_of(datatype, length) * _REGISTER
        return Coded(size, _text_reader(encoding, swapped=orders.bytes == "little"))
    count = registers_of(datatype, length)
    order: list[int] = []
    for word in range(count) if orders.words == "big" else reversed(range(count)):
        high, low = word * _REGISTER, word * _REGISTER + 1
        order += (high, low) if orders.bytes == "big" else (low, high)
    return Number(_KINDS[datatype], tuple(order))


def _text_reader(encoding: Encoding, *, swapped: bool) -> Callable[[bytes], str]:
    return partial(decode_text, encoding=encoding, swapped=swapped)


def decode_text(raw: bytes, *, encoding: Encoding, swapped: bool) -> str:
    """Decode the text up to NUL, without trailing blanks; raise ValueError for invalid text."""
    if swapped:
        both = bytearray(raw)
        both[0::2], both[1::2] = raw[1::2], raw[0::2]
        raw = bytes(both)
    try:
        return raw.partition(b"\0")[0].decode(encoding).rstrip()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"the registers are no {encoding} text ({error.reason}): check `encoding`, `length`"
            " and `byte_order`"
        ) from error
