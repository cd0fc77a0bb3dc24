"""Accounts of people: the first admin, waits after failed sign-ins, the second factor, the API."""

from datetime import timedelta

import httpx2
import pytest

from werknetz.domain.bucket import microseconds_of
from werknetz_core.accounts.totp import code_of, step_at
from werknetz_core.users.first_admin import create_first_admin, offer_first_admin, recover_user

from .conftest import NOW, PLANT, World
from .test_browser_sessions import (
    PASSWORD,
    SAME_ORIGIN,
    add_user,
    problem_of,
    send,
    sign_in,
    status_of,
    world,
)

__all__ = ["world"]


async def as_admin(world: World, method: str, path: str, **options: object) -> httpx2.Response:
    world.client.cookies.clear()
    headers = {"X-API-Key": world.keys["admin"]}
    return await world.client.request(method, f"/api/v1{path}", headers=headers, **options)  # type: ignore[arg-type] # a test's dict


async def sign_in_from(world: World, address: str, password: str) -> httpx2.Response:
    """Sign anna in from another address."""
    transport = httpx2.ASGITransport(app=world.app, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://core") as client:
        body = {"user": "anna", "password": password}
        return await client.post("/api/v1/session", json=body, headers=SAME_ORIGIN)


def totp_code(world: World, secret: bytes, later_s: int = 0) -> str:
    at = world.now[0] + timedelta(seconds=later_s)
    return code_of(secret, step_at(microseconds_of(at)))


@pytest.mark.asyncio
async def test_the_first_admin_is_made_once_and_can_be_recovered(world: World) -> None:
    database, now_us = world.app.state.context.database, microseconds_of(NOW)
    assert await create_first_admin(database, now_us) is None  # there is an admin's key
    await world.database.execute("UPDATE api_keys SET role = 'engineer' WHERE role = 'admin'")
    shown: list[str] = []
    settings = world.app.state.context.settings
    url, rows_key = settings.database_url, settings.rows_key
    await offer_first_admin(url, now_us, shown.append, is_terminal=False, rows_key=rows_key)
    assert "users first-admin" in shown[0]  # a log would store the password
    password = await create_first_admin(database, now_us)
    assert password is not None
    assert await create_first_admin(database, now_us) is None
    for is_terminal in (False, True):
        await offer_first_admin(
            url, now_us, shown.append, is_terminal=is_terminal, rows_key=rows_key
        )
    assert len(shown) == 1
    answer = await sign_in(world, user="admin", password=password, new_password="short")
    assert problem_of(answer) == (422, "password_not_accepted")
    answer = await sign_in(world, user="admin", password=password, new_password=PASSWORD)
    assert answer.status_code == 204
    assert (await send(world, "GET", "/users")).json()["items"][0]["name"] == "admin"
    for method, options in (
        ("PATCH", {"json": {"disabled": True}}), ("PATCH", {"json": {"plants": [PLANT]}}),
        ("DELETE", {}),
    ):  # fmt: skip
        answer = await send(world, method, "/users/admin", **options)
        assert problem_of(answer) == (409, "last_admin")
    await world.database.execute("UPDATE users SET disabled_at = now()")
    password = await recover_user(database, "Admin", now_us, totp=True)
    world.now[0] += timedelta(days=7)
    answer = await sign_in(world, user="admin", password=password, new_password=PASSWORD)
    assert problem_of(answer) == (403, "password_expired")
    world.now[0] -= timedelta(seconds=1)
    answer = await sign_in(world, user="admin", password=password, new_password=PASSWORD + "!")
    assert answer.status_code == 204


@pytest.mark.asyncio
async def test_failed_sign_ins_wait_and_nobody_is_locked_out_for_ever(world: World) -> None:
    await add_user(world, "anna")
    for _ in range(4):
        assert (await sign_in(world, user="anna", password="wrong")).status_code == 401
    assert (await sign_in(world, user="anna", password="wrong")).status_code == 401
    answer = await sign_in(world, user="anna", password=PASSWORD)  # the right one waits, too
    assert problem_of(answer) == (429, "sign_in_blocked")
    assert answer.headers["retry-after"] == "30"
    world.now[0] += timedelta(seconds=30)
    assert (await sign_in(world, user="anna", password=PASSWORD)).status_code == 204
    # Somebody guesses from many addresses: other new addresses wait, the usual one does not.
    for number in range(20):
        answer = await sign_in_from(world, f"10.1.{number}.1", "wrong")
        assert answer.status_code == 401, number
    answer = await sign_in_from(world, "10.2.0.1", PASSWORD)
    assert problem_of(answer) == (429, "sign_in_blocked")
    assert (await sign_in(world, user="anna", password=PASSWORD)).status_code == 204
    assert (await as_admin(world, "POST", "/users/anna:unlock")).status_code == 204
    assert (await sign_in_from(world, "10.2.0.1", PASSWORD)).status_code == 204
    # Names that do not exist are refused and limited alike.
    for number in range(5):
        answer = await sign_in(world, user="nobody", password="wrong")
        assert problem_of(answer) == (401, "sign_in_refused"), number
    answer = await sign_in(world, user="nobody", password="wrong")
    assert problem_of(answer) == (429, "sign_in_blocked")
    blocked = await world.database.fetch(
        "SELECT subject_id, after->>'address' FROM audit_log WHERE action = 'blocked' ORDER BY id"
    )
    assert [tuple(row) for row in blocked] == [("anna", "127.0.0.1"), ("anna", "all")]


@pytest.mark.asyncio
async def test_failures_count_for_a_day(world: World) -> None:
    await add_user(world, "anna")
    for passed, is_waiting in (
        (timedelta(days=1), False), (timedelta(days=1, seconds=-1), True),
    ):  # fmt: skip
        await world.database.execute("DELETE FROM sign_in_failures")
        for _ in range(4):
            await sign_in(world, user="anna", password="wrong")
        world.now[0] += passed
        assert (await sign_in(world, user="anna", password="wrong")).status_code == 401
        answer = await sign_in(world, user="anna", password=PASSWORD)
        assert answer.status_code == (429 if is_waiting else 204)


@pytest.mark.asyncio
async def test_the_second_factor(world: World) -> None:
    await add_user(world, "anna")
    await sign_in(world, user="anna", password=PASSWORD)
    answer = await send(world, "POST", "/me/totp", json={"password": "wrong"})
    assert problem_of(answer) == (401, "sign_in_refused")
    answer = await send(world, "POST", "/me/totp", json={"password": PASSWORD})
    assert answer.status_code == 201, answer.text
    stored = await world.database.fetchrow("SELECT id, totp_secret FROM users")
    assert stored is not None
    box = world.app.state.context.settings.totp_box
    secret = box.open(stored["totp_secret"], stored["id"])
    assert (await sign_in(world, user="anna", password=PASSWORD)).status_code == 204  # not yet
    wrong = {"code": totp_code(world, secret, 90)}
    answer = await send(world, "POST", "/me/totp:confirm", json=wrong)
    assert problem_of(answer) == (422, "totp_wrong")
    code = totp_code(world, secret)
    answer = await send(world, "POST", "/me/totp:confirm", json={"code": code})
    codes = answer.json()["recovery_codes"]
    assert len(codes) == 10
    assert (await world.client.get("/api/v1/me")).json()["has_totp"]

    answer = await sign_in(world, user="anna", password=PASSWORD)
    assert problem_of(answer) == (401, "totp_required")
    answer = await sign_in(world, user="anna", password=PASSWORD, totp=code)
    assert problem_of(answer) == (401, "sign_in_refused")  # used already
    answer = await sign_in(world, user="anna", password=PASSWORD, totp=totp_code(world, secret, 30))
    assert answer.status_code == 204
    for expected in (204, 401):
        answer = await sign_in(world, user="anna", password=PASSWORD, totp=codes[0].upper())
        assert answer.status_code == expected
    await sign_in(world, user="anna", password=PASSWORD, totp=codes[1])
    assert (await world.client.get("/api/v1/me")).json()["recovery_codes_left"] == 8
    body = {"password": PASSWORD, "code": codes[0]}
    answer = await send(world, "POST", "/me/totp:remove", json=body)
    assert problem_of(answer) == (422, "totp_wrong")
    body["code"] = codes[2]
    assert (await send(world, "POST", "/me/totp:remove", json=body)).status_code == 204
    assert (await sign_in(world, user="anna", password=PASSWORD)).status_code == 204


@pytest.mark.asyncio
async def test_users_are_listed_without_secrets_and_every_change_is_audited(world: World) -> None:
    answer = await as_admin(world, "POST", "/users", json={"name": "Anna", "plants": [PLANT]})
    assert (answer.status_code, answer.json()["name"]) == (201, "anna")
    for name in ("anna", "ANNA"):
        again = await as_admin(world, "POST", "/users", json={"name": name})
        assert problem_of(again) == (409, "user_exists")
    answer = await as_admin(world, "POST", "/users", json={"name": "a b"})
    assert answer.status_code == 422
    answer = await as_admin(world, "POST", "/users", json={"name": "eva", "plants": ["nowhere"]})
    assert answer.status_code == 404
    listed = await as_admin(world, "GET", "/users")
    assert "argon2" not in listed.text
    assert "totp_secret" not in listed.text
    assert (await as_admin(world, "PATCH", "/users/anna", json={})).status_code == 200
    answer = await as_admin(
        world, "PATCH", "/users/Anna", json={"role": "planner", "email": "anna@werk.example"}
    )
    assert (answer.json()["role"], answer.json()["plants"]) == ("planner", [PLANT])
    await as_admin(world, "POST", "/users/anna:reset_password")
    await as_admin(world, "POST", "/users/anna:remove_totp")
    assert (await as_admin(world, "DELETE", "/users/anna")).status_code == 204
    assert (await as_admin(world, "GET", "/users/anna")).status_code == 404
    rows = await world.database.fetch(
        "SELECT action, subject FROM audit_log WHERE subject_id = 'anna' ORDER BY id"
    )
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("created", "user"), ("changed", "user"), ("reset", "password"), ("deleted", "totp"),
        ("deleted", "user"),
    ]  # fmt: skip
    name = {"name": "user:anna"}
    assert (await as_admin(world, "POST", "/api_keys", json=name)).status_code == 422


