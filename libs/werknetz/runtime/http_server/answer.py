"""Problem documents (RFC 9457) that the server itself answers, before any application runs.

They are in the language of the request where its head was read; else in English.
"""

import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from werknetz.runtime.http_server.security_headers import DEFAULT_HEADERS, HSTS
from werknetz.texts.catalogue import problem_title
from werknetz.texts.language import Language, in_language
from werknetz.texts.sentence import Sentence

MEDIA_TYPE: Final = "application/problem+json"
RETRY_S: Final = 2


@dataclass(frozen=True, slots=True)
class ServerProblem:
    """Why the server refuses a request; `hint` is the remedy. It closes the connection."""

    status: int
    code: str
    detail: Sentence
    hint: Sentence
    retry_s: int | None = None

    def encode(
        self, *, path: str, language: Language = Language.EN, has_body: bool = True,
        is_encrypted: bool = False,
    ) -> bytes:  # fmt: skip
        """Return the whole response; `has_body` is false in answers to HEAD."""
        body, headers = self.to_parts(path=path, language=language)
        if is_encrypted:
            headers.append(HSTS)
        lines = [b"HTTP/1.1 %d %b" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%b: %b" % header for header in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (body if has_body else b"")

    def to_parts(
        self, *, path: str, language: Language = Language.EN
    ) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """Return body and headers."""
        with in_language(language):
            title = problem_title(self.code, self.code.replace("_", " ").capitalize())
        trace_id = secrets.token_hex(16)
        document = {
            "type": f"urn:werknetz:problem:{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail.in_language(language),
            "hint": self.hint.in_language(language),
            "sentences": {"detail": self.detail.document(), "hint": self.hint.document()},
            "errors": [],
            "instance": path,
            "trace_id": trace_id,
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"content-language", language.encode()),
            (b"vary", b"Accept-Language"),
            (b"connection", b"close"),
            *DEFAULT_HEADERS,
            (b"x-trace-id", trace_id.encode()),
        ]
        if self.retry_s is not None:
            headers.append((b"retry-after", str(self.retry_s).encode()))
        return body, headers


SERVER_FULL: Final = ServerProblem(
    503, "server_busy", Sentence("server.server_full"), Sentence("server.retry_after"), RETRY_S
)
ADDRESS_FULL: Final = ServerProblem(
    429, "too_many_connections", Sentence("server.address_full"), Sentence("server.keep_alive"),
    RETRY_S,
)  # fmt: skip
BODY_TOO_SLOW: Final = ServerProblem(
    408, "body_too_slow", Sentence("server.body_too_slow"), Sentence("server.send_in_parts")
)


def header_too_large(limit: int) -> ServerProblem:
    return ServerProblem(
        431, "headers_too_large", Sentence("server.headers_too_large", limit=limit),
        Sentence("server.fewer_or_shorter_headers"),
    )  # fmt: skip


def too_many_headers(limit: int) -> ServerProblem:
    return ServerProblem(
        431, "too_many_headers", Sentence("server.too_many_headers", limit=limit),
        Sentence("server.fewer_headers"),
    )  # fmt: skip


def invalid_request(fault: str, status: int = 400) -> ServerProblem:
    """Refuse a request; `fault` is a sentence, or the English text of the parser."""
    return ServerProblem(
        status, "invalid_request", Sentence("server.invalid_request", fault=fault),
        Sentence("server.follow_rfc"),
    )  # fmt: skip
