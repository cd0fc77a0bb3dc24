"""Hands wide requests over to the wide process, whole, and passes on its answers."""

import secrets
from collections.abc import Iterable
from typing import Final

import httpx2
import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz.runtime.http_server.requests.ends_with_client import end_with_client
from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.http.middleware import AnswerBrokeOffError
from werknetz_core.http.problem import MEDIA_TYPE, Problem
from werknetz_core.limits.wide_process.handed_over import HEADER, HandedOver, HandOver

# Each statement has a limit of its own, and waits for a slot have one.
_TIMEOUT: Final = httpx2.Timeout(600.0, connect=5.0, pool=5.0)
_OF_THE_CONNECTION: Final = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"expect"}
)
_NOT_HANDED_OVER: Final = _OF_THE_CONNECTION | {b"content-length", b"traceparent", HEADER}
_NOT_PASSED_ON: Final = _OF_THE_CONNECTION | {b"x-trace-id", b"ratelimit", b"ratelimit-policy"}
_log: Final = get_logger("core.wide")


def client_of_socket(path: str) -> httpx2.AsyncClient:
    """Return a client of the wide process; each request has a connection of its own."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    transport = httpx2.AsyncHTTPTransport(uds=path, limits=limits)
    return httpx2.AsyncClient(transport=transport, timeout=_TIMEOUT)


class HandOverMiddleware:
    """Catches `HandOver`, which endpoints raise before they have answered."""

    def __init__(self, app: ASGIApp, *, body_max_bytes: int) -> None:
        """`body_max_bytes`: of a request that can be handed over."""
        self._app = app
        self._body_max_bytes = body_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def receive_and_store() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(body) <= self._body_max_bytes:
                body.extend(message.get("body", b""))
            return message

        is_charged = False
        try:
            await self._app(scope, receive_and_store, send)
        except HandOver as request:
            is_charged = request.is_charged
        else:
            return
        client: httpx2.AsyncClient = scope["app"].state.context.wide_client
        await _pass_on(client, scope, bytes(body), send, is_charged=is_charged)


async def _pass_on(
    client: httpx2.AsyncClient, scope: Scope, body: bytes, send: Send, *, is_charged: bool
) -> None:
    """Send the request to the wide process, and its answer to the client as it comes."""
    request = request_handed_over(client, scope, body, is_charged=is_charged)
    has_begun = False
    end_with_client(scope)
    try:
        answer = await client.send(request, stream=True)
        try:
            start = {"status": answer.status_code, "headers": _passed_on(answer)}
            has_begun = True
            await send({"type": "http.response.start", **start})
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()
    except (httpx2.TransportError, httpx2.StreamError) as error:
        _log.warning("the wide process does not answer", error=type(error).__name__)
        if has_begun:
            raise AnswerBrokeOffError(f"the answer {scope['trace_id']} broke off") from error
        await _send_problem(scope, send)


def request_handed_over(
    client: httpx2.AsyncClient, scope: Scope, body: bytes, *, is_charged: bool
) -> httpx2.Request:
    query: bytes = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    handed_over = HandedOver(
        is_charged, scope.get("client"), scope["scheme"], scope.get("root_path", "")
    )
    headers = [
        *_without(scope["headers"], _NOT_HANDED_OVER),
        (HEADER, handed_over.encode()),
        (b"traceparent", f"00-{scope['trace_id']}-{secrets.token_hex(8)}-01".encode()),
    ]
    url = httpx2.URL("http://wide-process").copy_with(raw_path=target)
    return client.build_request(scope["method"], url, headers=headers, content=body or None)


def _passed_on(answer: httpx2.Response) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer; this process adds its own."""
    return _without(((name.lower(), value) for name, value in answer.headers.raw), _NOT_PASSED_ON)


def _without(
    headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]
) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0] not in names]


async def _send_problem(scope: Scope, send: Send) -> None:
    problem = Problem(
        503,
        "wide_process_unavailable",
        Sentence("system.wide_process_unavailable"),
        Sentence("system.repeat_wide"),
        headers={"Retry-After": "2"},
    )
    body = msgspec.json.encode(problem.to_document(scope["trace_id"], scope["path"]))
    response = Response(body, problem.status, problem.headers, MEDIA_TYPE)
    await send(
        {"type": "http.response.start", "status": problem.status, "headers": response.raw_headers}
    )
    await send({"type": "http.response.body", "body": body})