@pytest.mark.asyncio
async def test_sessions_are_listed_and_ended_by_their_owner_or_an_admin(world: World) -> None:
    await add_user(world, "anna")
    await add_user(world, "eva")
    await sign_in(world, user="anna", password=PASSWORD)
    of_eva = await world.database.fetchval(
        "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.name = 'eva'"
    )
    rows = (await world.client.get("/api/v1/sessions")).json()["items"]
    assert {row["user"] for row in rows} == {"anna"}
    assert [row["is_current"] for row in rows].count(True) == 1
    answer = await send(world, "DELETE", f"/sessions/{of_eva}")
    assert problem_of(answer) == (404, "unknown_session")
    own = next(row["id"] for row in rows if row["is_current"])
    assert (await send(world, "DELETE", f"/sessions/{own}")).status_code == 204
    assert await status_of(world) == 401
    rows = (await as_admin(world, "GET", "/sessions")).json()["items"]
    assert {row["user"] for row in rows} == {"anna", "eva"}
    assert (await as_admin(world, "DELETE", f"/sessions/{of_eva}")).status_code == 204
    answer = await as_admin(world, "DELETE", f"/sessions/{of_eva}")
    assert problem_of(answer) == (404, "unknown_session")


@pytest.mark.asyncio
async def test_a_body_is_either_a_key_or_a_name_with_password(world: World) -> None:
    for body in (
        {}, {"key": "wn_x", "user": "anna"}, {"user": "anna"}, {"password": "x"},
        {"key": "wn_x", "totp": "123456"}, {"user": "anna", "password": "x", "role": "admin"},
    ):  # fmt: skip
        answer = await sign_in(world, **body)
        assert problem_of(answer) == (422, "invalid_parameter"), body
    answer = await sign_in(world, key="wn_demo_123")
    assert problem_of(answer) == (401, "key_unknown")
