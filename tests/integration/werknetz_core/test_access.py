"""Access to every route: without a key, with a wrong key, too low a role, or another plant."""

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

from .conftest import EVENT_ID, OTHER, PLANT, PRESS, World

PUBLIC = {
    "/api/v1/info",
    "/api/v1/health/live",
    "/api/v1/health/ready",
    "/docs",
    "/docs/{name}",
    "/openapi.json",
}
ROLES = {
    ("GET", "/api/v1/quarantine/{entry_id}"): "engineer",
    ("POST", "/api/v1/events:batch"): "engineer",
    ("GET", "/api/v1/events"): "engineer",
    ("GET", "/api/v1/events/{event_id}"): "engineer",
    ("POST", "/api/v1/quarantine:assign"): "engineer",
    ("POST", "/api/v1/quarantine:discard"): "engineer",
    ("POST", "/api/v1/quarantine:replay"): "engineer",
    ("POST", "/api/v1/mappings"): "engineer",
    ("POST", "/api/v1/mappings:preview"): "engineer",
    ("POST", "/api/v1/mappings:diff"): "engineer",
    ("GET", "/api/v1/mappings/{name}/versions/{version}"): "engineer",
    ("POST", "/api/v1/mappings/{name}/versions/{version}:activate"): "engineer",
    ("POST", "/api/v1/replays"): "engineer",
    ("PUT", "/api/v1/suppliers/{key}"): "engineer",
    ("PUT", "/api/v1/suppliers/{key}/policy"): "engineer",
    ("PUT", "/api/v1/supply_policies"): "engineer",
    ("PUT", "/api/v1/sites/{key}"): "engineer",
    ("PUT", "/api/v1/materials/{material}"): "engineer",
    ("PUT", "/api/v1/warehouses/{key}"): "engineer",
    ("PUT", "/api/v1/line_materials/{path}"): "engineer",
    ("PUT", "/api/v1/line_rates/{path}"): "engineer",
    ("POST", "/api/v1/annotations"): "engineer",
    ("DELETE", "/api/v1/annotations/{annotation_id}"): "engineer",
    ("DELETE", "/api/v1/equipment/{path}/calendars"): "engineer",
    ("PUT", "/api/v1/equipment/{path}/calendars"): "engineer",
    ("DELETE", "/api/v1/equipment_capacities/{path}"): "engineer",
    ("PUT", "/api/v1/equipment_capacities/{path}"): "engineer",
    ("DELETE", "/api/v1/energy_carriers/{carrier}"): "engineer",
    ("PUT", "/api/v1/energy_carriers/{carrier}"): "engineer",
    ("POST", "/api/v1/quantity_entries"): "engineer",
    ("PATCH", "/api/v1/quantity_entries/{entry_id}"): "engineer",
    ("DELETE", "/api/v1/quantity_entries/{entry_id}"): "engineer",
    ("POST", "/api/v1/quantity_entries/{entry_id}:undo"): "engineer",
    ("PUT", "/api/v1/targets/{key}"): "engineer",
    ("DELETE", "/api/v1/targets/{key}"): "engineer",
    ("PATCH", "/api/v1/equipment/{path}"): "engineer",
    ("PATCH", "/api/v1/signals/{signal_id}"): "engineer",
    ("PUT", "/api/v1/kpi_definitions/{name}"): "engineer",
    ("DELETE", "/api/v1/kpi_definitions/{name}"): "engineer",
    ("POST", "/api/v1/kpi_definitions:test"): "engineer",
    ("POST", "/api/v1/stops"): "engineer",
    ("POST", "/api/v1/stops/{stop_id}:classify"): "engineer",
    ("POST", "/api/v1/stops/{stop_id}:split"): "engineer",
    ("POST", "/api/v1/stops/{stop_id}:undo"): "engineer",
    ("POST", "/api/v1/stops:merge"): "engineer",
    ("PUT", "/api/v1/reason_codes/{path}"): "engineer",
    ("PUT", "/api/v1/reasons/{code}"): "engineer",
    ("PUT", "/api/v1/stop_thresholds/{path}"): "engineer",
    ("GET", "/api/v1/api_keys"): "admin",
    ("POST", "/api/v1/api_keys"): "admin",
    ("DELETE", "/api/v1/api_keys/{prefix}"): "admin",
}
BODIES = {
    "/api/v1/kpi_values:query": {"queries": [{"equipment": [OTHER], "kpi": ["oee"]}]},
    "/api/v1/api_keys": {"name": "x"},
    "/api/v1/kpi_definitions/{name}": {"document": {}},
    "/api/v1/kpi_definitions:test": {"document": {}},
    "/api/v1/supply_policies": {"document": {}},
    "/api/v1/suppliers/{key}/policy": {"document": {}},
    "/api/v1/line_materials/{path}": {"items": []},
    "/api/v1/line_rates/{path}": {"currency": "EUR", "per_hour": 1},
    "/api/v1/annotations": {"equipment": OTHER, "text": "x"},
    "/api/v1/equipment/{path}": {"name": "x"},
    "/api/v1/signals/{signal_id}": {"valid_to": "2026-11-01T00:00:00Z"},
    "/api/v1/equipment/{path}/calendars": {"document": {}},
    "/api/v1/equipment/{path}/calendars:preview": {"document": {}},
    "/api/v1/energy_carriers/{carrier}": {
        "equipment": OTHER,
        "valid_from": "2026-11-01T00:00:00Z",
        "unit": "m^3",
        "energy_per_unit": 10,
    },
    "/api/v1/equipment_capacities/{path}": {
        "items_per_hour": 1,
        "valid_from": "2026-11-01T00:00:00Z",
    },
    **{
        path: {}
        for path in (
            "/api/v1/suppliers/{key}",
            "/api/v1/sites/{key}",
            "/api/v1/materials/{material}",
            "/api/v1/warehouses/{key}",
        )
    },
}


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every route: those in the OpenAPI document, and those that are not."""
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path
    yield "GET", "/metrics"
    for path in ("/docs", "/docs/{name}", "/openapi.json"):
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

LOCKED = [route for route in ROUTES if route[1] not in PUBLIC]


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
    templates = {texts.sub(r"{\1:path}", path) for _, path in ROUTES}
    documented = {re.sub(r"^/api/v1", "", path) for path in templates} | templates
    assert paths, "no routes found: FastAPI stores them elsewhere now"
    assert {re.sub(r"^/api/v1", "", path) for path in paths} <= documented


def test_public_routes_are_few_and_named() -> None:
    assert {path for _, path in ROUTES} & PUBLIC == PUBLIC


async def _status_of(world: World, method: str, path: str, key: str | None) -> int:
    url = path.replace("{path}", OTHER).replace("{name}", "oee").replace("{prefix}", "none")
    url = url.replace("{connector}", "zwick-mqtt").replace("{event_id}", str(EVENT_ID))
    url = url.replace("{version}", "1").replace("{key}", "lenz")
    url = (
        url.replace("{material}", "M2")
        .replace("{replay_id}", "1")
        .replace("{carrier}", "gas")
        .replace("{number}", "1")
    )
    url = url.replace("{signal_id}", str(world.ids[f"{OTHER}#temperature"]))
    if path == "/api/v1/quarantine/{entry_id}":
        url = "/api/v1/quarantine/2"
    url = re.sub(r"{(annotation_id|entry_id)}", "1", url).replace("{code}", "jam")
    url = url.replace("{stop_id}", f"{world.ids[OTHER]}-1")
    parameters = {"equipment": OTHER, "under": OTHER, "valid_from": "2026-11-01T00:00:00Z"}
    parameters = {name: parameters[name] for name in PARAMETERS[method, path] & parameters.keys()}
    if path.startswith("/api/v1/kpi_values"):
        parameters = {"equipment": OTHER, "kpi": "oee"}
    response = await world.client.request(
        method,
        url,
        params=parameters if method in {"GET", "DELETE"} else None,
        json=BODIES.get(path) if method in {"POST", "PUT", "PATCH"} else None,
        headers={"X-API-Key": key} if key is not None else {},
    )
    return response.status_code


@pytest.mark.asyncio
async def test_every_route_requires_a_valid_key(world: World) -> None:
    for method, path in LOCKED:
        for key in (None, "wn_demo_123", world.keys["viewer"][:-1] + "x", world.keys["past"]):
            assert await _status_of(world, method, path, key) == 401, (method, path, key)
    for path in PUBLIC:
        response = await world.client.get(path.replace("{name}", "init.js"))
        assert response.status_code == 200, path


@pytest.mark.asyncio
async def test_every_route_requires_its_role(world: World) -> None:
    for method, path in LOCKED:
        role = ROLES.get((method, path), "viewer")
        status = await _status_of(world, method, path, world.keys["viewer"])
        assert (status == 403) is (role != "viewer"), (method, path, status)
        status = await _status_of(world, method, path, world.keys["engineer"])
        assert (status == 403) is (role == "admin"), (method, path, status)
        if path != "/api/v1/events:batch":  # 503: this world has no webhook connector
            assert await _status_of(world, method, path, world.keys["admin"]) < 500, (method, path)


# Lists return fewer items instead of 403, unless the request names another plant.
LISTS = {
    "/api/v1/plants", "/api/v1/kpis", "/api/v1/kpis.xml", "/api/v1/kpi_definitions",
    "/api/v1/kpis/{name}", "/api/v1/connectors", "/api/v1/gaps",
    "/api/v1/quarantine", "/api/v1/quarantine/groups", "/api/v1/replays", "/api/v1/suppliers",
    "/api/v1/sites", "/api/v1/supply_policies", "/api/v1/call_offs", "/api/v1/due_lines",
    "/api/v1/shipments", "/api/v1/receipts", "/api/v1/cumulatives", "/api/v1/materials",
    "/api/v1/warehouses", "/api/v1/stock_levels", "/api/v1/stock_movements",
    "/api/v1/stock_projection", "/api/v1/days_of_supply", "/api/v1/backlog", "/api/v1/targets",
}  # fmt: skip


@pytest.mark.asyncio
async def test_a_key_cannot_access_other_plants(world: World) -> None:
    for method, path in LOCKED:
        status = await _status_of(world, method, path, world.keys["emden"])
        is_list = method == "GET" and path in LISTS
        if is_list or path == "/api/v1/kpi_values:query":
            assert status == 200, (method, path)
        else:
            assert status in {403, 404}, (method, path, status)


@pytest.mark.asyncio
async def test_lists_contain_only_the_plants_of_the_key(world: World) -> None:
    for path in ("plants", "equipment", "signals", "orders", "connectors", "gaps", "quarantine"):
        every = (await world.get(f"/{path}")).text
        own = (await world.get(f"/{path}", key="emden")).text
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
