"""Written times of many messages, in the forms that need neither a zone nor an order.

Every other form is left to `read_time`, whose results these are.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from werknetz.connector.clock.wall_clock import UNIX_US, read_time
from werknetz.connector.time_format import TimeFormat
from werknetz.domain.bucket import TIME_MAX_US, TIME_MIN_US

_ISO: Final = TimeFormat(path="t")
_HEAD: Final = len("2026-11-24T10:15:")
_TAIL: Final = re.compile(r"([0-5][0-9])(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)
_MILLISECONDS_Z: Final = len("30.125Z")


def instants_of(written: Sequence[object], kind: type | None, form: TimeFormat) -> list[int] | None:
    """Return µs UTC; None where one of them is of another form, or out of range.

    `kind`: float, where all are numbers; str, where all are texts.
    """
    if kind is float and form.format in UNIX_US:
        return _of_numbers(written, UNIX_US[form.format])
    if kind is str and form.format == "iso":
        return _of_texts(written)
    return None


def _of_numbers(written: Sequence[object], unit_us: int) -> list[int] | None:
    try:
        instants = [round(float(number) * unit_us) for number in written]  # type: ignore[arg-type]
    except (OverflowError, ValueError):  # not finite
        return None
    return instants if TIME_MIN_US <= min(instants) <= max(instants) <= TIME_MAX_US else None


def _of_texts(written: Sequence[object]) -> list[int] | None:
    instants: list[int] = []
    for text in written:
        assert isinstance(text, str)  # noqa: S101  see `kind`
        head, tail = text[:_HEAD], text[_HEAD:]
        digits = tail[:2] + tail[3:6]
        is_short = len(tail) == _MILLISECONDS_Z and tail[2] == "." and tail[6] == "Z"
        if is_short and digits.isdecimal() and digits.isascii() and digits < "60":
            minute_us = _minute_of(head, "Z")
            after_us = int(digits) * 1_000
        elif (match := _TAIL.fullmatch(tail)) is not None:
            second, fraction, zone = match.groups(default="")
            minute_us = _minute_of(head, zone)
            after_us = int(second) * 1_000_000 + int(fraction.ljust(6, "0"))
        else:
            return None
        if minute_us is None:
            return None
        instants.append(minute_us + after_us)
    return instants


@lru_cache(maxsize=4096)
def _minute_of(head: str, zone: str) -> int | None:
    """Return the instant of a minute, if all of it is in range."""
    if head[13:14] != ":" or head[16:17] != ":":
        return None
    first_us, is_sure = read_time(f"{head}00{zone}", _ISO)
    last_us, _ = read_time(f"{head}59.999999{zone}", _ISO)
    return first_us if is_sure and last_us is not None else None
