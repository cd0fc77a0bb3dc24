"""S7 addresses in the usual notation: DB10.DBD4:REAL, DB1.DBX0.3, MW20:INT, I0.0, %Q4.1, EW64.

X (or a bare M, I, Q) is a bit, B a byte, W two bytes, D four. The type behind the colon defines
their meaning; the defaults are BOOL, BYTE, WORD, DWORD. B fits every type: its first byte.
"""

import re
from dataclasses import dataclass
from typing import Final

from werknetz_edge.s7.datatype import S7Datatype, parse_datatype

OFFSET_MAX: Final = 65_535  # bytes; a request has 16 bits and three for the bit
DB: Final = 0x84
_AREAS: Final = {"I": 0x81, "E": 0x81, "Q": 0x82, "A": 0x82, "M": 0x83}  # E, A: German mnemonics
LETTERS: Final = {0x81: "I", 0x82: "Q", 0x83: "M"}
_DEFAULTS: Final = {"X": "BOOL", "B": "BYTE", "W": "WORD", "D": "DWORD"}
_WIDTHS: Final = {2: "W", 4: "D"}
_FORM: Final = re.compile(
    r"%?(?:DB([0-9]{1,5})\.DB([XBWD])|([IEQAM])([XBWD]?))([0-9]{1,5})(?:\.([0-9]))?"
    r"(?::([A-Z0-9_]+)(?:\[([0-9]{1,5})\])?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class S7Address:
    area: int
    block: int  # 0 outside data blocks
    byte: int
    bit: int
    datatype: S7Datatype

    def __str__(self) -> str:
        """Return the normalized address, as readings use it."""
        letter = "X" if self.datatype.name == "BOOL" else _WIDTHS.get(self.datatype.size, "B")
        bit = f".{self.bit}" if letter == "X" else ""
        if self.area == DB:
            place = f"DB{self.block}.DB{letter}{self.byte}{bit}"
        else:
            place = f"{LETTERS[self.area]}{letter.removeprefix('X')}{self.byte}{bit}"
        return place if self.datatype.name == _DEFAULTS[letter] else f"{place}:{self.datatype}"

    def nth(self, count: int) -> "S7Address":
        """Return the address of the value `count` elements later in an array."""
        if self.datatype.name == "BOOL":
            bits = self.byte * 8 + self.bit + count
            return S7Address(self.area, self.block, bits // 8, bits % 8, self.datatype)
        # Arrays of types of odd length begin each value at an even byte.
        step = self.datatype.size if self.datatype.size == 1 else -(-self.datatype.size // 2) * 2
        return S7Address(self.area, self.block, self.byte + count * step, 0, self.datatype)


def parse_address(text: str) -> S7Address:
    """Parse an address; raise ValueError with the error and the remedy."""
    match = _FORM.fullmatch(text.strip().upper())
    if match is None:
        raise ValueError(
            f"address {text!r} is not of the form DB10.DBD4:REAL, DB1.DBX0.3, MW20:INT, I0.0;"
            " timers, counters and symbolic names cannot be read this way"
        )
    block, db_letter, area, letter, byte, bit, type_name, length = match.groups()
    width = db_letter or letter or "X"
    if (width == "X") != (bit is not None):
        remedy = "a bit needs one, such as .0" if width == "X" else "only a bit (X) has one"
        raise ValueError(f"address {text!r}: a bit number 0 to 7 behind the byte: {remedy}")
    if bit is not None and int(bit) > 7:
        raise ValueError(f"address {text!r}: bits are 0 to 7")
    if block is not None and not 1 <= int(block) <= 65_535:
        raise ValueError(f"address {text!r}: data blocks are 1 to 65535")
    try:
        datatype = parse_datatype(
            type_name or _DEFAULTS[width], None if length is None else int(length)
        )
    except ValueError as error:
        raise ValueError(f"address {text!r}: {error}") from error
    _check_width(text, width, datatype)
    if int(byte) + datatype.size - 1 > OFFSET_MAX:
        raise ValueError(f"address {text!r} ends beyond byte {OFFSET_MAX}")
    return S7Address(
        DB if block is not None else _AREAS[area], int(block or 0), int(byte), int(bit or 0),
        datatype,
    )  # fmt: skip


def _check_width(text: str, width: str, datatype: S7Datatype) -> None:
    if (width == "X") != (datatype.name == "BOOL"):
        raise ValueError(f"address {text!r}: BOOL and a bit go together, as in DB1.DBX0.3")
    fitting = _WIDTHS.get(datatype.size, "B")
    if width not in {"X", "B", fitting}:
        raise ValueError(
            f"address {text!r}: {datatype} has {datatype.size} bytes, {width} does not fit:"
            f" write {fitting}"
        )
