"""Requests that end when their client has gone: what they read is for nobody.

A request that only reads is cancelled then, and asyncpg cancels its statement. One that writes
goes on: what it changes must not depend on whether somebody waits for the answer.
"""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

READING: Final = frozenset({"GET", "HEAD"})
_TASK: Final = "werknetz.task"  # of the ASGI scope
_HAS_ENDED: Final = "werknetz.ended_with_client"


def end_with_client(scope: Scope) -> None:
    """Let this request end with its client; call it in the task of the request."""
    scope[_TASK] = asyncio.current_task()


def client_has_gone(scope: Scope) -> None:
    """Cancel the request, where it ends with its client. The server calls it."""
    task = scope.get(_TASK)
    if task is not None:
        scope[_HAS_ENDED] = True
        task.cancel()


class EndsWithClient:
    """Wraps an application from the outside: the scope is the server's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] in READING:
            end_with_client(scope)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # The server would log it as an error of the application, and nothing is wrong.
            if _HAS_ENDED not in scope:
                raise
