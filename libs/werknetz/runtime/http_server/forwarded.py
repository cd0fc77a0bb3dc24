"""What reverse proxies report of a client, only from trusted ones; HSTS on encrypted requests."""

from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from werknetz.runtime.http_server import answer
from werknetz.runtime.http_server.address import client_of, parse_address
from werknetz.runtime.http_server.answer import ServerProblem
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.parser import language_of
from werknetz.runtime.http_server.security_headers import HSTS


class ForwardedClients:
    """Sets client and scheme of requests from trusted proxies, and limits such clients.

    A proxy has one address for all its clients: their limit counts requests at a time.
    """

    def __init__(self, app: ASGIApp, limits: HttpLimits) -> None:
        self._app = app
        self._limits = limits
        self._requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        forwarded = self._read_headers(scope)
        if scope["scheme"] == "https":
            send = _with_hsts(send)
        if forwarded is None:
            await self._app(scope, receive, send)
            return
        client = client_of(forwarded)
        if self._requests[client] >= self._limits.connections_per_address_max:
            await _send_problem(scope, send, answer.ADDRESS_FULL)
            return
        self._requests[client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._requests[client] -= 1
            if not self._requests[client]:
                del self._requests[client]

    def _read_headers(self, scope: Scope) -> str | None:
        """Apply the headers of a trusted proxy; return the client that it names."""
        peer = scope.get("client")
        if peer is None or peer[0] not in self._limits.proxies:
            return None
        protocols = _values(scope, b"x-forwarded-proto")
        if protocols and protocols[-1] in {"http", "https"}:
            scope["scheme"] = protocols[-1]
        client = self._find_client(_values(scope, b"x-forwarded-for"))
        if client is not None:
            scope["client"] = (client, 0)
        return client

    def _find_client(self, chain: list[str]) -> str | None:
        """Return the last address that is no trusted proxy: what stands before it may be forged."""
        for entry in reversed(chain):
            host = _host_of(entry)
            if parse_address(host) is None:
                return None
            if host not in self._limits.proxies:
                return host
        return None


def _values(scope: Scope, header: bytes) -> list[str]:
    joined = b",".join(value for name, value in scope["headers"] if name == header)
    return [part.strip() for part in joined.decode("latin-1").split(",") if part.strip()]


def _host_of(entry: str) -> str:
    """Return the address of an entry, which may have a port: 192.0.2.7:4711, [2001:db8::7]:4711."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def _with_hsts(send: Send) -> Send:
    async def send_with_hsts(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), HSTS]
        await send(message)

    return send_with_hsts


async def _send_problem(scope: Scope, send: Send, problem: ServerProblem) -> None:
    body, headers = problem.to_parts(path=scope["path"], language=language_of(scope["headers"]))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
