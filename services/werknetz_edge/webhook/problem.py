"""Error responses in RFC 9457 format, with a hint: what the sender should do next."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from werknetz.texts.catalogue import problem_title
from werknetz.texts.language import Language, in_language, negotiate_language
from werknetz.texts.sentence import Sentence

MEDIA_TYPE: Final = "application/problem+json"
RETRY: Final = {"Retry-After": "2"}


class RequestRefused(Exception):
    """The request is refused; nothing, or only what `extra` counts, was stored."""

    def __init__(
        self, status: int, code: str, detail: Sentence, hint: Sentence, *,
        headers: Mapping[str, str] | None = None, extra: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def to_response(self, path: str, language: Language) -> Response:
        with in_language(language):
            title = problem_title(self.code, self.code.replace("_", " ").capitalize())
        document = {
            **self.extra,
            "type": f"urn:werknetz:problem:{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail.in_language(language),
            "hint": self.hint.in_language(language),
            "sentences": {"detail": self.detail.document(), "hint": self.hint.document()},
            "instance": path,
        }
        headers = {
            **self.headers, "Content-Language": language.value, "Vary": "Accept-Language",
        }  # fmt: skip
        return Response(msgspec.json.encode(document), self.status, headers, MEDIA_TYPE)


async def respond_with_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101  narrows the type that it was registered for
    return error.to_response(request.url.path, language_of(request))


def language_of(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))


def retry_later(why: str, extra: Mapping[str, object] | None = None) -> RequestRefused:
    return RequestRefused(
        503, "not_stored", Sentence("webhook.not_stored", why=why), Sentence("webhook.send_again"),
        headers=RETRY, extra=extra,
    )  # fmt: skip


def body_too_large(limit: int) -> RequestRefused:
    return RequestRefused(
        413, "body_too_large", Sentence("webhook.body_too_large", limit=limit),
        Sentence("webhook.send_fewer_rows"),
    )  # fmt: skip
