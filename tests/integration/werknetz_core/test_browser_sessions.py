"""Sessions of browsers: opened by a key or a person, sliding, ended by what they depend on."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
import pytest_asyncio

from werknetz_core.accounts.secret_box import SecretBox
from werknetz_core.settings import CoreSettings

from .conftest import LINE, NOW, OTHER, PLANT, World, open_world

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "vier zebras lesen langsam"


@pytest_asyncio.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    settings = CoreSettings(
        database_url, redis_url, watermark_cache_s=0, wrong_keys_per_min=0, key_cache_s=0,
        totp_box=SecretBox("k" * 32),
    )  # fmt: skip
    async with open_world(settings) as opened:
        yield opened


async def sign_in(world: World, **body: object) -> httpx2.Response:
    world.client.cookies.clear()
    return await world.client.post("/api/v1/session", json=body, headers=SAME_ORIGIN)


async def status_of(world: World, path: str = "/session") -> int:
    return (await world.client.get(f"/api/v1{path}")).status_code


async def send(world: World, method: str, path: str, **options: object) -> httpx2.Response:
    """Send a request as the page does, with the cookie of the session."""
    return await world.client.request(method, f"/api/v1{path}", headers=SAME_ORIGIN, **options)  # type: ignore[arg-type] # a test's dict


async def add_user(world: World, name: str, **fields: object) -> None:
    """Create a user, who then replaces the password of the admin."""
    answer = await world.client.post(
        "/api/v1/users", json={"name": name, **fields}, headers={"X-API-Key": world.keys["admin"]}
    )
    assert answer.status_code == 201, answer.text
    password = answer.json()["password"]
    refused = await sign_in(world, user=name, password=password)
    assert problem_of(refused) == (403, "password_change_required")
    answer = await sign_in(world, user=name, password=password, new_password=PASSWORD)
    assert answer.status_code == 204, answer.text
    world.client.cookies.clear()


def problem_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:werknetz:problem:")


@pytest.mark.asyncio
async def test_a_key_opens_a_session_that_may_what_the_key_may(world: World) -> None:
    answer = await sign_in(world, key=world.keys["emden"])
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("wn_session=")
    for part in ("HttpOnly", "Path=/", "SameSite=strict"):
        assert part in cookie
    assert "Secure" not in cookie  # no TLS
    me = (await world.client.get("/api/v1/me")).json()
    assert (me["name"], me["role"], me["plants"]) == ("emden", "viewer", [PLANT])
    assert (me["kind"], me["signed_in_by"], me["is_person"]) == ("browser", "key", False)
    assert me["expires_at"] == "2026-11-20T22:07:00Z"
    assert await status_of(world, f"/equipment/{LINE}") == 200
    assert await status_of(world, f"/equipment/{OTHER}") == 403
    answer = await send(world, "POST", "/annotations", json={"equipment": LINE, "text": "x"})
    assert problem_of(answer) == (403, "permission_missing")
    assert (await send(world, "DELETE", "/session")).status_code == 204
    assert await status_of(world) == 401


@pytest.mark.asyncio
async def test_a_session_slides_and_ends(world: World) -> None:
    await sign_in(world, key=world.keys["viewer"])
    for seconds in (59, 60):  # its use is written to the minute
        world.now[0] = NOW + timedelta(seconds=seconds)
        assert await status_of(world) == 200
        used_at = await world.database.fetchval("SELECT last_used_at FROM sessions")
        assert used_at == (NOW if seconds < 60 else world.now[0])
    for hours in (11, 22, 33):
        world.now[0] = NOW + timedelta(hours=hours)
        assert await status_of(world) == 200
    world.now[0] += timedelta(hours=12)
    answer = await world.client.get("/api/v1/session")
    assert problem_of(answer) == (401, "session_ended")
    assert 'wn_session=""' in answer.headers["set-cookie"]


@pytest.mark.asyncio
async def test_it_lasts_30_days_at_most_and_no_longer_than_its_key(world: World) -> None:
    await sign_in(world, key=world.keys["viewer"])
    while world.now[0] < NOW + timedelta(days=30) - timedelta(hours=11):
        world.now[0] += timedelta(hours=11)
        assert await status_of(world) == 200
    world.now[0] = NOW + timedelta(days=30)
    assert await status_of(world) == 401
    await world.database.execute(
        "UPDATE api_keys SET expires_at = $1 WHERE name = 'viewer'",
        world.now[0] + timedelta(hours=1),
    )
    await sign_in(world, key=world.keys["viewer"])
    assert await status_of(world) == 200
    world.now[0] += timedelta(hours=1)
    assert await status_of(world) == 401


@pytest.mark.asyncio
async def test_a_kiosk_lasts_90_days_and_is_for_viewers(world: World) -> None:
    answer = await sign_in(world, key=world.keys["engineer"], kind="kiosk")
    assert problem_of(answer) == (403, "kiosk_not_allowed")
    answer = await sign_in(world, key=world.keys["viewer"], kind="kiosk")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    world.now[0] += timedelta(days=89)
    assert await status_of(world) == 200
    world.now[0] += timedelta(days=90)
    assert await status_of(world) == 401


@pytest.mark.asyncio
async def test_revoking_or_rotating_a_key_ends_its_sessions(world: World) -> None:
    key = world.keys["viewer"]
    prefix = key.split("_")[1]
    admin = {"X-API-Key": world.keys["admin"]}
    await sign_in(world, key=key)
    cookies = dict(world.client.cookies)
    world.client.cookies.clear()
    rotated = await world.client.post(
        f"/api/v1/api_keys/{prefix}:rotate", json={"overlap_hours": 1}, headers=admin
    )
    world.client.cookies.update(cookies)
    assert await status_of(world) == 200  # the former secret still counts
    world.now[0] += timedelta(hours=2)
    await world.database.execute(
        "UPDATE api_keys SET former_valid_until = $1 WHERE prefix = $2", NOW, prefix
    )
    assert await status_of(world) == 401
    await sign_in(world, key=rotated.json()["key"])
    cookies = dict(world.client.cookies)
    world.client.cookies.clear()
    await world.client.delete(f"/api/v1/api_keys/{prefix}", headers=admin)
    world.client.cookies.update(cookies)
    assert await status_of(world) == 401


@pytest.mark.asyncio
async def test_header_and_cookie_are_not_both_accepted(world: World) -> None:
    await sign_in(world, key=world.keys["viewer"])
    answer = await world.client.get("/api/v1/me", headers={"X-API-Key": world.keys["viewer"]})
    assert problem_of(answer) == (401, "two_credentials")
    assert await status_of(world) == 200


@pytest.mark.asyncio
async def test_pages_of_other_sites_change_nothing(world: World) -> None:
    await sign_in(world, key=world.keys["engineer"])
    body = {"equipment": LINE, "text": "x"}

    async def post(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await world.client.post("/api/v1/annotations", json=body, headers=named)
        return answer.status_code

    assert await post() == 403
    for site in ("cross-site", "same-site", "none", ""):
        assert await post(Sec_Fetch_Site=site) == 403, site
    assert await post(Sec_Fetch_Site="cross-site", Origin="http://core") == 403
    for origin in ("http://evil.example", "null", "http://core:8081", "http://core.evil.example"):
        assert await post(Origin=origin) == 403, origin
    assert await post(Origin="http://core") == 201
    assert await post(Sec_Fetch_Site="same-origin") == 201
    form = {**SAME_ORIGIN, "Content-Type": "text/plain"}
    answer = await world.client.post("/api/v1/annotations", content=b"{}", headers=form)
    assert answer.status_code == 415
    cross = {"Sec-Fetch-Site": "cross-site"}
    answer = await world.client.get("/api/v1/session", headers=cross)
    assert answer.status_code == 200  # reading is what SameSite and CORS prevent
    answer = await world.client.post("/api/v1/session", json={"key": "x"}, headers=cross)
    assert problem_of(answer) == (403, "cross_site")


@pytest.mark.asyncio
async def test_a_person_signs_in_and_is_limited_to_plants(world: World) -> None:
    await add_user(world, "Anna", role="operator", plants=[PLANT])
    answer = await sign_in(world, user="anna", password="wrong password")
    assert problem_of(answer) == (401, "sign_in_refused")
    assert (await sign_in(world, user="nobody", password=PASSWORD)).json()["detail"] == (
        answer.json()["detail"]
    )
    assert (await sign_in(world, user="ANNA", password=PASSWORD)).status_code == 204
    me = (await world.client.get("/api/v1/me")).json()
    assert (me["name"], me["role"], me["plants"]) == ("anna", "operator", [PLANT])
    assert me["is_person"]
    assert "stops:write" in me["permissions"]
    assert await status_of(world, f"/equipment/{OTHER}") == 403
    assert await status_of(world, "/users") == 403
    answer = await send(world, "POST", "/annotations", json={"equipment": LINE, "text": "x"})
    assert answer.status_code == 201
    by = await world.database.fetchval(
        "SELECT by FROM audit_log WHERE subject = 'annotation' ORDER BY id DESC LIMIT 1"
    )
    assert by == "user:anna"


@pytest.mark.asyncio
async def test_changes_of_an_account_end_its_sessions(world: World) -> None:
    await add_user(world, "anna", role="operator")
    admin = {"X-API-Key": world.keys["admin"]}
    for change in (
        {"role": "viewer"}, {"plants": [PLANT]}, {"disabled": True}, {"disabled": False},
    ):  # fmt: skip
        answer = await sign_in(world, user="anna", password=PASSWORD)
        is_disabled = change == {"disabled": False}
        assert answer.status_code == (401 if is_disabled else 204)
        cookies = dict(world.client.cookies)
        world.client.cookies.clear()
        answer = await world.client.patch("/api/v1/users/anna", json=change, headers=admin)
        assert answer.status_code == 200, answer.text
        world.client.cookies.update(cookies)
        assert await status_of(world) == 401, change
    await sign_in(world, user="anna", password=PASSWORD)
    other = dict(world.client.cookies)
    await sign_in(world, user="anna", password=PASSWORD)
    new = "grosse enten schwimmen rund"
    body = {"password": PASSWORD, "new_password": new}
    assert (await send(world, "POST", "/me:change_password", json=body)).status_code == 204
    assert await status_of(world) == 200  # the one that changed it goes on
    world.client.cookies.clear()
    world.client.cookies.update(other)
    assert await status_of(world) == 401
    answer = await sign_in(world, user="anna", password=PASSWORD)
    assert answer.status_code == 401
    assert (await sign_in(world, user="anna", password=new)).status_code == 204
    cookies = dict(world.client.cookies)
    world.client.cookies.clear()
    assert (await world.client.delete("/api/v1/users/anna", headers=admin)).status_code == 204
    world.client.cookies.update(cookies)
    assert await status_of(world) == 401
