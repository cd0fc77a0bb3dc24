"""The language of the request at hand: German or English, by Accept-Language."""

from contextvars import ContextVar
from enum import StrEnum
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send


class Language(StrEnum):
    EN = "en"
    DE = "de"


_language: Final[ContextVar[Language]] = ContextVar("language", default=Language.EN)
PARTS_MAX: Final = 20  # of the header that are looked at


def current_language() -> Language:
    return _language.get()


def negotiate_language(accepted: str | None) -> Language:
    """Return the language that an Accept-Language header prefers; English if it names neither."""
    best, best_weight = Language.EN, 0.0
    for part in (accepted or "").split(",")[:PARTS_MAX]:
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight_of(parameters)
        name = tag.partition("-")[0]
        if name in set(Language) and weight > best_weight:
            best, best_weight = Language(name), weight
    return best


class LanguageMiddleware:
    """Notes the language of each request for whatever writes sentences."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        header = next((v for name, v in scope["headers"] if name == b"accept-language"), None)
        accepted = None if header is None else header.decode("latin-1")
        token = _language.set(negotiate_language(accepted))
        try:
            await self._app(scope, receive, send)
        finally:
            _language.reset(token)


def _weight_of(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
