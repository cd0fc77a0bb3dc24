"""Every route refuses parameters that it does not have; every polled answer has an ETag."""

import difflib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from werknetz_core.http.responses import VARY
from werknetz_worker.watermarks import WatermarkPublisher

from .access_table import PUBLIC
from .conftest import LINE, PLANT, PRESS, World, add_bucket
from .stop_requests import pieces, send
from .test_access import PARAMETERS, ROUTES

pytestmark = pytest.mark.asyncio
API = "/api/v1"
VALUES = {"{path}": PRESS, "{signal_id}": "1", "{name}": "oee", "{version}": "1"}
CALLBACK = f"{API}/session/oidc/callback"  # providers may add parameters to their answer
GETS = [
    path for method, path in ROUTES if method == "GET" and path.startswith(API) and path != CALLBACK
]
DAY = "start=2026-11-20T05:00Z&end=2026-11-20T08:00Z"
SPAN = f"equipment={PRESS}&{DAY}"


def url_of(path: str) -> str:
    for name, value in VALUES.items():
        path = path.replace(name, value)
    return path.replace("{", "").replace("}", "")


async def test_every_get_route_refuses_unknown_parameters(world: World) -> None:
    assert len(GETS) > 60
    for path in GETS:
        url = url_of(path).removeprefix(API)
        names = sorted(PARAMETERS["GET", path])
        refused = await world.get(f"{url}?no_such_thing=1", "admin")
        assert refused.status_code == 422, (path, refused.text)
        assert refused.json()["errors"][0]["pointer"] == "/query/no_such_thing", path
        for name in names[:1]:
            typo = f"{name}x"
            refused = await world.get(f"{url}?{typo}=1", "admin")
            [nearest] = difflib.get_close_matches(typo, names, n=1)
            assert refused.status_code == 422, path
            assert refused.json()["hint"] == f"Did you mean {nearest}?", path
        if path not in PUBLIC:
            nobody = await world.client.get(f"{API}{url}?no_such_thing=1")
            assert nobody.status_code == 401, "the key comes first"


WRONG: list[tuple[str, str, str]] = [
    (f"/equipment/{PRESS}/states", "strat", "start"),
    (f"/equipment/{PRESS}/counts", "granularty", "granularity"),
    (f"/equipment/{PRESS}/stops", "opne", "open"),
    ("/stops", "as_fo", "as_of"),
    ("/kpi_values/explain", "asof", "as_of"),
    ("/equipment", "knid", "kind"),
    ("/signals/1/samples", "aggregate", "aggregates"),
    ("/losses/supply-caused", "group", "group_by"),
    ("/orders", "formt", "format"),
]


@pytest.mark.parametrize(("path", "typo", "name"), WRONG)
async def test_a_typo_gets_the_nearest_name(world: World, path: str, typo: str, name: str) -> None:
    refused = await world.get(f"{path}?{typo}=1")
    assert refused.status_code == 422, refused.text
    assert refused.json()["hint"] == f"Did you mean {name}?"


async def test_writing_routes_refuse_them_too(world: World) -> None:
    body = {"state_code": "E17", "reason": "jam"}
    refused = await send(world, "PUT", f"/reason_codes/{LINE}?dry_run=1", body)
    assert (refused.status_code, refused.json()["hint"]) == (422, "Leave it out.")
    assert (await world.get("/reason_codes")).json()["items"] == []


async def add_order(world: World) -> None:
    await pieces(world, PRESS, ("05:00", "05:10", 4, "adet", "E17"), ("05:10", "05:15", 1, "apt"))
    await world.database.execute(
        "INSERT INTO order_elements (equipment_id, bucket_at, order_number)"
        " SELECT equipment_id, bucket_at, 'A-1' FROM elements"
    )
    await world.database.execute("UPDATE state_pieces SET order_number = 'A-1'")


async def name_product(world: World) -> None:
    """The MES names what the order makes, as the projection of its events leaves it."""
    await world.database.execute(
        "WITH made AS (INSERT INTO materials (number) VALUES ('bracket') RETURNING id)"
        " INSERT INTO operations (order_number, equipment, equipment_id, material_id)"
        " SELECT 'A-1', $2, $1, id FROM made", world.ids[PRESS], PRESS,
    )  # fmt: skip
    await WatermarkPublisher(world.app.state.context.redis).increment_names(["#products"])


async def set_family(world: World) -> None:
    body = {"product_family": "holders"}
    assert (await send(world, "PUT", "/materials/bracket", body, "planner")).status_code == 200


async def map_code(world: World) -> None:
    body = {"state_code": "E17", "reason": "jam"}
    assert (await send(world, "PUT", f"/reason_codes/{LINE}", body)).status_code == 200


