"""Numbers written as text: strict forms, and the text of sources that have no types. Pure.

A text is a number only where a rule, a role or an option says so. `1.000` with a decimal comma
is refused unless the dot is the declared thousands sign: a guess would be wrong by a factor of
a thousand.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, Self

from werknetz.connector.quarantine import IS_DECIMAL_COMMA, NOT_A_NUMBER, TEXT_SHOWN_MAX

Decimal = Literal["point", "comma"]
Thousands = Literal["", ".", ",", " ", "'"]

_SPACES: Final = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_DIGITS_MAX: Final = 400
_NOT_FINITE: Final = {
    "nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf,
    "-infinity": -math.inf, "+inf": math.inf, "+infinity": math.inf,
}  # fmt: skip
# Without a rule, `0815` and `241408E4` are names: only these forms are clearly numbers.
_CLEAR: Final = re.compile(
    r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII
)
_NAME_WITH_EXPONENT: Final = re.compile(r"[+-]?\d+[eE]\d+", re.ASCII)
# What `to_text` makes of the number of such a text is the text.
_PLAIN: Final = r"-?[1-9]\d{{0,8}}(?:{0}\d{{0,4}}[1-9])?|-?0{0}(?!0000)\d{{0,7}}[1-9]|0"
# Digits in groups or with one separator: written by a program as a number, in whatever form.
_ANY_FORM: Final = re.compile(
    r"[+-]?(?:[1-9]\d{0,2}(?:[., ']\d{3})+(?:[.,]\d*)?|(?:0|[1-9]\d*)[.,]\d+)-?", re.ASCII
)


class UntypedText(str):
    """Text of a source without types: a bare MQTT payload, a CSV cell.

    It is stored as a number where it clearly is one, and unchanged where a rule wants text.
    """

    __slots__ = ()


class NumberText(str):
    """Text that an option of its source calls a number; the form is that of the rule."""

    __slots__ = ()


class OtherForm(str):  # noqa: SLOT000  a str subclass cannot have slots
    """Text that is a number, but not in the form of its source: `1.000` with a decimal comma.

    It is refused where a rule wants a number, and unchanged where it wants text.
    """

    reason: str

    def __new__(cls, text: str, reason: str = "") -> Self:
        value = super().__new__(cls, text)
        value.reason = reason
        return value


class FormerText(str):
    """Text in raw input of version 0.1, which stored it as a number where it could be one."""

    __slots__ = ()


def parse_number(text: str, decimal: str = "point", thousands: str = "") -> float | int | None:
    """Return the number that a text is in this form, NaN and infinity included; else None.

    An integer is exact, whatever its size. A minus may stand at the end, as SAP writes it.
    """
    plain = text.strip().translate(_SPACES)
    match = _form(decimal, thousands).fullmatch(plain)
    if match is None or len(plain) > _DIGITS_MAX:
        return _NOT_FINITE.get(plain.lower())
    number = match[1] or match[2]
    if thousands:
        number = number.replace(thousands, "")
    if decimal == "comma":
        number = number.replace(",", ".")
    value = float(number) if any(sign in number for sign in ".eE") else int(number)
    return value if match[1] else -value


def odd_texts(cells: Sequence[object], decimal: str = "point") -> list[tuple[int, str]]:
    """Return index and text of those that are not the plain form of their number: `1.50`, `+1`."""
    cell_form, column_form = _plain_forms(decimal)
    texts = [(n, cell) for n, cell in enumerate(cells) if isinstance(cell, str)]
    if column_form.fullmatch("".join(f"{text}\n" for _, text in texts)):
        return []
    return [(n, text) for n, text in texts if cell_form.fullmatch(text) is None]


@lru_cache(maxsize=2)
def _plain_forms(decimal: str) -> "tuple[re.Pattern[str], re.Pattern[str]]":
    plain = _PLAIN.format("," if decimal == "comma" else r"\.")
    return re.compile(plain, re.ASCII), re.compile(rf"(?:(?:{plain})\n)*", re.ASCII)


def parse_clear_number(text: str) -> float | int | None:
    """Return the number of a text that no rule calls a number; None where it may be a name."""
    plain = text.strip()
    if is_name_with_exponent(plain):
        return None
    if _CLEAR.fullmatch(plain) or plain.lower() in _NOT_FINITE:
        return parse_number(plain)
    return None


def is_name_with_exponent(text: str) -> bool:
    """Return whether a text reads like `241408E4`: a name, unless a rule says number."""
    return _NAME_WITH_EXPONENT.fullmatch(text.strip()) is not None


def refusal_of(text: str, decimal: str, thousands: str) -> str:
    """Return why a text is not a number in this form, with the remedy."""
    plain, problem = text.strip(), NOT_A_NUMBER.format(text.strip()[:TEXT_SHOWN_MAX])
    if decimal == "comma" and "." in plain and thousands != ".":
        return f"{problem} with a decimal comma: if the dot separates thousands, add thousands: '.'"
    if decimal != "comma" and "," in plain:
        return problem + IS_DECIMAL_COMMA
    return problem


def is_other_form(text: str, decimal: str, thousands: str) -> bool:
    """Return whether a text is a number, but not in this form: `1.000` with a decimal comma."""
    plain = text.strip().translate(_SPACES)
    return _ANY_FORM.fullmatch(plain) is not None and parse_number(text, decimal, thousands) is None


def same_characters(decimal: str, thousands: str) -> bool:
    """Return whether the decimal and the thousands sign would be the same character."""
    return (thousands, decimal) in {(",", "comma"), (".", "point")}


@lru_cache(maxsize=16)
def _form(decimal: str, thousands: str) -> "re.Pattern[str]":
    point = "," if decimal == "comma" else r"\."
    whole = r"\d+"
    if thousands:
        whole = rf"(?:[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+|\d+)"
    body = rf"(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d{{1,4}})?"
    return re.compile(rf"([+-]?{body})|({body})-", re.ASCII)
