"""Frees the slot of a request when its answer is sent, and adds the RateLimit fields."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz_core.limits.admission import ADMISSION, Admission


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
