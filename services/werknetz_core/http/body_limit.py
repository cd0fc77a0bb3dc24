"""Limits the size of request bodies: small by default, larger on routes that stream the body."""

from collections.abc import Mapping

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class BodyLimit:
    def __init__(
        self, app: ASGIApp, *, default_bytes: int, bytes_by_path: Mapping[str, int]
    ) -> None:
        self._default = RequestBodyLimitMiddleware(app, default_bytes)
        self._by_path = {
            path: RequestBodyLimitMiddleware(app, size) for path, size in bytes_by_path.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        await self._by_path.get(path, self._default)(scope, receive, send)
