"""Answers made at once from plain values, without a second pass of validation: the hot path.

NaN and infinity become null: JSON has no word for them.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from fastapi import Response

_encoder: Final = msgspec.json.Encoder()


def json_response(content: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encoder.encode(content), 200, headers, "application/json")


def not_modified(tag: str, cache_control: str) -> Response:
    return Response(None, 304, {"ETag": tag, "Cache-Control": cache_control, "Vary": "Accept"})
