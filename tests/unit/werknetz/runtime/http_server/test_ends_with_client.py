"""A request that only reads ends with its client; one that writes goes on."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from werknetz.runtime.http_server.requests.ends_with_client import (
    EndsWithClient,
    client_has_gone,
    end_with_client,
)

pytestmark = pytest.mark.asyncio


class Application:
    def __init__(self, *, may_end: bool) -> None:
        self.may_end = may_end
        self.works = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.result = ""

    async def __call__(self, scope: Scope, _: Receive, __: Send) -> None:
        if self.may_end:
            end_with_client(scope)
        self.works.set()
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError:
            self.result = "ended"
            raise
        self.result = "done"


async def receive() -> Message:
    return {}


async def send(_: Message) -> None:
    pass


@pytest.mark.parametrize(
    ("method", "may_end", "result"),
    [
        ("GET", False, "ended"), ("HEAD", False, "ended"), ("POST", False, "done"),
        ("POST", True, "ended"), ("DELETE", False, "done"),
    ],
)  # fmt: skip
async def test_what_a_gone_client_ends(method: str, may_end: bool, result: str) -> None:
    app = Application(may_end=may_end)
    scope: Scope = {"type": "http", "method": method}
    request = asyncio.create_task(EndsWithClient(app)(scope, receive, send))
    await app.works.wait()
    client_has_gone(scope)
    await asyncio.sleep(0)
    app.goes_on.set()
    await request  # without an error, which the server would log
    assert app.result == result


async def test_a_server_that_stops_cancels_as_before() -> None:
    app = Application(may_end=False)
    request = asyncio.create_task(
        EndsWithClient(app)({"type": "http", "method": "GET"}, receive, send)
    )
    await app.works.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
