"""Convert values of a source to numbers, texts and instants. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from werknetz.connector.content.numbers import (
    FormerText,
    NumberText,
    OtherForm,
    UntypedText,
    parse_clear_number,
    parse_number,
    refusal_of,
)
from werknetz.connector.time_format import Clock, TimeFormat
from werknetz.domain.state import MachineState

EXACT_MAX: Final = 2**53  # a float64 represents every integer up to it
TEXT_MAX: Final = 65_536  # of a field of a fact
SAMPLE_TEXT_MAX: Final = 1_000_000  # of a sample: an array of ELEMENTS_MAX numbers fits
ELEMENTS_MAX: Final = 32_768  # of an array that is stored as one text
_BOOLEANS: Final = {"true": 1, "false": 0, "1": 1, "0": 0}


class UnreadableValue(Exception):
    """The value does not fit its rule; the text says why."""


class Computation(Protocol):
    """Computes the value to store from the value that was read, see `rule_expression`."""

    @property
    def depends_on_status(self) -> bool:
        """Whether the result may differ for the same value with another status."""

    @property
    def reads_text(self) -> bool:
        """Whether it computes with the text of a value, not with its number."""

    def result(self, value: Any, status: int, fields: Mapping[str, Any] | None) -> Any:
        """Return the computed value, or DROPPED; raise UnreadableValue."""


DROPPED: Final = object()
"""Result of a computation whose `when` is false: the value is not stored."""


@dataclass(slots=True)
class Target:
    """How the values of one address are converted."""

    number: int
    factor: float = 1.0
    offset: float = 0.0
    linear: bool = False  # a text that is not a number is an error
    comma: bool = False
    thousands: str = ""
    boolean: bool = False  # a text such as "true" is a boolean
    no_boolean: str = ""  # why Booleans are refused; empty: they are numbers, 1 and 0
    affects_kpis: bool = False  # a number that is not finite is reported
    as_text: bool = False
    states: Mapping[str, MachineState] | None = None
    table: str = ""
    time: TimeFormat | None = None  # where the message contains the time
    zone: str | None = None  # of the mapping
    clock: Clock = "source"
    computation: Computation | None = None  # the expressions of its rule

    @property
    def is_plain(self) -> bool:
        return self.states is None and not self.as_text


def value_of(  # noqa: PLR0911  one return per type, the most frequent first
    target: Target, value: Any
) -> tuple[float, str | None]:
    """Return value and text; raise UnreadableValue. A code that is not in the table is UNKNOWN.

    A number that is not finite may be returned: it is no value.
    """
    kind = type(value)
    if _is_missing(value, target):
        return math.nan, None
    if target.states is not None:
        code = state_code_of(value)
        return float(target.states.get(code, MachineState.UNKNOWN)), check_storable(code)
    if kind is bool and target.no_boolean:
        raise UnreadableValue(target.no_boolean)
    if target.as_text:
        return math.nan, _sample_text(value)
    if kind is float:
        return value * target.factor + target.offset, None
    if kind is int or kind is bool:
        return _of_integer(target, value)
    if isinstance(value, str):
        return _of_text(target, value)
    if isinstance(value, (bool, int, float)):  # numpy's scalars are subclasses or have item()
        return value_of(target, float(value))
    if target.linear:
        raise UnreadableValue(f"{kind.__name__} is not a number")
    return math.nan, _sample_text(value)


def value_of_number(target: Target, value: Any, text: str | None) -> tuple[float, str | None]:
    """As `value_of`, for a number that a source without types wrote as `text`.

    A point of texts has the text. So has a state whose table lists the text: `01` is not `1` then.
    """
    if text is None or target.is_plain:
        return value_of(target, value)
    if target.states is not None and text.strip() not in target.states:
        return value_of(target, value)
    return value_of(target, text)


def _is_missing(value: Any, target: Target) -> bool:
    """Whether it is no value. An empty text is one: the order of a machine without an order."""
    if value is None:
        return not target.as_text
    return type(value) is float and not math.isfinite(value)


def state_code_of(value: Any) -> str:
    """Return the code of a state as in state tables: 4, 4.0 and "4" are the same code."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _of_integer(target: Target, value: int) -> tuple[float, str | None]:
    try:
        number = float(value)
    except OverflowError as error:
        raise UnreadableValue("the integer is too large for a number") from error
    exact = None
    if not -EXACT_MAX <= value <= EXACT_MAX and (target.factor, target.offset) == (1.0, 0.0):
        exact = str(value)
    return number * target.factor + target.offset, exact


def _of_text(target: Target, text: str) -> tuple[float, str | None]:
    """A text stays text, unless the rule calls it a number or the source has no types."""
    decimal = "comma" if target.comma else "point"
    number: float | int | None = None
    if isinstance(text, OtherForm):
        raise UnreadableValue(text.reason)
    if target.boolean:
        number = _BOOLEANS.get(text.strip().lower())
        if number is None:
            raise UnreadableValue(f"{text.strip()[:80]!r} is not a boolean: use true, false, 1, 0")
    elif isinstance(text, FormerText):
        number = parse_number(text, decimal, "." if target.comma else "")
    elif target.linear or isinstance(text, NumberText):
        number = parse_number(text, decimal, target.thousands)
    elif isinstance(text, UntypedText):
        number = parse_clear_number(text)
    if number is None and (target.linear or isinstance(text, NumberText)):
        raise UnreadableValue(refusal_of(text, decimal, target.thousands))
    if number is None:
        return math.nan, _sample_text(text)
    if isinstance(number, int):
        return _of_integer(target, number)
    return number * target.factor + target.offset, None


def to_text(value: Any) -> str:  # noqa: PLR0911  one return per type
    """Return a value as text; raise UnreadableValue where JSON cannot represent it."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_MAX:
        return str(int(value))
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (dict, list, tuple)):
        return _json_of(value)
    return str(value)


def plain_text(number: float, *, comma: bool) -> str:
    """Return the plain form of a number, in which a source without types mostly writes it."""
    text = to_text(number)
    return text.replace(".", ",") if comma else text


def _json_of(value: Any) -> str:
    try:
        return msgspec.json.encode(value, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnreadableValue(f"the structure cannot be written as JSON: {error}") from error


def _sample_text(value: Any) -> str:
    """Return the text of a sample: arrays are whole, larger ones are refused."""
    if isinstance(value, (list, tuple)) and (count := count_elements(value)) > ELEMENTS_MAX:
        raise UnreadableValue(
            f"the array has {count} elements, more than {ELEMENTS_MAX}: send a part of it"
        )
    return check_storable(to_text(value), SAMPLE_TEXT_MAX)


def count_elements(value: Any) -> int:
    """Return the number of elements of an array of any rank, which may be nested deeply."""
    count, arrays = 0, [value]
    while arrays:
        array = arrays.pop()
        inner = [item for item in array if isinstance(item, (list, tuple))]
        count += len(array) - len(inner)
        arrays += inner
    return count


def check_storable(text: str, length_max: int = TEXT_MAX) -> str:
    """Return the text; raise UnreadableValue where PostgreSQL cannot store it."""
    if "\0" in text:
        raise UnreadableValue("the text contains the character NUL, which cannot be stored")
    if len(text) > length_max:
        raise UnreadableValue(f"the text has {len(text)} characters, more than {length_max}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnreadableValue(
                "the text contains half a surrogate pair: it is not Unicode"
            ) from error
    return text
