"""Headers of reverse proxies count only from trusted ones."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from werknetz.runtime.http_server.address import TrustedProxies
from werknetz.runtime.http_server.forwarded import ForwardedClients
from werknetz.runtime.http_server.limits import HttpLimits

LIMITS = HttpLimits(
    connections_per_address_max=2, proxies=TrustedProxies.parse("10.0.0.0/8,2001:db8::1")
)


class RecordingApp:
    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.release = asyncio.Event()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        self.scopes.append(dict(scope))
        if scope["path"] == "/wait":
            await self.release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def request(
    clients: ForwardedClients, peer: str, path: str = "/", scheme: str = "http", **headers: str
) -> Message:
    scope: dict[str, Any] = {
        "type": "http", "path": path, "scheme": scheme, "client": (peer, 1),
        "headers": [(name.replace("_", "-").encode(), value.encode("latin-1"))
                    for name, value in headers.items()],
    }  # fmt: skip
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    await clients(scope, receive, send)
    return sent[0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1", "198.51.100.7", "127.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, \xe9", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_untrusted_address(peer: str, forwarded: str, client: str) -> None:
    app = RecordingApp()
    asyncio.run(request(ForwardedClients(app, LIMITS), peer, x_forwarded_for=forwarded))
    assert app.scopes[0]["client"][0] == client


@pytest.mark.parametrize(
    ("peer", "scheme", "forwarded", "expected"),
    [
        ("10.0.0.1", "http", "https", "https"),
        ("10.0.0.1", "https", "http", "http"),
        ("10.0.0.1", "http", "http, https", "https"),
        ("10.0.0.1", "http", "javascript", "http"),
        ("192.0.2.1", "http", "https", "http"),
        ("192.0.2.1", "https", "http", "https"),
    ],
)
def test_the_scheme_and_hsts(peer: str, scheme: str, forwarded: str, expected: str) -> None:
    app = RecordingApp()
    clients = ForwardedClients(app, LIMITS)
    start = asyncio.run(request(clients, peer, scheme=scheme, x_forwarded_proto=forwarded))
    assert app.scopes[0]["scheme"] == expected
    names = [name for name, _ in start["headers"]]
    assert (b"strict-transport-security" in names) == (expected == "https")


def test_clients_of_a_proxy_have_their_own_limit() -> None:
    async def run() -> None:
        app = RecordingApp()
        clients = ForwardedClients(app, LIMITS)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(
                    request(clients, "10.0.0.1", "/wait", x_forwarded_for="198.51.100.7")
                )
            while len(app.scopes) < 2:  # noqa: ASYNC110  the app sets no event
                await asyncio.sleep(0)
            refused = await request(clients, "10.0.0.2", x_forwarded_for="198.51.100.7")
            assert refused["status"] == 429
            assert (b"content-type", b"application/problem+json") in refused["headers"]
            other = await request(clients, "10.0.0.2", x_forwarded_for="198.51.100.8")
            assert other["status"] == 200
            assert (await request(clients, "10.0.0.1"))["status"] == 200
            app.release.set()
        again = await request(clients, "10.0.0.1", x_forwarded_for="198.51.100.7")
        assert again["status"] == 200

    asyncio.run(run())
