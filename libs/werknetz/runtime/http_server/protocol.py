"""uvicorn's HTTP/1.1 protocol with limits on the times of a connection."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

import h11
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from werknetz.runtime.http_server import answer
from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.http_server.connections import ConnectionPhase
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.parser import RequestParser
from werknetz.runtime.http_server.requests.ends_with_client import client_has_gone

LINGER_S: Final = 5.0  # reads on after the last answer, so that a sender in mid-body gets it
DISCARDED_MAX: Final = 64_000_000  # bytes of a body that are read after its answer
_CHECK_STEP_S: Final = 1.0  # of a busy event loop, no more counts against a sender
_STALLED_S: Final = 2.0
# Whatever a client sends is no warning of the server.
_ERRORS: Final = logging.getLogger("uvicorn.error.connection")


class LingeringTransport(asyncio.Transport):
    """The part of a transport that uvicorn's HTTP protocol uses."""

    def __init__(self, transport: asyncio.Transport, linger: Callable[[], bool]) -> None:
        """`linger` returns whether the connection stays open until the client has closed it."""
        super().__init__()
        self._transport = transport
        self._linger = linger

    def close(self) -> None:
        if self._transport.is_closing() or not self._linger():
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._transport.write_eof()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class LimitedProtocol(H11Protocol):
    """Serves one connection; `check` runs several times a second and closes what takes too long."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop, *,
        limits: HttpLimits, on_lost: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, loop)
        _ERRORS.setLevel(logging.ERROR)
        self.logger = _ERRORS
        self.parser = RequestParser(limits)
        self.conn = self.parser
        self._limits = limits
        self._on_lost = on_lost
        self._is_idle = False  # between requests, without a byte of the next one
        self._waits_since_s = loop.time()
        self._lingers_since_s: float | None = None
        self._body_request = 0
        self._body_waited_s = 0.0
        self._checked_s = loop.time()
        self._paused_s: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.transport = LingeringTransport(transport, self.linger)

    def data_received(self, data: bytes) -> None:
        if self._lingers_since_s is not None:
            return
        if self._is_idle:
            self._is_idle = False
            self._waits_since_s = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost()
        if self._is_handling:
            client_has_gone(cast("Scope", self.cycle.scope))
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._is_idle = not self.conn.trailing_data[0]
        self._waits_since_s = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused_s = self.loop.time()

    def resume_writing(self) -> None:
        self._paused_s = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self.refuse(self.parser.problem or answer.invalid_request(msg))

    def shutdown(self) -> None:
        if self._lingers_since_s is not None:
            self.transport.close()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """`check` limits the idle time instead."""

    def phase(self) -> ConnectionPhase:
        if self._lingers_since_s is not None or self.transport.is_closing():
            return ConnectionPhase.ENDING
        if self.conn.their_state is h11.SEND_BODY:
            return ConnectionPhase.BODY
        if self._is_handling:
            paused_s = self._paused_s
            is_stalled = paused_s is not None and self.loop.time() - paused_s >= _STALLED_S
            return ConnectionPhase.STALLED if is_stalled else ConnectionPhase.WORKING
        return ConnectionPhase.IDLE if self.parser.requests else ConnectionPhase.OPENING

    def refuse(self, problem: ServerProblem) -> None:
        """Answer without the application, unless its answer has begun; then close."""
        self._write_problem(problem)
        self._begin_linger()

    def linger(self) -> bool:
        """Called before the connection closes: return whether the client still sends a body.

        A close with unread data would reset the connection, and the client lose its answer.
        """
        if self._lingers_since_s is None and self.conn.their_state is h11.SEND_BODY:
            self._begin_linger()
        return self._lingers_since_s is not None

    def give_way(self) -> None:
        """Say why to a client that has begun a request; the caller closes."""
        has_begun = self.phase() is ConnectionPhase.BODY or bool(self.conn.trailing_data[0])
        if has_begun and not self.transport.is_closing():
            self._lingers_since_s = self.loop.time()
            self._write_problem(answer.SERVER_FULL)

    def check(self, now_s: float) -> bool:
        """Close where a time has run out; return whether the connection must end at once."""
        limits = self._limits
        step_s, self._checked_s = now_s - self._checked_s, now_s
        if self._lingers_since_s is not None:
            return now_s - self._lingers_since_s >= LINGER_S
        if self.transport.is_closing():
            return False
        waited_s = now_s - self._waits_since_s
        if self.conn.their_state is h11.SEND_BODY:
            self._check_body(step_s)
        elif not self._is_handling and waited_s >= (
            limits.idle_s if self._is_idle else limits.header_s
        ):
            self._close()
        return False

    @property
    def _is_handling(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _check_body(self, step_s: float) -> None:
        """Limit the time for a body, without that in which the application does not read."""
        if self._body_request != self.parser.requests:
            self._body_request = self.parser.requests
            self._body_waited_s = 0.0
            return
        is_invited = not (self._is_handling and self.cycle.waiting_for_100_continue)
        if is_invited and not self.flow.read_paused:
            self._body_waited_s += min(step_s, _CHECK_STEP_S)
        received = self.parser.body_bytes
        limit_s = self._limits.body_s + received / self._limits.body_bytes_per_s
        is_discarded = not self._is_handling and received > DISCARDED_MAX
        if is_discarded or self._body_waited_s >= limit_s:
            self.refuse(answer.BODY_TOO_SLOW)

    def _begin_linger(self) -> None:
        self._lingers_since_s = self.loop.time()
        self.flow.resume_reading()
        if self.transport.can_write_eof():  # not with TLS
            self.transport.write_eof()

    def _write_problem(self, problem: ServerProblem) -> None:
        cycle = self.cycle
        # After an error of h11 the cycle may belong to the former, answered request.
        is_current = cycle is not None and not cycle.response_complete
        is_answered = self.conn.our_state in {h11.SEND_BODY, h11.DONE, h11.MUST_CLOSE, h11.CLOSED}
        if not is_answered and not (is_current and cycle.response_started):
            has_body = self.parser.method != b"HEAD"
            is_encrypted = self.scheme == "https"
            self.transport.write(
                problem.encode(
                    path=self.parser.path,
                    language=self.parser.language,
                    has_body=has_body,
                    is_encrypted=is_encrypted,
                )
            )
        if is_current:  # the application sees a client that is gone
            cycle.disconnected = True
            cycle.message_event.set()

    def _close(self) -> None:
        if self.conn.our_state is not h11.ERROR:
            self.conn.send(h11.ConnectionClosed())
        self.transport.close()
