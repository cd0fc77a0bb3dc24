"""How large a body may be: little, except where it is passed on part by part."""

from collections.abc import Mapping

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class BodyLimit:
    def __init__(self, app: ASGIApp, *, usual: int, larger: Mapping[str, int]) -> None:
        self._usual = RequestBodyLimitMiddleware(app, usual)
        self._larger = {
            path: RequestBodyLimitMiddleware(app, size) for path, size in larger.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._larger.get(scope.get("path", ""), self._usual)(scope, receive, send)
