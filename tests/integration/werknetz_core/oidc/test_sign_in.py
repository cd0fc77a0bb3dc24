"""Signing in at a real provider, over HTTP: the browser's part is played by two HTTP clients."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from plumbing.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider
from werknetz_core.access.permissions import KeyRole
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

    async def who(self) -> tuple[str, str, list[str] | None] | None:
        """Return name, role and plants of the session; None: there is none."""
        row = await self.world.database.fetchrow(
            "SELECT u.name, u.role, u.plants FROM sessions s JOIN users u ON u.id = s.user_id"
            " WHERE s.ends_at > $1 AND s.token_hash = sha256($2)",
            self.world.now[0],
            self.world.client.cookies.get("wn_session", "").encode(),
        )
        return None if row is None else (row["name"], row["role"], row["plants"])


def settings_of(provider: OidcProvider, **changes: object) -> OidcSettings:
    values = {
        "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "groups": RULES,
        "name_claim": "preferred_username",
    }  # fmt: skip
    return OidcSettings(
        public_url="http://127.0.0.1:9", providers=(ProviderSettings(**values | changes),)
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
        yield Browser(world, at_provider)


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
        seen = await browser.world.client.get("/api/v1/equipment?kind=plant")
        assert [row["path"] for row in seen.json()["items"]] == [PLANT]
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
