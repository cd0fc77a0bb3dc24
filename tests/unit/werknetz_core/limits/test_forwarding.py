"""A request is handed over whole to the wide process, and its answer passed on as it is."""

import json
from types import SimpleNamespace
from typing import Any

import httpx2
import msgspec
import pytest
from starlette.types import Message, Receive, Scope, Send

from werknetz_core.http.middleware import AnswerBrokeOffError
from werknetz_core.limits.wide_process.forwarding import HandOverMiddleware
from werknetz_core.limits.wide_process.handed_over import (
    HEADER,
    HandedOver,
    HandedOverRequests,
    HandOver,
    handed_over,
)

pytestmark = pytest.mark.asyncio
BODY = [b'{"queries": ', b"[]}"]


async def answer_of(transport: httpx2.AsyncBaseTransport) -> list[Message]:
    """Send a request whose endpoint reads the body and hands over; return the messages."""
    messages: list[Message] = []
    parts = iter(BODY)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        raise HandOver(is_charged=True)

    async def receive() -> Message:
        part = next(parts)
        return {"type": "http.request", "body": part, "more_body": part is not BODY[-1]}

    async def send(message: Message) -> None:
        messages.append(message)

    async with httpx2.AsyncClient(transport=transport) as client:
        context = SimpleNamespace(wide_client=client)
        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": "/w/kpi values", "root_path": "/w",
            "raw_path": b"/w/kpi%20values", "query_string": b"kpi=oee&kpi=a%2Bb",
            "scheme": "https", "client": ("192.0.2.7", 4711), "trace_id": "ab" * 16,
            "headers": [
                (b"host", b"plant.example"), (b"x-api-key", b"wn_a_b"), (b"connection", b"close"),
                (b"traceparent", b"00-" + b"cd" * 16 + b"-0000000000000001-01"),
                (b"content-length", b"99"), (HEADER, b"forged"),
            ],
            "app": SimpleNamespace(state=SimpleNamespace(context=context)),
        }  # fmt: skip
        await HandOverMiddleware(endpoint, body_max_bytes=1000)(scope, receive, send)
    return messages


async def test_the_whole_request_arrives_and_the_answer_goes_back() -> None:
    def respond(request: httpx2.Request) -> httpx2.Response:
        assert request.method == "POST"
        assert request.url.raw_path == b"/w/kpi%20values?kpi=oee&kpi=a%2Bb"
        assert request.content == b"".join(BODY)
        assert request.headers["x-api-key"] == "wn_a_b"
        assert request.headers["content-length"] == str(len(b"".join(BODY)))
        assert request.headers["traceparent"].startswith(f"00-{'ab' * 16}-")
        [text] = request.headers.get_list(HEADER.decode())
        assert msgspec.json.decode(text, type=HandedOver) == HandedOver(
            True, ("192.0.2.7", 4711), "https", "/w"
        )
        headers = {
            "ETag": '"1"', "Content-Encoding": "gzip", "X-Trace-Id": "x", "RateLimit": "x",
            "RateLimit-Policy": "x", "Connection": "close",
        }  # fmt: skip
        return httpx2.Response(203, headers=headers, stream=httpx2.ByteStream(b"as it is"))

    start, *rest = await answer_of(httpx2.MockTransport(respond))
    assert start["status"] == 203
    assert dict(start["headers"]) == {b"etag": b'"1"', b"content-encoding": b"gzip"}
    assert b"".join(message["body"] for message in rest) == b"as it is"
    assert [message.get("more_body", False) for message in rest] == [True, False]


async def test_without_the_process_the_answer_is_a_problem_with_retry_after() -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no socket")

    start, body = await answer_of(httpx2.MockTransport(fail))
    assert start["status"] == 503
    assert (b"retry-after", b"2") in start["headers"]
    problem = json.loads(body["body"])
    assert problem["type"].endswith("wide_process_unavailable")
    assert problem["trace_id"] == "ab" * 16


async def test_an_answer_that_breaks_off_is_no_complete_answer() -> None:
    class Broken(httpx2.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"half"
            raise httpx2.ReadError("gone")

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Broken()))
    with pytest.raises(AnswerBrokeOffError):
        await answer_of(transport)


async def test_the_wide_process_sees_the_client_as_the_api_process_does() -> None:
    request = HandedOver(False, ("192.0.2.7", 1), "https", "/w")
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert handed_over() == request
        scopes.append(scope)

    async def receive() -> Message:
        return {}

    async def send(_: Message) -> None:
        pass

    scope = {
        "type": "http", "headers": [(HEADER, request.encode())], "client": None,
        "scheme": "http", "root_path": "",
    }  # fmt: skip
    await HandedOverRequests(app, lambda: None)(scope, receive, send)
    assert handed_over() is None
    assert [(s["client"], s["scheme"], s["root_path"]) for s in scopes] == [
        (("192.0.2.7", 1), "https", "/w")
    ]
