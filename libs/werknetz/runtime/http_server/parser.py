"""h11's parser, stricter: limits of headers, and no request that a proxy could read otherwise."""

from typing import Any, Final

import h11

from werknetz.runtime.http_server import answer
from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.http_server.limits import HttpLimits

_DETAIL_CHARS_MAX: Final = 100
_HEADER_SEPARATORS: Final = 4  # ": " and CR LF


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
            return answer.invalid_request("only HTTP/1.0 and HTTP/1.1 are supported", 505)
        names = {name for name, _ in request.headers}
        if b"transfer-encoding" in names and b"content-length" in names:
            return answer.invalid_request("it has both Content-Length and Transfer-Encoding")
        if b"transfer-encoding" in names and request.http_version == b"1.0":
            return answer.invalid_request("HTTP/1.0 has no Transfer-Encoding")
        return None

    def _problem_of(self, error: h11.RemoteProtocolError) -> ServerProblem:
        if error.error_status_hint == 431:
            return answer.header_too_large(self._limits.header_bytes_max)
        detail = str(error)[:_DETAIL_CHARS_MAX].rstrip(".")
        # h11 quotes the line that it rejects, which may hold a key.
        detail = detail.partition(": bytearray(")[0].partition(": b'")[0]
        status = error.error_status_hint if error.error_status_hint in {400, 501} else 400
        return answer.invalid_request(detail, status)
