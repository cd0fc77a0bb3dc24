"""Responses encoded from plain values without validating them again: the hot path.

NaN and infinity become null: JSON cannot represent them.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi import Response

_encoder: Final = msgspec.json.Encoder()


def json_response(
    content: object, headers: Mapping[str, str] | None = None, *, status: int = 200
) -> Response:
    return Response(_encoder.encode(content), status, headers, "application/json")


def not_modified(etag: str, cache_control: str) -> Response:
    return Response(None, 304, {"ETag": etag, "Cache-Control": cache_control, "Vary": "Accept"})
