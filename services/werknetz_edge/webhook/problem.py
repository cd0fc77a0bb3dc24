"""Refusals as RFC 9457 says, with a hint: what the sender does next."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
RETRY: Final = {"Retry-After": "2"}


class Refused(Exception):
    """The request is not taken; nothing, or only what `extra` counts, was kept."""

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

    def response(self, path: str) -> Response:
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


async def respond(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101  narrows the type that it was registered for
    return error.response(request.url.path)


def try_again(detail: str, extra: Mapping[str, object] | None = None) -> Refused:
    return Refused(
        503, "not_kept", f"Not taken: {detail}.",
        "Send the same request again: what is on disk already is counted as a duplicate.",
        headers=RETRY, extra=extra,
    )  # fmt: skip


def too_large(limit: int) -> Refused:
    return Refused(
        413, "body_too_large", f"The body is larger than {limit} bytes.",
        "Send less at once, or NDJSON or CSV, which are read part by part.",
    )  # fmt: skip
