"""Arrays of named values in a message: for each element its key, value, time and status.

Kepware, Siemens, SiteWise and many gateways send `[{"id": …, "v": …, "t": …, "q": …}]`. An element
is identified by its key, never by its position: gateways send only the tags that have changed.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from werknetz.connector.clock.wall_clock import read_time
from werknetz.connector.content.paths import (
    TooManyFields,
    flatten,
    split_path,
    value_at_steps,
    with_plain_names,
)
from werknetz.connector.content.quality import QualityForm, status_of_quality
from werknetz.connector.contract import Reading
from werknetz.connector.time_format import TimeFormat
from werknetz.connector.values import to_text
from werknetz.domain.status import GOOD, UNCERTAIN, UNCERTAIN_TIME

ELEMENTS_MAX: Final = 5_000  # of one message
KEY_MAX: Final = 500
_FIELDS_MAX: Final = 500  # of one element
_DEPTH_MAX: Final = 16
_ABSENT: Final = object()


def _to_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[str, ...], BeforeValidator(_to_tuple)]


class ElementsConfig(BaseModel):
    """Where a message has its elements, and what is in them.

    Paths are those of the element; a path that an element lacks is looked up in what encloses it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: str = Field(
        "",
        description="path to the array: 'values', 'entries[].propertyValues[]' for arrays in arrays"
        "; default: the whole message. An object is an array of its members, by their name",
    )
    key: Paths = Field(
        (),
        description="path of the name, such as id; several are joined by a slash. Only the members "
        "of an object need none",
    )
    value: Paths = Field(
        ("value",),
        min_length=1,
        description="path of the value; of several, the first one that is there",
    )
    time: TimeFormat | None = Field(None, description="the element's own time; default: arrival")
    nanoseconds: str | None = Field(
        None, description="path of nanoseconds to be added to `time`, as SiteWise sends them"
    )
    status: str | None = Field(None, description="path of the quality; missing or null: good")
    quality: QualityForm = Field(
        "auto",
        description="auto: 192, 0, true, false, GOOD, OPC UA codes; opc_da; opc_ua (0 is good); "
        "two_bit (3 is good, 0 is bad, as Siemens sends it)",
    )

    @field_validator("key", "value")
    @classmethod
    def _not_too_many(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        if len(paths) > 20 or "" in paths:
            raise ValueError("give 1 to 20 paths, none of them empty")
        return paths


class UnreadableElements(ValueError):
    """The message has no such array; the text says what is missing."""


class ElementRefused(ValueError):
    """The element has no key or no value, or too many fields."""


class RefusedElement(NamedTuple):
    """An element that cannot be read, for quarantine."""

    position: str
    reason: str
    raw: bytes


def read_elements(
    document: Any,
    config: ElementsConfig,
    address: str,
    *,
    undated_status: int = GOOD,
    arrival_us: int | None = None,
    is_live: bool = False,
) -> tuple[list[Reading], list[RefusedElement]]:
    """Return the readings of a message, at `<address>#<key>`, and the elements without them.

    `undated_status` is that of values without a time of their own where `time` is not set;
    `arrival_us` and `is_live` show which pass of a repeated hour is meant, see `WallClock`.
    Raises UnreadableElements where the message has no such array.
    """
    readings: list[Reading] = []
    refused: list[RefusedElement] = []
    for scopes, name, position in _locate(document, config.at):
        if len(readings) + len(refused) >= ELEMENTS_MAX:
            raise UnreadableElements(
                f"the message has more than {ELEMENTS_MAX} elements: publish fewer at once"
            )
        raw = _to_json(scopes[-1])
        try:
            key = _key_of(scopes, name, config)
            value = _value_of(scopes[-1], config)
            at_us, is_sure = _time_of(scopes, config, arrival_us, is_live=is_live)
            status = _status_of(scopes, config)
            if status < UNCERTAIN and not is_sure:
                status = undated_status if config.time is None else UNCERTAIN_TIME
            fields = with_plain_names(flatten(scopes[-1], _DEPTH_MAX, _FIELDS_MAX))
            readings.append(Reading(f"{address}#{key}", value, status, at_us, None, raw, fields))
        except (ElementRefused, TooManyFields) as error:
            refused.append(RefusedElement(position, str(error), raw))
    return readings, refused


def _key_of(scopes: list[Any], name: str, config: ElementsConfig) -> str:
    if not isinstance(scopes[-1], dict):
        raise ElementRefused("the element is not an object")
    parts: list[Any] = [name]
    if config.key:
        parts = [_look_up(scopes, path) for path in config.key]
    for path, part in zip(config.key or ("key",), parts, strict=True):
        if part is _ABSENT or isinstance(part, (dict, list)) or part is None or part == "":
            raise ElementRefused(f"the element has no {path!r}, which is its key")
    key = "/".join(map(to_text, parts))
    if len(key) > KEY_MAX or not key.isprintable():
        raise ElementRefused(f"{key[:80]!r} cannot be a key: it is too long or not printable")
    return key


def _value_of(element: dict[str, Any], config: ElementsConfig) -> Any:
    """Return the first value that is there; null where all that are there are null."""
    values = [value_at(element, path) for path in config.value]
    existing = [value for value in values if value is not _ABSENT]
    if not existing:
        paths = " or ".join(map(repr, config.value))
        raise ElementRefused(f"the element has no {paths}, which is its value")
    return next((value for value in existing if value is not None), None)


def _status_of(scopes: list[Any], config: ElementsConfig) -> int:
    quality = None if config.status is None else _look_up(scopes, config.status)
    return status_of_quality(None if quality is _ABSENT else quality, config.quality)


def _time_of(
    scopes: list[Any], config: ElementsConfig, arrival_us: int | None, *, is_live: bool
) -> tuple[int | None, bool]:
    """Return the time, and whether it is certain."""
    written = _ABSENT if config.time is None else _look_up(scopes, config.time.path)
    if config.time is None or written is _ABSENT or written is None:
        return None, False
    at_us, is_sure = read_time(written, config.time, arrival_us=arrival_us, is_live=is_live)
    nanoseconds = None if config.nanoseconds is None else _look_up(scopes, config.nanoseconds)
    if at_us is not None and isinstance(nanoseconds, (int, float)) and isfinite(nanoseconds):
        at_us += int(nanoseconds) // 1000
    return at_us, is_sure


def _locate(document: Any, at: str) -> Iterator[tuple[list[Any], str, str]]:
    """Yield each element with what encloses it, outermost first, its name and its position."""
    parts = [part.strip(".") for part in at.split("[]")]
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    yield from _descend([document], parts, "")


def _descend(
    scopes: list[Any], parts: list[str], above: str
) -> Iterator[tuple[list[Any], str, str]]:
    part, *rest = parts
    array = value_at(scopes[-1], part) if part else scopes[-1]
    if not isinstance(array, (dict, list)):
        raise UnreadableElements(f"the message has no array at {above + part or 'its top'!r}")
    members = array.items() if isinstance(array, dict) else enumerate(array)
    for name, member in members:
        position = f"{above}{part}[{name}]"
        if rest and not isinstance(member, (dict, list)):
            raise UnreadableElements(f"the message has no array at {position + rest[0]!r}")
        inner = [*scopes, member]
        if rest:
            yield from _descend(inner, rest, f"{position}.")
        else:
            yield inner, str(name) if isinstance(array, dict) else "", position


def _look_up(scopes: list[Any], path: str) -> Any:
    """Return the value at a path of the element, else of what encloses it, from inside out."""
    for scope in reversed(scopes):
        value = value_at(scope, path)
        if value is not _ABSENT:
            return value
    return _ABSENT


def value_at(value: Any, path: str) -> Any:
    """Return the value at a path, null included; `_ABSENT` where there is none."""
    steps = split_path(path)
    holder = value_at_steps(value, steps[:-1])
    last = steps[-1]
    if isinstance(holder, dict) and last in holder:
        return holder[last]
    if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
        return holder[int(last)]
    return _ABSENT


def _to_json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:4096].encode(errors="replace")
