"""Signing in at a real provider, over HTTP: the browser's part is played by two HTTP clients."""

import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from plumbing.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider
from werknetz_core.access.permissions import KeyRole
from werknetz_core.oidc.attempt import ATTEMPT_S, ATTEMPTS_MAX
from werknetz_core.oidc.provider.signing_keys import SigningKeys
from werknetz_core.oidc.providers import Providers
from werknetz_core.oidc.settings import GroupRule, OidcSettings, ProviderSettings
from werknetz_core.settings import CoreSettings

from ..conftest import PLANT, World, open_world  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
CALLBACK = "http://127.0.0.1:9/api/v1/session/oidc/callback"
ZWICK = "nordwerk/zwick-2"
GROUPS = {
    "anna": ["emden", "canteen"],
    "bert": ["emden", "zwick"],
    "carla": ["it"],
    "dora": ["canteen"],
}
RULES = (
    GroupRule(group="emden", role=KeyRole.OPERATOR, plants=(PLANT,)),
    GroupRule(group="zwick", role=KeyRole.OPERATOR, plants=(ZWICK,)),
    GroupRule(group="it", role=KeyRole.ADMIN, plants="all"),
)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    with oidc_provider(
        folder, CALLBACK, post_logout="http://127.0.0.1:9/", groups=GROUPS
    ) as running:
        yield running


@dataclass
class Browser:
    """A person's browser: it follows redirects and fills in the provider's form."""

    world: World
    provider: httpx2.AsyncClient
    opened: list[Providers] = dataclasses.field(default_factory=list)

    async def start(self, query: str = "") -> httpx2.Response:
        return await self.world.client.get(f"/api/v1/session/oidc/login{query}")

    async def sign_in(self, name: str, query: str = "") -> httpx2.Response:
        """Return the answer to the callback."""
        started = await self.start(query)
        assert started.status_code == 303, started.text
        return await self.follow(await self.authenticate(started.headers["location"], name))

    async def authenticate(self, url: str, name: str) -> str:
        """Sign in at the provider; return the address of the callback."""
        form = await self.provider.get(url)
        while "location" in form.headers:
            url = str(form.url.join(form.headers["location"]))
            if url.startswith(CALLBACK):
                return url
            form = await self.provider.get(url)
        action = re.search(r'action="([^"]+)"', form.text)
        assert action, form.text
        answer = await self.provider.post(
            str(form.url.join(action[1])),
            data={"prompt": "login", "login": name, "password": "x"},
        )
        assert "location" in answer.headers, answer.text
        return await self.authenticate(str(answer.url.join(answer.headers["location"])), name)

    async def follow(self, callback: str, **changes: str) -> httpx2.Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}
        answer = query | changes
        return await self.world.client.get(f"/api/v1/session/oidc/callback?{urlencode(answer)}")

    def use(self, oidc: OidcSettings) -> None:
        """Change the settings of the running server."""
        state = self.world.app.state
        self.opened.append(Providers.open(oidc))
        state.context = dataclasses.replace(state.context, oidc=self.opened[-1])

    async def who(self) -> tuple[str, str, list[str] | None] | None:
        """Return name, role and plants of the session; None: there is none."""
        row = await self.world.database.fetchrow(
            "SELECT u.name, u.role, u.plants FROM sessions s JOIN users u ON u.id = s.user_id"
            " WHERE s.ends_at > $1 AND s.token_hash = sha256($2)",
            self.world.now[0],
            self.world.client.cookies.get("wn_session", "").encode(),
        )
        return None if row is None else (row["name"], row["role"], row["plants"])


def settings_of(provider: OidcProvider, **changes: Any) -> OidcSettings:
    values: dict[str, Any] = {
        "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "groups": RULES,
    }  # fmt: skip
    return OidcSettings(
        public_url="http://127.0.0.1:9",
        providers=(ProviderSettings(**values | changes),),
        requests_per_min=0,
    )


@asynccontextmanager
async def open_browser(
    database_url: str, redis_url: str, oidc: OidcSettings
) -> AsyncIterator[Browser]:
    settings = CoreSettings(database_url, redis_url, wrong_keys_per_min=0, oidc=oidc)
    async with (
        open_world(settings) as world,
        httpx2.AsyncClient(trust_env=False, timeout=60) as at_provider,
    ):
        # The provider has a clock of its own, so tokens are of now.
        now = await world.database.fetchval("SELECT now()")
        world.now[0] = now
        browser = Browser(world, at_provider)
        try:
            yield browser
        finally:
            for providers in browser.opened:
                await providers.close()


async def actions_of(world: World, subject: str) -> list[tuple[str, str]]:
    rows = await world.database.fetch(
        "SELECT by, action FROM audit_log WHERE subject = $1 ORDER BY id", subject
    )
    return [(row["by"], row["action"]) for row in rows]


