"""Access to every route: without a key, with a wrong key, too low a role, or another plant."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import httpx2
import pytest
from fastapi import FastAPI

from werknetz_core.access.keys import generate_key
from werknetz_core.access.permissions import KeyRole, KeyScope
from werknetz_core.access.require import permissions_by_route
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

from .access_table import (
    BODIES,
    ENDLESS,
    GROUPS,
    LISTS,
    NO_SESSION,
    PAGE,
    PUBLIC,
    PUBLIC_OPERATIONS,
    QUERIES,
    ROLES,
    WITHOUT_PROVIDER,
)
from .conftest import EVENT_ID, OTHER, PLANT, PRESS, World


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every route: those in the OpenAPI document, and those that are not."""
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            if path != ENDLESS:
                yield method.upper(), path
    yield "GET", "/metrics"
    for path in ("/docs", "/docs/{name}", "/openapi.json", *PAGE):
        yield "GET", path


APP = create_app(CoreSettings("postgresql://nowhere"))
ROUTES = sorted(routes_of(APP))
PARAMETERS = defaultdict(set) | {
    (method.upper(), path): {
        parameter["name"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    for path, methods in APP.openapi()["paths"].items()
    for method, operation in methods.items()
}
"""Query parameters by method and path: some routes refuse unknown ones."""

LOCKED = [route for route in ROUTES if route[1] not in PUBLIC and route not in PUBLIC_OPERATIONS]


def test_the_document_contains_every_route() -> None:
    app = create_app(CoreSettings("postgresql://nowhere"))
    paths: set[str] = set()
    waiting: list[object] = [*app.routes]
    while waiting:
        route = waiting.pop()
        if path := getattr(route, "path", None):
            paths.add(path)
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            waiting += getattr(inner, "routes", [])
    texts = re.compile(r"{(path|material)}")
    templates = {texts.sub(r"{\1:path}", path) for path in (*(path for _, path in ROUTES), ENDLESS)}
    documented = {re.sub(r"^/api/v1", "", path) for path in templates} | templates
    assert paths, "no routes found: FastAPI stores them elsewhere now"
    assert {re.sub(r"^/api/v1", "", path) for path in paths} <= documented


def test_public_routes_are_few_and_named() -> None:
    assert {path for _, path in ROUTES} & PUBLIC == PUBLIC
    stated = list(permissions_by_route(APP))
    public = {(method, path) for method, path, permission in stated if permission is None}
    assert public >= PUBLIC_OPERATIONS
    assert {path for _, path in public - PUBLIC_OPERATIONS} == PUBLIC
    texts = re.compile(r":path}")
    expected = {*ROUTES, ("GET", ENDLESS)}
    assert {(method, texts.sub("}", path)) for method, path, _ in stated} == expected


async def _answer_of(world: World, method: str, path: str, key: str | None) -> httpx2.Response:
    url = path.replace("{path}", OTHER).replace("{name}", "oee").replace("{prefix}", "none")
    url = url.replace("{connector}", "zwick-mqtt").replace("{event_id}", str(EVENT_ID))
    url = url.replace("{version}", "1").replace("{key}", "lenz")
    url = (
        url.replace("{material}", "M2")
        .replace("{replay_id}", "1")
        .replace("{exploration_id}", "0" * 32)
        .replace("{carrier}", "gas")
        .replace("{number}", "1")
    )
    url = url.replace("{signal_id}", str(world.ids[f"{OTHER}#temperature"]))
    if path == "/api/v1/quarantine/{entry_id}":
        url = "/api/v1/quarantine/2"
    url = re.sub(r"{(annotation_id|acknowledgement_id|entry_id)}", "1", url).replace(
        "{code}", "jam"
    )
    url = url.replace("{stop_id}", f"{world.ids[OTHER]}-1").replace("{session_id}", "1")
    parameters = {"equipment": OTHER, "under": OTHER, "valid_from": "2026-11-01T00:00:00Z"}
    parameters = {name: parameters[name] for name in PARAMETERS[method, path] & parameters.keys()}
    if path == "/api/v1/samples":
        parameters = {"signal": str(world.ids[f"{OTHER}#temperature"])}
    if path.startswith("/api/v1/kpi_values"):
        parameters = {"equipment": OTHER, "kpi": "oee"}
    return await world.client.request(
        method,
        url,
        params=parameters if method in {"GET", "DELETE"} else None,
        json=BODIES.get(path) if method in {"POST", "PUT", "PATCH"} else None,
        headers={"X-API-Key": key} if key is not None else {},
    )


async def _status_of(world: World, method: str, path: str, key: str | None) -> int:
    return (await _answer_of(world, method, path, key)).status_code


@pytest.mark.asyncio
async def test_every_route_requires_a_valid_key(world: World) -> None:
    for method, path in LOCKED:
        for key in (None, "wn_demo_123", world.keys["viewer"][:-1] + "x", world.keys["past"]):
            assert await _status_of(world, method, path, key) == 401, (method, path, key)
    for path in PUBLIC:
        response = await world.client.get(path.replace("{name}", "init.js"))
        expected = {404, 405} if path in WITHOUT_PROVIDER else {200}
        if path in PAGE:  # a checkout may have no build, and no asset has that name
            expected = {200, 404, 503}
        assert response.status_code in expected, path


async def _add_keys(
    world: World, names: Iterable[str], *, scoped: bool = False, plants: list[str] | None = None
) -> dict[str, str]:
    keys = {}
    for name in names:
        key = generate_key()
        keys[name] = key.key
        await world.database.execute(
            "INSERT INTO api_keys (prefix, hash, name, role, scopes, plants)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            key.prefix, key.hash, name, None if scoped else name, [name] if scoped else [], plants,
        )  # fmt: skip
    return keys


@pytest.mark.asyncio
async def test_every_route_requires_its_role(world: World) -> None:
    """A key for all plants is refused by the roles that may not, and by no other."""
    keys = await _add_keys(world, KeyRole)
    for method, path in LOCKED:
        allowed, _ = GROUPS[ROLES.get((method, path), "read")]
        for role, key in keys.items():
            answer = await _answer_of(world, method, path, key)
            where = (method, path, role, answer.status_code)
            assert (answer.status_code == 403) is (role not in allowed), where
            if role not in allowed:
                assert _is_permission_missing(answer), where
                assert allowed == set(_roles_in(answer.json()["hint"])), where
            elif path != "/api/v1/events:batch":  # 503: this world has no webhook connector
                assert answer.status_code < 500, where


@pytest.mark.asyncio
@pytest.mark.parametrize("scoped", [False, True])
async def test_every_route_by_role_and_scope_for_another_plant(
    world: World, *, scoped: bool
) -> None:
    """What a key may do ends at its plants; what it may not do is refused as for all plants."""
    keys = await _add_keys(world, KeyScope if scoped else KeyRole, scoped=scoped, plants=[PLANT])
    wrong = []
    for method, path in LOCKED:
        allowed = GROUPS[ROLES.get((method, path), "read")][scoped]
        for name, key in keys.items():
            answer = await _answer_of(world, method, path, key)
            where = (method, path, name, answer.status_code)
            if _is_permission_missing(answer) is (name in allowed):
                wrong.append(where)
            elif name in allowed:
                is_list = method == "GET" and path in LISTS
                expected = {200} if is_list or path in QUERIES else {403, 404}
                expected = {409} if (method, path) in NO_SESSION else expected
                wrong += [] if answer.status_code in expected else [where]
    assert not wrong, "\n".join(map(str, wrong))


def _is_permission_missing(answer: httpx2.Response) -> bool:
    code = "urn:werknetz:problem:permission_missing"
    return answer.status_code == 403 and answer.json()["type"] == code


def _roles_in(hint: str) -> list[str]:
    match = re.search(r"roles ([a-z, ]+);", hint)
    assert match, hint
    return match[1].split(", ")


@pytest.mark.asyncio
async def test_lists_contain_only_the_plants_of_the_key(world: World) -> None:
    engineer = await _add_keys(world, ["engineer"], plants=[PLANT])
    world.keys |= {"emden engineer": engineer["engineer"]}
    paths = ("plants", "equipment", "signals", "orders", "connectors", "gaps", "quarantine")
    for path in (*paths, "events"):
        raw = path == "events"
        every = (await world.get(f"/{path}", "engineer" if raw else "viewer")).text
        own = (await world.get(f"/{path}", "emden engineer" if raw else "emden")).text
        assert path == "orders" or "zwick" in every, path
        assert "zwick" not in own, path
    response = await world.client.post(
        "/api/v1/kpi_values:query",
        json=BODIES["/api/v1/kpi_values:query"],
        headers={"X-API-Key": world.keys["emden"]},
    )
    assert response.json()["results"][0]["problem"]["status"] == 403
    above = await world.get("/kpi_values?equipment=nordwerk&kpi=oee", key="emden")
    assert above.status_code == 403
    assert PLANT in above.json()["hint"]
    absent = await world.get("/equipment/nordwerk/zwick-9", key="emden")
    assert absent.status_code == 403  # does not reveal whether it exists
    assert (await world.get(f"/equipment/{PRESS}", key="emden")).status_code == 200


@pytest.mark.asyncio
async def test_a_key_is_created_shown_once_and_revoked(world: World) -> None:
    headers = {"X-API-Key": world.keys["admin"]}
    new = {"name": "line tablet", "role": "viewer", "plants": [PLANT], "expires_days": 1}
    created = await world.client.post("/api/v1/api_keys", json=new, headers=headers)
    assert created.status_code == 201, created.text
    key, prefix = created.json()["key"], created.json()["prefix"]
    assert key.startswith(f"wn_{prefix}_")
    world.keys["tablet"] = key
    assert (await world.get("/plants", key="tablet")).json()["items"][0]["path"] == PLANT
    listed = await world.get("/api_keys", key="admin")
    assert key not in listed.text
    assert prefix in listed.text
    revoked = await world.client.delete(f"/api/v1/api_keys/{prefix}", headers=headers)
    assert revoked.json()["revoked_at"] is not None
    cache = world.app.state.context.keys
    cache._cache.clear()  # as five seconds later
    assert (await world.get("/plants", key="tablet")).status_code == 401
    unknown = {"name": "x", "plants": ["nordwerk/emden-2"]}
    rejected = await world.client.post("/api/v1/api_keys", json=unknown, headers=headers)
    assert (rejected.status_code, PLANT in rejected.json()["hint"]) == (404, True)
