"""Signing in at a real provider with a real browser: `werknetz up`, oidc-provider and Chromium."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from plumbing.browser import WAIT_MS, open_chromium
from plumbing.first_rows import EMDEN, ZWICK, add_plants
from plumbing.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider
from plumbing.platform import api_alone, serving
from plumbing.servers import run
from plumbing.waiting import eventually
from werknetz_core.oidc.provider.cli import register

COMMANDS = typer.Typer()
register(COMMANDS)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
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
    config = folder / "oidc.toml"
    platform = api_alone(folder, database_url, redis_url, WERKNETZ_OIDC_CONFIG=str(config))
    base = platform.url
    callback = f"{base}/api/v1/session/oidc/callback"
    with oidc_provider(
        folder, callback, post_logout=f"{base}/api/v1/info", groups=GROUPS, conform=False
    ) as provider:
        config.write_text(CONFIG.format(base=base, issuer=provider.issuer, client=CLIENT))
        (folder / "oidc-secret").write_text(SECRET)
        checked = CliRunner().invoke(COMMANDS, ["oidc", "check", "--config", str(config)])
        assert checked.exit_code == 0, checked.output
        assert callback in checked.output
        with serving(platform):
            yield base, provider


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


def test_sign_in_and_out_with_a_browser(
    tmp_path: Path, database_url: str, redis_url: str, chromium: str
) -> None:
    run(add_plants(database_url))
    with (
        serve(tmp_path, database_url, redis_url) as (base, provider),
        open_chromium(chromium) as browser,
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
