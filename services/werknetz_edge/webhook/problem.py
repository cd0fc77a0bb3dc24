"""Error responses in RFC 9457 format, with a hint: what the sender should do next."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
RETRY: Final = {"Retry-After": "2"}


class RequestRefused(Exception):
    """The request is refused; nothing, or only what `extra` counts, was stored."""

    def __init__(
        self, status: int, code: str, detail: str, hint: str, *,
        headers: Mapping[str, str] | None = None, extra: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def to_response(self, path: str) -> Response:
        document = {
            **self.extra,
            "type": f"urn:werknetz:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "instance": path,
        }
        return Response(msgspec.json.encode(document), self.status, self.headers, MEDIA_TYPE)


async def respond_with_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101  narrows the type that it was registered for
    return error.to_response(request.url.path)


def retry_later(detail: str, extra: Mapping[str, object] | None = None) -> RequestRefused:
    return RequestRefused(
        503, "not_stored", f"Not stored: {detail}.",
        "Send the same request again: rows that are on disk already are counted as duplicates.",
        headers=RETRY, extra=extra,
    )  # fmt: skip


def body_too_large(limit: int) -> RequestRefused:
    return RequestRefused(
        413, "body_too_large", f"The body is larger than {limit} bytes.",
        "Send fewer rows at once, or NDJSON or CSV, which are read part by part.",
    )  # fmt: skip
