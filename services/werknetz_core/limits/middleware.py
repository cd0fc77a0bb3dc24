"""Frees the slot of a request when its answer is sent, adds the RateLimit fields, slices bodies."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz_core.limits.admission import ADMISSION, Admission

SLICE_BYTES: Final = 65_536  # compressed in about a millisecond


class SlicedBodies:
    """Sends a large body in slices; other requests have a turn between two of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_sliced(message: Message) -> None:
            body: bytes = message.get("body", b"")
            if message["type"] != "http.response.body" or len(body) <= SLICE_BYTES:
                await send(message)
                return
            for start in range(0, len(body), SLICE_BYTES):
                end = start + SLICE_BYTES
                more = end < len(body) or message.get("more_body", False)
                await send({**message, "body": body[start:end], "more_body": more})
                await asyncio.sleep(0)

        await self._app(scope, receive, send_sliced if scope["type"] == "http" else send)


class AdmissionMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start" and ADMISSION in scope:
                admission, key_id = scope[ADMISSION]
                message["headers"] = [
                    *message.get("headers", ()),
                    *(
                        (name.lower().encode(), value.encode())
                        for name, value in admission.headers_of(key_id).items()
                    ),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_limits)
        finally:
            if ADMISSION in scope:
                admission: Admission = scope[ADMISSION][0]
                admission.leave(scope)
