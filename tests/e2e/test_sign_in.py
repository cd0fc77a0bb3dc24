"""Signing in at a real provider with a real browser: `werknetz up`, oidc-provider and Chromium."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest
import typer
from playwright.sync_api import Browser, Page, expect, sync_playwright
from typer.testing import CliRunner

from plumbing.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider
from plumbing.platform import Platform
from plumbing.servers import run
from plumbing.waiting import eventually
from werknetz_core.oidc.provider.cli import register

COMMANDS = typer.Typer()
register(COMMANDS)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT_MS = 120_000
EMDEN, ZWICK = "nordwerk/emden-1", "nordwerk/zwick-2"
GROUPS = {"bert": ["emden", "zwick"], "dora": ["canteen"]}
CONFIG = """
public_url = "{base}"

[[providers]]
issuer = "{issuer}"
client_id = "{client}"
client_secret_file = "oidc-secret"
post_logout_url = "{base}/api/v1/info"

[[providers.groups]]
group = "emden"
role = "operator"
plants = ["nordwerk/emden-1"]

[[providers.groups]]
group = "zwick"
role = "operator"
plants = ["nordwerk/zwick-2"]
"""


@contextmanager
def serve(folder: Path, database_url: str, redis_url: str) -> Iterator[tuple[str, OidcProvider]]:
    """Yield the address of the API and its provider, which is another site for the browser."""
    platform = Platform(
        folder,
        {
            "WERKNETZ_DATABASE_URL": database_url,
            "WERKNETZ_REDIS_URL": redis_url,
            "WERKNETZ_WIDE_PROCESS": "0",
            "WERKNETZ_OIDC_CONFIG": str(folder / "oidc.toml"),
        },
    )
    base = f"http://127.0.0.1:{platform.port}"
    callback = f"{base}/api/v1/session/oidc/callback"
    with oidc_provider(
        folder, callback, post_logout=f"{base}/api/v1/info", groups=GROUPS, conform=False
    ) as provider:
        text = CONFIG.format(base=base, issuer=provider.issuer, client=CLIENT)
        (folder / "oidc.toml").write_text(text)
        (folder / "oidc-secret").write_text(SECRET)
        checked = CliRunner().invoke(COMMANDS, ["oidc", "check", "--config", f"{folder}/oidc.toml"])
        assert checked.exit_code == 0, checked.output
        assert callback in checked.output
        core = platform.start("core", "up", "--port", str(platform.port))
        try:
            eventually(lambda: _is_ready(base), within_s=120, what=lambda: core.log_tail(50))
            yield base, provider
        finally:
            core.kill()


def _is_ready(base: str) -> bool:
    try:
        ready = httpx2.get(f"{base}/api/v1/health/ready", trust_env=False, timeout=60)
    except httpx2.TransportError:
        return False
    return ready.is_success


async def _add_plants(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "WITH e AS (INSERT INTO equipment (path, level, name) VALUES"
        " ('nordwerk', 'enterprise', 'nordwerk') RETURNING id)"
        " INSERT INTO equipment (path, level, name, parent_id, time_zone)"
        " SELECT 'nordwerk/' || name, 'plant', name, e.id, 'Europe/Berlin' FROM e,"
        " unnest(ARRAY['emden-1', 'zwick-2', 'palma-3']) AS name"
    )
    await connection.close()


@contextmanager
def open_chromium(executable: str) -> Iterator[Browser]:
    # No request leaves the machine: the provider's pages name fonts of another host.
    arguments = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
    if os.geteuid() == 0:  # without user namespaces for the sandbox
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    return page


def sign_in(page: Page, base: str, name: str) -> None:
    page.goto(f"{base}/api/v1/session/oidc/login?next=/api/v1/info")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "x")
    page.click("button[type=submit]")


def request(page: Page, path: str, method: str = "GET") -> tuple[int, dict[str, object]]:
    """Send a request from the page itself; return status and document."""
    answer = page.evaluate(
        "async ([path, method]) => { const answer = await fetch(path, {method});"
        " return [answer.status, await answer.text()]; }",
        [path, method],
    )
    return answer[0], json.loads(answer[1])


def test_sign_in_and_out_with_a_browser(tmp_path: Path, database_url: str, redis_url: str) -> None:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    run(_add_plants(database_url))
    with (
        serve(tmp_path, database_url, redis_url) as (base, provider),
        open_chromium(CHROMIUM) as browser,
    ):
        page = open_page(browser)
        sign_in(page, base, "bert")
        # The page after signing in leads on; the request for it has the new cookie.
        page.wait_for_url(f"{base}/api/v1/info")
        _, me = request(page, "/api/v1/me")
        assert (me["name"], me["role"], me["plants"]) == ("bert", "operator", [EMDEN, ZWICK])
        _, plants = request(page, "/api/v1/plants")
        assert str(plants).count("palma-3") == 0
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies(base)}
        assert cookies.keys() == {"wn_session"}
        assert cookies["wn_session"]["httpOnly"]
        assert cookies["wn_session"]["sameSite"] == "Strict"

        _, out = request(page, "/api/v1/session/oidc/logout", "POST")
        page.goto(str(out["logout_url"]))
        page.click("button[name=logout]")
        page.wait_for_url(f"{base}/api/v1/info")
        assert request(page, "/api/v1/me")[0] == 401

        sign_in(page, base, "bert")  # the provider has forgotten the person, too
        page.wait_for_url(f"{base}/api/v1/info")
        assert request(page, "/api/v1/me")[0] == 200
        page.goto(f"{provider.issuer}/session/end")
        page.click("button[name=logout]")
        page.wait_for_url(f"{provider.issuer}/session/end/success")
        page.goto(f"{base}/api/v1/info")
        # The provider has sent a logout token to the API.
        eventually(lambda: request(page, "/api/v1/me")[0] == 401, within_s=60)

        other = open_page(browser)
        sign_in(other, base, "dora")
        expect(other.locator("h1")).to_have_text("Not signed in", timeout=WAIT_MS)
        assert "'dora' is in no group that may use this server" in other.inner_text("main")
        assert "wn_session" not in {cookie["name"] for cookie in other.context.cookies(base)}
