"""Parses numbers in the formats of people and programs: 1.234,50 and 1,234.50, 12- and 1 234.

A whole column at once where all cells are plain numbers; otherwise cell by cell.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

EXACT_MAX: Final = 2**53  # a float64 holds every integer below
_SPACES: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_EXPONENT: Final = r"(?:[eE][+-]?\d{1,3})?"


@dataclass(slots=True)
class NumberFormat:
    decimal: str = "point"
    thousands: str = ""
    _cell: re.Pattern[str] = field(init=False)
    _column: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        decimal_sign = "," if self.decimal == "comma" else r"\."
        whole = r"(?:0|[1-9]\d*)"  # 0815 is a name, not a number
        if self.thousands:
            whole = rf"(?:[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+|{whole})"
        body = rf"[+-]?{whole}(?:{decimal_sign}\d*)?{_EXPONENT}"
        self._cell = re.compile(rf"({body})(-?)", re.ASCII)
        self._column = re.compile(rf"(?:{body}\n)*", re.ASCII)

    def parse(self, cell: Any) -> float | None:
        """Return the number; None where the cell is not a number, as a Boolean is not."""
        if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
            return None
        if not isinstance(cell, str):
            return _exact(float(cell)) if abs(cell) < EXACT_MAX else None
        match = self._cell.fullmatch(cell.strip().translate(_SPACES))
        if match is None:
            return None
        number = _exact(float(self._to_plain(match.group(1))))
        return -number if number is not None and match.group(2) else number

    def parse_column(self, cells: Sequence[Any]) -> list[float | None]:
        """Return the number of every cell; None where it is not a number."""
        try:
            text = "\n".join(cells) + "\n"
        except TypeError:  # cells of a sheet may be numbers already
            return [self.parse(cell) for cell in cells]
        if text.count("\n") == len(cells) and self._column.fullmatch(text):
            numbers: list[float | None] = [*map(float, self._to_plain(text).split())]
            if len(numbers) == len(cells) and max(map(abs, numbers)) < EXACT_MAX:  # type: ignore[arg-type]  # none is None
                return numbers
        return [self.parse(cell) for cell in cells]

    def _to_plain(self, text: str) -> str:
        if self.thousands:
            text = text.replace(self.thousands, "")
        return text.replace(",", ".") if self.decimal == "comma" else text


def _exact(number: float) -> float | None:
    return number if math.isfinite(number) and abs(number) < EXACT_MAX else None
