"""Which texts and numbers no part can carry: NUL, half a character, NaN, more than 64 bits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werknetz.texts.sentence import Sentence
from werknetz_core.http.guard.pointers import escape_name

INT8_MIN: Final = -(2**63)
INT8_MAX: Final = 2**63 - 1
DEPTH_MAX: Final = 64
PARAMETER_CHARACTERS_MAX: Final = 4096
_SURROGATES: Final = ("\ud800", "\udfff")


@dataclass(frozen=True, slots=True)
class BadValue:
    """A value that is refused: where it stands (RFC 6901), why, and what to send instead."""

    pointer: str
    code: str
    detail: str
    hint: str


def check_text(text: str, pointer: str) -> BadValue | None:
    """Return what is wrong with a text from outside; None: nothing."""
    if "\0" in text:
        return BadValue(
            pointer,
            "nul_character",
            Sentence("requests.nul_character"),
            Sentence("requests.remove_nul"),
        )
    # Most texts are ASCII, which is looked up and not searched.
    if not text.isascii() and any(
        _SURROGATES[0] <= character <= _SURROGATES[1] for character in text
    ):
        return BadValue(
            pointer,
            "lone_surrogate",
            Sentence("requests.lone_surrogate"),
            Sentence("requests.send_utf8"),
        )
    return None


def check_parameter(text: str, pointer: str) -> BadValue | None:
    """Return what is wrong with a value in a path, query or header; None: nothing."""
    if len(text) > PARAMETER_CHARACTERS_MAX:
        return BadValue(
            pointer,
            "text_too_long",
            Sentence("requests.text_too_long", number=len(text), maximum=PARAMETER_CHARACTERS_MAX),
            Sentence("requests.shorten_or_repeat"),
        )
    return check_text(text, pointer)


def check_integer(number: int, pointer: str) -> BadValue | None:
    """Return what is wrong with an integer from outside; None: nothing."""
    if INT8_MIN <= number <= INT8_MAX:
        return None
    return BadValue(
        pointer,
        "integer_out_of_range",
        Sentence("requests.integer_out_of_range"),
        Sentence("requests.send_64_bits", minimum=INT8_MIN, maximum=INT8_MAX),
    )


def bad_values_in(document: object, pointer: str) -> Iterator[BadValue]:
    """Yield each bad value of a JSON document, at any depth and also among the names of fields."""
    waiting: list[tuple[object, str, int]] = [(document, pointer, 0)]
    while waiting:
        value, at, depth = waiting.pop()
        if depth > DEPTH_MAX:
            yield BadValue(
                at,
                "nested_too_deep",
                Sentence("requests.nested_too_deep", depth_max=DEPTH_MAX),
                Sentence("requests.send_flatter"),
            )
            continue
        bad = _check_scalar(value, at)
        if bad is not None:
            yield bad
        elif isinstance(value, dict):
            for name, item in value.items():
                if bad := check_text(name, at):
                    yield bad
                else:
                    waiting.append((item, f"{at}/{escape_name(name)}", depth + 1))
        elif isinstance(value, list):
            waiting += [(item, f"{at}/{index}", depth + 1) for index, item in enumerate(value)]


def _check_scalar(value: object, pointer: str) -> BadValue | None:
    if isinstance(value, str):
        return check_text(value, pointer)
    if isinstance(value, int):
        return check_integer(value, pointer)
    if isinstance(value, float) and not math.isfinite(value):
        return BadValue(
            pointer,
            "number_not_finite",
            Sentence("requests.number_not_finite"),
            Sentence("requests.send_finite"),
        )
    return None
