"""Problem documents (RFC 9457) that the server itself answers, before any application runs."""

import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from werknetz.runtime.http_server.security_headers import DEFAULT_HEADERS, HSTS

MEDIA_TYPE: Final = "application/problem+json"
RETRY_S: Final = 2


@dataclass(frozen=True, slots=True)
class ServerProblem:
    """Why the server refuses a request; `hint` is the remedy. It closes the connection."""

    status: int
    code: str
    detail: str
    hint: str
    retry_s: int | None = None

    def encode(self, *, path: str, has_body: bool = True, is_encrypted: bool = False) -> bytes:
        """Return the whole response; `has_body` is false in answers to HEAD."""
        body, headers = self.to_parts(path=path)
        if is_encrypted:
            headers.append(HSTS)
        lines = [b"HTTP/1.1 %d %b" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%b: %b" % header for header in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (body if has_body else b"")

    def to_parts(self, *, path: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """Return body and headers."""
        trace_id = secrets.token_hex(16)
        document = {
            "type": f"urn:werknetz:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "sentences": {"detail": None, "hint": None},  # English only: no header is read yet
            "errors": [],
            "instance": path,
            "trace_id": trace_id,
        }
        body = json.dumps(document).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *DEFAULT_HEADERS,
            (b"x-trace-id", trace_id.encode()),
        ]
        if self.retry_s is not None:
            headers.append((b"retry-after", str(self.retry_s).encode()))
        return body, headers


SERVER_FULL: Final = ServerProblem(
    503, "server_busy", "The server has as many open connections as it may have.",
    "Send the request again after Retry-After; an operator can raise WERKNETZ_HTTP_CONNECTIONS "
    "(of a webhook: `connections_max`).", RETRY_S,
)  # fmt: skip
ADDRESS_FULL: Final = ServerProblem(
    429, "too_many_connections", "Your address has as many open connections as it may have.",
    "Use connections again (keep-alive), or close them; an operator can raise "
    "WERKNETZ_HTTP_CONNECTIONS_PER_ADDRESS (of a webhook: `connections_per_address_max`), or "
    "name a reverse proxy in WERKNETZ_TRUSTED_PROXIES.", RETRY_S,
)  # fmt: skip
BODY_TOO_SLOW: Final = ServerProblem(
    408, "body_too_slow", "The body did not arrive in time.",
    "Send it again, or in parts; an operator can raise WERKNETZ_HTTP_BODY_S (of a webhook: "
    "`body_s`).",
)  # fmt: skip


def header_too_large(limit: int) -> ServerProblem:
    return ServerProblem(
        431, "headers_too_large", f"The request line and the headers have more than {limit} bytes.",
        "Send fewer or shorter headers, cookies and query parameters.",
    )  # fmt: skip


def too_many_headers(limit: int) -> ServerProblem:
    return ServerProblem(
        431, "too_many_headers", f"The request has more than {limit} headers.",
        "Send fewer headers.",
    )  # fmt: skip


def invalid_request(detail: str, status: int = 400) -> ServerProblem:
    return ServerProblem(
        status, "invalid_request", f"The request is not valid HTTP/1.1: {detail}.",
        "Use an HTTP client or proxy that follows RFC 9112; for TLS use https:// in the URL.",
    )  # fmt: skip
