"""Decode the datatypes of a PLC, named as in STEP 7 and TIA Portal. No I/O."""

import codecs
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from werknetz_edge.polling.point import Bit, Cell, Coded, Kind, Number

ENCODING: Final = "cp1252"
TEXT_MAX: Final = 254  # characters of a STRING
WIDE_TEXT_MAX: Final = 16_382  # of a WSTRING
_KINDS: Final[dict[str, Kind]] = {
    "BYTE": "u1", "USINT": "u1", "SINT": "i1",
    "WORD": "u2", "UINT": "u2", "INT": "i2",
    "DWORD": "u4", "UDINT": "u4", "DINT": "i4", "REAL": "f4",
    "LWORD": "u8", "ULINT": "u8", "LINT": "i8", "LREAL": "f8",
    "TIME": "i4",  # ms
    "TIME_OF_DAY": "u4",  # ms since midnight
    "LTIME": "i8",  # ns
    "LTIME_OF_DAY": "u8",  # ns since midnight
}  # fmt: skip
ALIASES: Final = {"TOD": "TIME_OF_DAY", "LTOD": "LTIME_OF_DAY", "DT": "DATE_AND_TIME"}
_S5_STEP_MS: Final = (10, 100, 1_000, 10_000)
_S7_EPOCH: Final = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class S7Datatype:
    """`length`: characters of a STRING or WSTRING."""

    name: str
    length: int | None = None

    def __str__(self) -> str:
        return self.name if self.length is None else f"{self.name}[{self.length}]"

    @property
    def size(self) -> int:
        """Number of bytes; that of a BOOL is the byte that contains it."""
        if self.length is not None:
            return self.length + 2 if self.name == "STRING" else 2 * self.length + 4
        return 1 if self.name == "BOOL" else _size(self.name)

    def cell(self, bit: int, encoding: str = ENCODING) -> Cell:
        """Return how to decode its bytes. `encoding` is that of STRING and CHAR."""
        if self.name == "BOOL":
            return Bit(0, bit)
        if self.name in _KINDS:
            return Number(_KINDS[self.name], tuple(range(self.size)))
        if self.name in _ENCODED:
            return Coded(self.size, partial(_ENCODED[self.name], encoding=encoding))
        return Coded(self.size, _CODED[self.name][1])


def parse_datatype(name: str, length: int | None) -> S7Datatype:
    """Return the datatype; raise ValueError with the remedy."""
    name = ALIASES.get(name, name)
    if name != "BOOL" and name not in _KINDS and name not in _CODED:
        raise ValueError(f"type {name!r} is not known: take one of {', '.join(NAMES)}")
    length_max = {"STRING": TEXT_MAX, "WSTRING": WIDE_TEXT_MAX}.get(name)
    if length_max is None and length is not None:
        raise ValueError(f"{name} has no length: drop [{length}], or use `count` for an array")
    if length_max is not None and (length is None or not 1 <= length <= length_max):
        raise ValueError(f"write {name}[n]: n is its declared length, 1 to {length_max}")
    return S7Datatype(name, length)


def check_encoding(name: str) -> str:
    """Return the name of an encoding; raise ValueError with the remedy where it is unknown."""
    try:
        codec = codecs.lookup(name)
        b"A1".decode(codec.name)
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            f"encoding {name!r} is not known: use cp1252 (Western Europe), cp1250 (Central Europe),"
            " cp1251 (Cyrillic), utf-8, gbk …"
        ) from error
    return codec.name


def _text(raw: bytes, encoding: str = ENCODING) -> str:
    """A STRING: declared length, actual length, characters of one byte or of several."""
    if raw[1] > min(raw[0], len(raw) - 2):
        raise ValueError(
            f"no STRING: its length is {raw[1]} of {raw[0]} characters, but {len(raw) - 2} were"
            " read; check the address and the declared length"
        )
    return _decode(raw[2 : 2 + raw[1]], encoding)


def _wide_text(raw: bytes) -> str:
    declared, actual = struct.unpack_from(">HH", raw)
    if actual > min(declared, (len(raw) - 4) // 2):
        raise ValueError(
            f"no WSTRING: its length is {actual} of {declared} characters, but"
            f" {(len(raw) - 4) // 2} were read; check the address and the declared length"
        )
    return raw[4 : 4 + 2 * actual].decode("utf-16-be")


def _character(raw: bytes, encoding: str = ENCODING) -> str:
    """One character; NUL, a PLC's initial value, is an empty text."""
    return _decode(raw.rstrip(b"\0"), encoding)


def _decode(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"the characters are not {encoding} (byte {raw[error.start]:#04x}): set `encoding`"
        ) from error


def _wide_character(raw: bytes) -> str:
    return raw.decode("utf-16-be").rstrip("\0")


def _date(raw: bytes) -> str:
    return (_S7_EPOCH + timedelta(days=int.from_bytes(raw))).isoformat()


def _date_and_time(raw: bytes) -> str:
    """BCD: year, month, day, hour, minute, second, ms; the last half byte is the weekday."""
    digits = raw.hex()[:15]
    if not digits.isdecimal():
        raise ValueError(f"no DATE_AND_TIME: {raw.hex()} is not BCD; check the address")
    year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    century = 1900 if year >= 90 else 2000
    return datetime(  # noqa: DTZ001  a PLC sends no time zone
        century + year, month, day, hour, minute, second, int(digits[12:15]) * 1000
    ).isoformat(timespec="milliseconds")


def _long_date_and_time(raw: bytes) -> str:
    """A DTL: year, month, day, weekday, hour, minute, second, ns."""
    year, month, day, _, hour, minute, second, ns = struct.unpack(">HBBBBBBI", raw)
    if ns > 999_999_999:
        raise ValueError(f"no DTL: {ns} ns are more than a second; check the address")
    return datetime(  # noqa: DTZ001  a PLC sends no time zone
        year, month, day, hour, minute, second, ns // 1000
    ).isoformat(timespec="microseconds")


def _unix_time(raw: bytes) -> str:
    """An LDT: ns since 1970."""
    at = datetime(1970, 1, 1) + timedelta(  # noqa: DTZ001  a PLC sends no time zone
        microseconds=int.from_bytes(raw, signed=True) // 1000
    )
    return at.isoformat(timespec="microseconds")


def _s5_time(raw: bytes) -> int:
    """An S5TIME: three digits of BCD and their step; in ms, as TIME is."""
    digits = raw.hex()
    step = int(digits[0], 16) & 3
    if not digits[1:].isdecimal():
        raise ValueError(f"no S5TIME: {digits} is not BCD; check the address")
    return int(digits[1:]) * _S5_STEP_MS[step]


_CODED: Final[dict[str, tuple[int, Callable[[bytes], str | int]]]] = {
    "CHAR": (1, _character),
    "WCHAR": (2, _wide_character),
    "STRING": (0, _text),
    "WSTRING": (0, _wide_text),
    "S5TIME": (2, _s5_time),
    "DATE": (2, _date),
    "DATE_AND_TIME": (8, _date_and_time),
    "DTL": (12, _long_date_and_time),
    "LDT": (8, _unix_time),
}
_ENCODED: Final[dict[str, Callable[..., str]]] = {"CHAR": _character, "STRING": _text}
NAMES: Final = ("BOOL", *_KINDS, *_CODED)


def _size(name: str) -> int:
    return int(_KINDS[name][1]) if name in _KINDS else _CODED[name][0]
