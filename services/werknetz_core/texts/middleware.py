"""Chooses the language of each answer by Accept-Language, and names it in Content-Language."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz.texts.language import in_language, negotiate_language


class LanguageMiddleware:
    """Notes the language of each request for whatever writes sentences.

    An answer with sentences has Content-Language, and varies by Accept-Language.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        header = next((v for name, v in scope["headers"] if name == b"accept-language"), None)
        accepted = None if header is None else header.decode("latin-1")
        with in_language(negotiate_language(accepted)) as answer:

            async def send_with_language(message: Message) -> None:
                if message["type"] == "http.response.start" and answer.is_used:
                    headers = MutableHeaders(scope=message)
                    headers.setdefault("Content-Language", answer.language)
                    if "accept-language" not in headers.get("vary", "").lower():
                        headers.add_vary_header("Accept-Language")
                await send(message)

            await self._app(scope, receive, send_with_language)
