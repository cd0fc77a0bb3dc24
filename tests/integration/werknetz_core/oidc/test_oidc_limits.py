"""Requests to the routes of a provider without any key, over sockets: limited by address."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import pytest

from plumbing.oidc_tokens import PRIVATE_KEY, public_keys, sign
from plumbing.scripted_server import scripted_server
from werknetz.runtime.http_server.server import HttpServer
from werknetz_core.access.permissions import KeyRole
from werknetz_core.oidc.attempt import Attempt, cookie_name
from werknetz_core.oidc.limits import BURST
from werknetz_core.oidc.settings import GroupRule, OidcSettings, ProviderSettings
from werknetz_core.oidc.tokens.logout_token import EVENT
from werknetz_core.settings import CoreSettings

from ..conftest import World, open_world  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
ROUTES = "/api/v1/session/oidc"
CLIENT_ID = "werknetz"


@dataclass
class CountingProvider:
    """Answers the discovery document and keys, refuses every code, and counts its calls."""

    issuer: str = ""
    calls: list[str] = field(default_factory=list)

    def reply(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        self.calls.append(path)
        status, document = 200, public_keys(PRIVATE_KEY)
        if path == "/token":
            status, document = 400, {"error": "invalid_grant"}
        elif path != "/keys":
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            paths = ("/authorize", "/token", "/keys")
            document = {"issuer": self.issuer} | {
                name: self.issuer + path for name, path in zip(names, paths, strict=True)
            }
        body = json.dumps(document).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Stage:
    world: World
    provider: CountingProvider
    url: str

    @asynccontextmanager
    async def client(self, address: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A client with an address of its own on the loopback interface."""
        transport = httpx2.AsyncHTTPTransport(local_address=address)
        async with httpx2.AsyncClient(transport=transport, base_url=self.url, timeout=60) as client:
            yield client


@asynccontextmanager
async def open_stage(database_url: str, redis_url: str) -> AsyncIterator[Stage]:
    provider = CountingProvider()
    async with scripted_server(provider.reply) as port:
        provider.issuer = f"http://127.0.0.1:{port}"
        company = ProviderSettings(
            issuer=provider.issuer, client_id=CLIENT_ID,
            groups=(GroupRule(group="g", role=KeyRole.VIEWER, plants="all"),),
        )  # fmt: skip
        oidc = OidcSettings(
            public_url="http://127.0.0.1:9", providers=(company,), requests_per_min=0.01
        )
        settings = CoreSettings(database_url, redis_url, wrong_keys_per_min=0, oidc=oidc)
        async with open_world(settings) as world:
            server = HttpServer(world.app, host="127.0.0.1", port=0)
            await server.start()
            try:
                yield Stage(world, provider, f"http://127.0.0.1:{server.port}")
            finally:
                await server.stop()


def check_limited(answer: httpx2.Response) -> None:
    assert answer.status_code == 429, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["type"].endswith("too_many_provider_requests")


async def test_started_sign_ins_are_limited_by_address_and_store_nothing(
    database_url: str, redis_url: str
) -> None:
    async with open_stage(database_url, redis_url) as stage:
        rows = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM audit_log)"
        before = await stage.world.database.fetchval(rows)
        async with stage.client("127.0.0.2") as client, stage.client("127.0.0.3") as other:
            for _ in range(BURST):
                assert (await client.get(f"{ROUTES}/login")).status_code == 303
                client.cookies.clear()
            check_limited(await client.get(f"{ROUTES}/login"))
            page = await client.get(f"{ROUTES}/login", headers={"Accept": "text/html"})
            assert (page.status_code, "retry-after" in page.headers) == (429, True)
            assert "<h1>Not signed in</h1>" in page.text
            assert (await other.get(f"{ROUTES}/login")).status_code == 303
            assert (await client.get("/api/v1/session/ways")).status_code == 200
        assert len(stage.provider.calls) == 1  # the discovery document
        assert await stage.world.database.fetchval(rows) == before


async def test_answers_to_invented_sign_ins_do_not_call_the_provider_without_end(
    database_url: str, redis_url: str
) -> None:
    async with open_stage(database_url, redis_url) as stage:
        attempt = Attempt.start("company", "/", stage.world.app.state.context.now_us() // 1_000_000)
        cookie = f"{cookie_name(attempt.state, is_https=False)}={attempt.to_cookie()}"
        url = f"{ROUTES}/callback?state={attempt.state}&code=invented"
        async with stage.client("127.0.0.4") as client:
            for _ in range(BURST):
                answer = await client.get(url, headers={"Cookie": cookie})
                assert answer.status_code == 400, answer.text
                assert answer.json()["type"].endswith("identity_code_refused")
            limited = await client.get(url, headers={"Cookie": cookie})
            check_limited(limited)
            assert "set-cookie" not in limited.headers  # so that the person may try again
        assert stage.provider.calls.count("/token") == BURST


async def test_wrong_logout_tokens_are_limited_and_right_ones_are_not(
    database_url: str, redis_url: str
) -> None:
    async with open_stage(database_url, redis_url) as stage:
        now_s = int(time.time())
        stage.world.now[0] = stage.world.now[0].fromtimestamp(now_s, stage.world.now[0].tzinfo)
        claims = {
            "iss": stage.provider.issuer, "aud": CLIENT_ID, "sub": "1a", "iat": now_s,
            "exp": now_s + 3600, "jti": str(uuid4()), "events": {EVENT: {}},
        }  # fmt: skip
        wrong = {"logout_token": sign(claims | {"exp": now_s - 3600})}
        async with stage.client("127.0.0.5") as client:
            for _ in range(BURST):
                answer = await client.post(f"{ROUTES}/backchannel_logout", data=wrong)
                assert answer.status_code == 400, answer.text
            check_limited(await client.post(f"{ROUTES}/backchannel_logout", data=wrong))
            right = {"logout_token": sign(claims)}
            answer = await client.post(f"{ROUTES}/backchannel_logout", data=right)
            assert answer.status_code == 200, answer.text
        assert stage.provider.calls.count("/keys") == 1
