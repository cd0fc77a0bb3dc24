"""Pages by cursor: where the last page ended, opaque to the client; null says complete."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from fastapi import Query, Request, Response
from pydantic import BaseModel

from werknetz_core.http.problem import invalid_parameter

LIMIT_MAX: Final = 1000
Item = TypeVar("Item")
CursorKey = str | int

LimitParam = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items on a page, at most 1000.")]
CursorParam = Annotated[
    str | None, Query(max_length=2048, description="`next_cursor` of the page before.")
]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def encode_cursor(*key: CursorKey) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type[CursorKey]) -> tuple[CursorKey, ...] | None:
    """Return the key of a cursor; None: the first page. Kinds are what the key is made of."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=list[CursorKey])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise _wrong() from error
    if len(key) != len(kinds) or not all(map(isinstance, key, kinds)):
        raise _wrong()
    if any(isinstance(part, int) and abs(part) > 2**63 - 1 for part in key):
        raise _wrong()
    return tuple(key)


def paginate(rows: Sequence[Item], limit: int) -> tuple[list[Item], bool]:
    """Return the rows of the page, and whether more follow; one row too many was asked for."""
    return list(rows[:limit]), len(rows) > limit


def set_next_link(request: Request, response: Response, cursor: str | None) -> None:
    """Say where the next page is, as RFC 8288 does."""
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'


def _wrong() -> Exception:
    return invalid_parameter(
        "cursor",
        "This cursor was not given by this route.",
        "Send `next_cursor` of the page before unchanged, or none for the first page.",
    )
