"""A request that an API process hands over to the wide process, and what comes with it."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz.runtime.http_server.requests.ends_with_client import end_with_client

HEADER: Final = b"x-werknetz-handed-over"


class HandOver(Exception):
    """The wide process answers this request. `is_charged`: the key has paid for what it reads."""

    def __init__(self, *, is_charged: bool) -> None:
        super().__init__("this request is for the wide process")
        self.is_charged = is_charged


class HandedOver(msgspec.Struct, frozen=True):
    """What the wide process does not see itself of a request."""

    is_charged: bool
    client: tuple[str, int] | None
    scheme: str
    root_path: str

    def encode(self) -> bytes:
        return msgspec.json.encode(self)


_current: Final[ContextVar[HandedOver | None]] = ContextVar("handed_over", default=None)


def handed_over() -> HandedOver | None:
    """Return what came with the request; None: this process has it from the client."""
    return _current.get()


class HandedOverRequests:
    """Wraps the application of the wide process, which only its owner's user can reach."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], None]) -> None:
        """`on_ready`: called when the application has started."""
        self._app = app
        self._on_ready = on_ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, self._noticing_start(send))
            return
        text = next(value for name, value in scope["headers"] if name == HEADER)
        request = msgspec.json.decode(text, type=HandedOver)
        scope["client"] = request.client
        scope["scheme"] = request.scheme
        scope["root_path"] = request.root_path
        end_with_client(scope)
        token = _current.set(request)
        try:
            await self._app(scope, receive, send)
        finally:
            _current.reset(token)

    def _noticing_start(self, send: Send) -> Send:
        async def send_and_notice(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self._on_ready()

        return send_and_notice