async def test_sign_in_with_one_group_and_with_two_plants(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        answer = await browser.sign_in("anna", "?next=/docs%3Fx=1%26y")
        assert answer.status_code == 200, answer.text
        assert 'content="0;url=/docs?x=1&amp;y"' in answer.text
        assert await browser.who() == ("anna", "operator", [PLANT])
        cookies = answer.headers.get_list("set-cookie")
        assert any("SameSite=strict" in c and "HttpOnly" in c for c in cookies), cookies
        assert any("wn_sign_in_" in c and "Max-Age=0" in c for c in cookies), cookies
        assert "wn_sign_in" not in str(browser.world.client.cookies)
        plants = await browser.world.client.get("/api/v1/equipment?kind=plant")
        assert [row["path"] for row in plants.json()["items"]] == [PLANT]
        browser.world.client.cookies.clear()
        browser.provider.cookies.clear()
        assert (await browser.sign_in("bert")).status_code == 200
        assert await browser.who() == ("bert", "operator", [PLANT, ZWICK])
        assert await actions_of(browser.world, "user") == [
            ("user:anna", "created"),
            ("user:bert", "created"),
        ]
        assert [action for _, action in await actions_of(browser.world, "session")] == [
            "signed_in",
            "signed_in",
        ]


def code_of(answer: httpx2.Response) -> str:
    """Return the code of a problem document."""
    return str(answer.json()["type"].rpartition(":")[2])


async def test_person_without_a_group_is_refused_and_loses_earlier_sessions(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        world = browser.world
        refused = await browser.sign_in("dora")
        assert (refused.status_code, code_of(refused)) == (403, "no_group")
        assert "'dora' is in no group" in refused.json()["detail"]
        assert await world.database.fetchval("SELECT count(*) FROM users") == 0
        browser.provider.cookies.clear()
        assert (await browser.sign_in("carla")).status_code == 200
        assert await browser.who() == ("carla", "admin", None)
        session = world.client.cookies["wn_session"]
        browser.use(settings_of(provider, groups=RULES[:2]))
        world.client.cookies.clear()
        world.client.headers["Accept"] = "text/html"
        page = await browser.sign_in("carla")
        assert page.status_code == 403
        assert "<h1>Not signed in</h1>" in page.text
        assert "no group that may use this server" in page.text
        assert "WERKNETZ_OIDC_CONFIG" in page.text
        world.client.cookies["wn_session"] = session
        assert await browser.who() is None
        assert await actions_of(world, "user") == [
            ("user:dora", "sign_in_refused"),
            ("user:carla", "created"),
            ("user:carla", "sign_in_refused"),
        ]


async def test_role_and_plants_follow_the_groups_at_each_sign_in(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        world = browser.world
        # A local account of the same name stays what it is.
        await world.database.execute("INSERT INTO users (name, role) VALUES ('anna', 'admin')")
        assert (await browser.sign_in("anna")).status_code == 200
        assert await browser.who() == ("anna@company", "operator", [PLANT])
        viewer = GroupRule(group="emden", role=KeyRole.VIEWER, plants=(ZWICK,))
        browser.use(settings_of(provider, groups=(viewer,)))
        assert (await browser.sign_in("anna")).status_code == 200
        assert await browser.who() == ("anna@company", "viewer", [ZWICK])
        assert await actions_of(world, "user") == [
            ("user:anna@company", "created"),
            ("user:anna@company", "changed"),
        ]
        assert await world.database.fetchval("SELECT role FROM users WHERE name = 'anna'") == (
            "admin"
        )
        # The browser's session before is over.
        assert (
            await world.database.fetchval(
                "SELECT count(*) FROM sessions WHERE ends_at > $1", world.now[0]
            )
            == 1
        )
        await world.database.execute("UPDATE users SET disabled_at = now()")
        refused = await browser.sign_in("anna")
        assert (refused.status_code, code_of(refused)) == (403, "account_disabled")


async def test_callback_counts_once_and_only_in_its_browser(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        client = browser.world.client
        started = await browser.start()
        url = urlsplit(started.headers["location"])
        sent = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert sent["code_challenge_method"] == "S256"
        assert sent["redirect_uri"] == CALLBACK
        assert {"state", "nonce", "code_challenge"} <= sent.keys()
        callback = await browser.authenticate(started.headers["location"], "anna")
        cookies = dict(client.cookies)

        async def refusal(**changes: str) -> tuple[int, str]:
            answer = await browser.follow(callback, **changes)
            assert "wn_session" not in client.cookies
            client.cookies.clear()
            client.cookies.update(cookies)
            return answer.status_code, code_of(answer)

        assert await refusal(state="another") == (400, "sign_in_unknown")
        assert await refusal(iss="https://evil.example") == (502, "identity_token_invalid")
        assert await refusal(code="") == (400, "identity_code_missing")
        assert await refusal(code="another") == (400, "identity_code_refused")
        assert await refusal(error="access_denied") == (403, "identity_provider_refused")
        client.cookies.clear()  # a browser that did not start it
        assert await refusal() == (400, "sign_in_unknown")
        browser.world.now[0] += timedelta(seconds=ATTEMPT_S)
        assert await refusal() == (400, "sign_in_unknown")
        browser.world.now[0] -= timedelta(seconds=ATTEMPT_S)
        browser.use(settings_of(provider, client_secret="wrong"))
        assert await refusal() == (503, "identity_client_refused")
        browser.use(settings_of(provider))
        assert (await browser.follow(callback, session_state="x")).status_code == 200
        client.cookies.clear()
        client.cookies.update(cookies)
        assert await refusal() == (400, "identity_code_refused")
        for path in ("//evil.example", "https://evil.example", "/%5Cevil.example"):
            answer = await browser.start(f"?next={path}")
            assert (answer.status_code, code_of(answer)) == (422, "invalid_parameter")
        assert code_of(await browser.start("?provider=other")) == "unknown_identity_provider"
        client.cookies.clear()
        for _ in range(ATTEMPTS_MAX):
            assert len((await browser.start()).headers.get_list("set-cookie")) == 1
        # One more than a browser has at once: the former ones make room.
        answered = (await browser.start()).headers.get_list("set-cookie")
        assert sum("Max-Age=0" in cookie for cookie in answered) == ATTEMPTS_MAX
        assert len(client.cookies) == 1


async def test_rotated_keys_are_loaded(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        connection = browser.world.app.state.context.oidc.connections["company"]
        connection.keys = SigningKeys(connection._load_keys, reload_s=0)
        assert (await browser.sign_in("anna")).status_code == 200
        provider.rotate_keys()
        browser.provider.cookies.clear()
        assert (await browser.sign_in("anna")).status_code == 200


async def test_server_starts_and_serves_without_the_provider(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    post_logout = "http://127.0.0.1:9/"
    with oidc_provider(tmp_path, CALLBACK, post_logout=post_logout, groups=GROUPS) as provider:
        provider.stop()
        async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
            world = browser.world
            refused = await browser.start()
            assert refused.status_code == 503
            assert code_of(refused) == "identity_provider_unavailable"
            assert "API keys and local accounts work" in refused.json()["hint"]
            assert (await world.get("/plants")).status_code == 200
            ready = await world.client.get("/api/v1/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            providers = ready.json()["identity_providers"]
            assert providers == [{"name": "company", "state": "unavailable"}]
            provider.start()
            connection = world.app.state.context.oidc.connections["company"]
            connection._failed_at_s = 0.0  # a provider that failed is called again after 1 s
            assert (await browser.start()).status_code == 303
            ready = await world.client.get("/api/v1/health/ready")
            assert ready.json()["status"] == "ready"
            providers = ready.json()["identity_providers"]
            assert providers == [{"name": "company", "state": "ok"}]


async def test_sign_out_at_the_provider(
    database_url: str, redis_url: str, provider: OidcProvider
) -> None:
    async with open_browser(database_url, redis_url, settings_of(provider)) as browser:
        world, client = browser.world, browser.world.client
        ways = (await client.get("/api/v1/session/ways")).json()
        assert ways["providers"] == [
            {
                "name": "company",
                "title": "Company account",
                "login": "/api/v1/session/oidc/login?provider=company",
            }
        ]
        assert (await browser.sign_in("anna", "?provider=company")).status_code == 200
        page = {"Sec-Fetch-Site": "same-origin"}
        cross = await client.post(
            "/api/v1/session/oidc/logout", headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert cross.status_code == 403
        out = await client.post("/api/v1/session/oidc/logout", headers=page)
        assert out.status_code == 200, out.text
        assert await browser.who() is None
        url = urlsplit(out.json()["logout_url"])
        sent = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert sent.keys() == {"client_id", "post_logout_redirect_uri", "id_token_hint"}
        form = await browser.provider.get(out.json()["logout_url"])
        assert form.status_code == 200, form.text
        assert 'name="xsrf"' in form.text
        with_key = await client.post(
            "/api/v1/session/oidc/logout", headers={"X-API-Key": world.keys["viewer"]}
        )
        assert (with_key.status_code, code_of(with_key)) == (409, "no_session")
        junk = await client.post(
            "/api/v1/session/oidc/backchannel_logout", content=b"logout_token=a.b.c"
        )
        assert (junk.status_code, code_of(junk)) == (400, "logout_token_invalid")
        assert [action for _, action in await actions_of(world, "session")] == [
            "signed_in",
            "signed_out",
        ]
