"""h11's parser, stricter: limits of headers, and no request that a proxy could read otherwise."""

from collections.abc import Iterable
from typing import Any, Final

import h11

from werknetz.runtime.http_server import answer
from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.texts.language import Language, negotiate_language
from werknetz.texts.sentence import Sentence

_DETAIL_CHARS_MAX: Final = 100
_HEADER_SEPARATORS: Final = 4  # ": " and CR LF


def language_of(headers: Iterable[tuple[bytes, bytes]]) -> Language:
    """Return the language that a request prefers."""
    accepted = next((value for name, value in headers if name == b"accept-language"), None)
    return negotiate_language(None if accepted is None else accepted.decode("latin-1"))


class RequestParser(h11.Connection):
    """Parses the requests of one connection; `problem` says why it raised RemoteProtocolError."""

    def __init__(self, limits: HttpLimits) -> None:
        super().__init__(h11.SERVER, limits.header_bytes_max)
        self._limits = limits
        self.refusal: ServerProblem | None = None  # of every request, whatever it is
        self.problem: ServerProblem | None = None
        self.requests = 0  # with complete headers
        self.body_bytes = 0  # of the last request, until now
        self.method = b""
        self.path = ""
        self.language = Language.EN  # of the last request whose head is complete

    def next_event(self) -> Any:
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.problem = self._problem_of(error)
            raise
        if isinstance(event, h11.Request):
            self.requests += 1
            self.body_bytes = 0
            self.method = event.method
            self.path = event.target.partition(b"?")[0].decode("ascii")
            self.language = language_of(event.headers)
            self.problem = self.refusal or self._find_problem(event)
            if self.problem is not None:
                raise h11.RemoteProtocolError(self.problem.detail)
        elif isinstance(event, h11.Data):
            self.body_bytes += len(event.data)
        return event

    def _find_problem(self, request: h11.Request) -> ServerProblem | None:
        limits = self._limits
        size = len(request.target) + sum(
            len(name) + len(value) + _HEADER_SEPARATORS for name, value in request.headers
        )
        if size > limits.header_bytes_max:  # h11 checks only headers that are incomplete
            return answer.header_too_large(limits.header_bytes_max)
        if len(request.headers) > limits.headers_max:
            return answer.too_many_headers(limits.headers_max)
        if request.http_version not in {b"1.0", b"1.1"}:
            return answer.invalid_request(Sentence("server.only_http_1"), 505)
        names = {name for name, _ in request.headers}
        if b"transfer-encoding" in names and b"content-length" in names:
            return answer.invalid_request(Sentence("server.two_lengths"))
        if b"transfer-encoding" in names and request.http_version == b"1.0":
            return answer.invalid_request(Sentence("server.chunked_http_1_0"))
        return None

    def _problem_of(self, error: h11.RemoteProtocolError) -> ServerProblem:
        if error.error_status_hint == 431:
            return answer.header_too_large(self._limits.header_bytes_max)
        detail = str(error)[:_DETAIL_CHARS_MAX].rstrip(".")
        # h11 quotes the line that it rejects, which may hold a key.
        detail = detail.partition(": bytearray(")[0].partition(": b'")[0]
        status = error.error_status_hint if error.error_status_hint in {400, 501} else 400
        return answer.invalid_request(detail, status)