async def compute(world: World) -> None:
    """Change what is stored of the machine, as a worker does."""
    await world.database.execute("UPDATE elements SET apt_s = apt_s - 100, adet_s = adet_s + 100")
    await WatermarkPublisher(world.app.state.context.redis).increment_paths([PRESS])


async def deliver(world: World) -> None:
    """Something about deliveries was derived anew."""
    await WatermarkPublisher(world.app.state.context.redis).increment_names(["#supply"])


async def fall_silent(world: World) -> None:
    await world.database.execute(
        "INSERT INTO outages (connector_id, start_at) VALUES ('emden-opcua', now())"
    )


async def find(world: World) -> None:
    await world.database.execute(
        "INSERT INTO findings (key, kind, subject, equipment_id, at, detail, event_ids)"
        " VALUES ('k', 'cycle_too_easy', 'machine', $1, '2026-11-20T06:00Z', 'too fast', '{}')",
        world.ids[PRESS],
    )  # fmt: skip


Change = Callable[[World], Awaitable[None]]
POLLED: list[tuple[str, list[Change]]] = [
    (f"/equipment/{PRESS}/states?{DAY}", [compute]),
    (f"/equipment/{PRESS}/counts?{DAY}", [compute]),
    (f"/equipment/{PRESS}/stops?{DAY}", [compute, map_code]),
    (f"/stops?under={LINE}&{DAY}", [compute, map_code]),
    (f"/overview?under={PLANT}&depth=machine", [compute, deliver, fall_silent]),
    (f"/losses?under={PLANT}&group_by=reason&{DAY}", [compute, map_code, deliver]),
    (f"/loss_times?{SPAN}", [compute, map_code, deliver]),
    (f"/kpi_values?{SPAN}&kpi=oee", [compute]),
    (f"/kpi_values?{SPAN}&kpi=worker_efficiency", []),
    (f"/kpi_values?{SPAN}&kpi=availability&group_by=order", [compute]),
    (f"/kpi_values?{SPAN}&kpi=availability&group_by=product", [compute, name_product]),
    (f"/kpi_values?{SPAN}&kpi=availability&group_by=team", [compute]),
    (f"/kpi_values/explain?{SPAN}&kpi=availability", [compute, find]),
    (f"/comparisons?under=nordwerk&level=machine&{DAY}", [compute, name_product, set_family]),
    ("/targets", [compute]),
    ("/targets/a", [compute]),
    (f"/shift_reports/{PRESS}?{DAY}", [compute, map_code, name_product]),
    (f"/shifts?equipment={PRESS}&{DAY}", []),
]


async def add_target(world: World) -> None:
    body = {
        "name": "a third more", "under": [PLANT], "goal": 0.333, "due_on": "2027-12-31",
        "baseline_start": "2026-11-20T05:00Z", "baseline_end": "2026-11-20T05:15Z",
    }  # fmt: skip
    assert (await send(world, "PUT", "/targets/a", body)).status_code == 200


@pytest.mark.parametrize(("url", "changes"), POLLED, ids=[url for url, _ in POLLED])
async def test_an_unchanged_answer_is_304_and_a_change_is_seen(
    world: World, url: str, changes: list[Change]
) -> None:
    for hour in range(5, 8):
        await add_bucket(world, PRESS, f"2026-11-20T{hour:02}:00Z")
    await add_order(world)
    await add_target(world)
    first = await world.get(url)
    assert first.status_code == 200, first.text
    assert "etag" in first.headers
    assert first.headers["cache-control"].startswith("private")
    assert set(VARY.split(", ")) <= {v.strip() for v in first.headers["vary"].split(",")}
    tag = first.headers["etag"]
    again = await world.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for change in changes:
        await change(world)
        changed = await world.get(url, headers={"If-None-Match": tag})
        assert changed.status_code == 200, change
        assert changed.headers["etag"] != tag, change
        tag = changed.headers["etag"]
        same = await world.get(url, headers={"If-None-Match": f'"other", W/{tag}'})
        assert same.status_code == 304, change


async def test_long_answers_are_compressed(world: World) -> None:
    for hour in range(5, 8):
        await add_bucket(world, PRESS, f"2026-11-20T{hour:02}:00Z")
    sizes: dict[str, Any] = {}
    for url, _ in POLLED:
        if url.startswith("/targets"):
            continue
        packed = await world.get(url, headers={"Accept-Encoding": "gzip"})
        plain = await world.get(url, headers={"Accept-Encoding": "identity"})
        assert packed.json() == plain.json() or "overview" in url or "shift_reports" in url
        is_packed = packed.headers.get("content-encoding") == "gzip"
        assert is_packed is (len(plain.content) >= 2048), url
        sizes[url] = len(plain.content)
    assert max(sizes.values()) >= 2048
