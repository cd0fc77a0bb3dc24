"""Where a change comes from: the client of the request, or who runs the command."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from werknetz.runtime.command import operator_name
from werknetz.store.access.caller import no_caller

CLIENT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request or command comes from; None: not known."""

    address: str | None
    client: str | None
    trace_id: str | None


_request_origin: Final[ContextVar[Origin | None]] = ContextVar("request_origin", default=None)


class OriginMiddleware:
    """Notes where each request comes from; inside of what gives it a trace id and its address.

    The address is that of the connection, or what a trusted proxy says of it: the server puts
    either into the scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = _request_origin.set(origin_of(scope))
        try:
            with no_caller():  # nobody sees a plant's rows before its key is known
                await self._app(scope, receive, send)
        finally:
            _request_origin.reset(token)


def current_origin() -> Origin:
    """Return the origin of the request at hand; without one, that of the command."""
    return _request_origin.get() or Origin(None, printable(operator_name()), None)


def origin_of(scope: Scope) -> Origin:
    """Return the origin of an ASGI request."""
    peer = scope.get("client")
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    return Origin(
        address=printable(peer[0]) if peer else None,
        client=printable(agent.decode("latin-1")) if agent else None,
        trace_id=scope.get("trace_id"),
    )


def printable(text: str) -> str:
    """Return a text from outside without control characters, at most 200 characters long."""
    return "".join(c if c.isprintable() else "�" for c in text[:CLIENT_MAX])
