"""Responses encoded from plain values without validating them again: the hot path.

NaN and infinity become null: JSON cannot represent them.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import Request, Response

from werknetz_core.http.etag import CACHE_CONTROL, etag_matches

VARY: Final = "Accept, Accept-Language, Authorization, Cookie, X-API-Key"
"""Answers depend on the format, the language and on what the key may see."""
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "Unchanged since the ETag of If-None-Match"}
}
"""What a route with an ETag documents beside its answer."""
_encoder: Final = msgspec.json.Encoder()


def json_response(
    content: object, headers: Mapping[str, str] | None = None, *, status: int = 200
) -> Response:
    return Response(_encoder.encode(content), status, headers, "application/json")


def with_content_etag(request: Request, response: Response) -> Response:
    """Return the response with an ETag of its content, or 304 where the client has it."""
    etag = f'"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'
    if etag_matches(request.headers.get("if-none-match"), etag):
        return not_modified(etag, CACHE_CONTROL)
    response.headers.update({"ETag": etag, "Cache-Control": CACHE_CONTROL})
    return response


def not_modified(etag: str, cache_control: str) -> Response:
    return Response(None, 304, {"ETag": etag, "Cache-Control": cache_control, "Vary": VARY})
