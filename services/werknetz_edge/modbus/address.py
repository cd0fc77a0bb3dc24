"""Parse the address of a value in a Modbus unit: table, 0-based offset, bit. Two notations.

With a table (`table: holding`, or `holding/100`) the number is the 0-based offset of the protocol.
Without one it is the classic notation of manuals, whose first digit names the table and which
counts from 1: 40001 and 400001 are holding 0, 30005 is input 4, 10001 discrete 0, "00001" coil 0.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast

Table = Literal["coil", "discrete", "input", "holding"]
TABLES: Final[tuple[Table, ...]] = ("coil", "discrete", "input", "holding")
OF_REGISTERS: Final = frozenset({"input", "holding"})  # the others are of bits
OFFSET_MAX: Final = 65_535
_CLASSIC: Final[dict[str, Table]] = {
    "0": "coil", "1": "discrete", "3": "input", "4": "holding",
}  # fmt: skip
_FORM: Final = re.compile(r"(?:([a-z]+)/)?([0-9]{1,6})(?:\.([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    table: Table
    offset: int
    bit: int | None = None  # of a register; 0 is the least significant

    @property
    def is_register(self) -> bool:
        return self.table in OF_REGISTERS

    def __str__(self) -> str:
        bit = "" if self.bit is None else f".{self.bit}"
        return f"{self.table}/{self.offset}{bit}"


def parse_address(
    address: int | str, table: Table | None = None, bit: int | None = None
) -> ModbusAddress:
    """Parse an address; raise ValueError with the error and the remedy."""
    match = _FORM.fullmatch(str(address).strip())
    if match is None:
        raise ValueError(
            f"address {address!r}: write an offset with a table, such as 100 with `table: holding`"
            " or 'holding/100', or the classic 40101; a bit of a register as 'holding/100.3'"
        )
    prefix, digits, bit_text = match.groups()
    if prefix is not None and prefix not in TABLES:
        raise ValueError(f"address {address!r}: table {prefix!r} is none of {', '.join(TABLES)}")
    if prefix is not None and table not in {None, prefix}:
        raise ValueError(f"address {address!r} names a table, and `table: {table}` another")
    if bit_text is not None and bit not in {None, int(bit_text)}:
        raise ValueError(f"address {address!r} names a bit, and `bit: {bit}` another")
    bit = int(bit_text) if bit_text is not None else bit
    chosen = cast("Table | None", prefix) or table
    place = (
        _classic(address, digits, bit)
        if chosen is None
        else ModbusAddress(chosen, int(digits), bit)
    )
    if place.offset > OFFSET_MAX:
        raise ValueError(f"address {address!r}: offsets end at {OFFSET_MAX}")
    if place.bit is not None and (place.bit > 15 or not place.is_register):
        raise ValueError(f"address {address!r}: a bit is 0 to 15, of a register")
    return place


def _classic(address: int | str, digits: str, bit: int | None) -> ModbusAddress:
    table = _CLASSIC.get(digits[0])
    number = int(digits[1:] or 0)
    if len(digits) < 5 or table is None or number == 0:
        # YAML parses 00001 as a number and drops the zeros: a coil's number needs quotes.
        raise ValueError(
            f"address {address!r}: add `table` (coil, discrete, input, holding) for an offset that"
            " counts from 0; the classic notation has 5 or 6 digits, the first 0, 1, 3 or 4, counts"
            " from 1, and that of a coil stands in quotes: '00001'"
        )
    return ModbusAddress(table, number - 1, bit)
