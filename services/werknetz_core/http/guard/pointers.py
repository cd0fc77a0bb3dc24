"""JSON pointers (RFC 6901) to the parts of a request."""

from collections.abc import Sequence
from typing import Final

_ABSENT: Final = object()


def escape_name(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def pointer_of(*parts: str | int) -> str:
    return "".join(f"/{escape_name(str(part))}" for part in parts)


def pointer_into(body: object, location: Sequence[str | int], *, is_missing: bool) -> str:
    """Return the pointer of where pydantic found an error.

    Its locations also name members of unions (`changes.0.map_state.code`), which are no part of
    the body. `is_missing`: the last part is a field that the body lacks.
    """
    if location[:1] != ("body",):
        return pointer_of(*location)
    parts: list[str | int] = ["body"]
    for number, step in enumerate(location[1:], 2):
        inner = _part_of(body, step)
        is_part = inner is not _ABSENT
        if is_part or (is_missing and number == len(location)):
            parts.append(step)
        if is_part:
            body = inner
    return pointer_of(*parts)


def _part_of(body: object, step: str | int) -> object:
    match body:
        case dict():
            return body.get(step, _ABSENT)
        case list() if isinstance(step, int) and step < len(body):
            return body[step]
        case _:
            return _ABSENT
