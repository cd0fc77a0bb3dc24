"""Cursor pagination: an opaque cursor holds where the last page ended; null means no more pages."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from fastapi import Query, Request, Response
from pydantic import BaseModel

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import invalid_parameter

LIMIT_MAX: Final = 1000
Item = TypeVar("Item")
CursorKey = str | int

LimitParam = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items per page, at most 1000.")]
CursorParam = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the previous page.")
]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def encode_cursor(*key: CursorKey) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: type[CursorKey]) -> tuple[CursorKey, ...] | None:
    """Return the values in a cursor, which have these types; None for the first page."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=list[CursorKey])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise _invalid_cursor() from error
    if len(key) != len(types) or not all(map(isinstance, key, types)):
        raise _invalid_cursor()
    if any(isinstance(part, int) and abs(part) > 2**63 - 1 for part in key):
        raise _invalid_cursor()
    return tuple(key)


def paginate(rows: Sequence[Item], limit: int) -> tuple[list[Item], bool]:
    """Return the rows of the page, and whether more follow; the query fetched one row more."""
    return list(rows[:limit]), len(rows) > limit


def set_next_link(request: Request, response: Response, cursor: str | None) -> None:
    """Set the Link header to the next page (RFC 8288)."""
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def _invalid_cursor() -> Exception:
    return invalid_parameter(
        "cursor",
        Sentence("requests.cursor_of_other_route"),
        Sentence("requests.send_cursor_unchanged"),
    )
