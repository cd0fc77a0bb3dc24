"""The tree of reasons: the group's standard, additions of plants, retired ones, codes."""

from typing import Any

import pytest

from .conftest import LINE, OTHER, PLANT, PRESS, World
from .stop_requests import code_of, send

pytestmark = pytest.mark.asyncio
ZWICK = "nordwerk/zwick-2"


async def reasons(world: World, query: str = "", key: str = "viewer") -> dict[str, Any]:
    response = await world.get(f"/reasons?{query}", key)
    assert response.status_code == 200, response.text
    return {row["code"]: row for row in response.json()["items"]}


async def test_the_standard_is_there_from_the_start(world: World) -> None:
    rows = await reasons(world, "kind=stop")
    assert rows["tool_change"] == {
        "code": "tool_change", "plant": None, "parent": "set_up", "path": ["set_up", "tool_change"],
        "kind": "stop", "name_en": "Tool change", "name_de": "Werkzeugwechsel", "category": "aust",
        "state": "setup", "planned": True, "counts_against_availability": True, "position": 9,
        "retired": False,
    }  # fmt: skip
    assert not rows["break"]["counts_against_availability"]
    codes = list(rows)
    for row in rows.values():
        assert row["parent"] is None or codes.index(row["parent"]) < codes.index(row["code"])
    assert set(await reasons(world, "kind=scrap")) >= {"crack", "dimension"}


async def test_a_plant_adds_its_own(world: World) -> None:
    body = {
        "plant": PLANT, "parent": "jam", "name_en": "Jam at feeder 2",
        "name_de": "Klemmer Zuführer 2", "state": "malfunction",
    }  # fmt: skip
    created = await send(world, "PUT", "/reasons/jam_2", body)
    assert created.status_code == 200, created.text
    assert created.json()["path"] == ["technical", "jam", "jam_2"]
    assert "jam_2" in await reasons(world, f"under={PRESS}")
    assert "jam_2" not in await reasons(world, f"under={OTHER}")
    assert "jam_2" not in await reasons(world)
    change = {"plant": PLANT, "retired": True, "why": "the feeder is gone"}
    assert (await send(world, "PUT", "/reasons/jam_2", change)).json()["name_en"] == body["name_en"]
    assert "jam_2" not in await reasons(world, f"under={PRESS}")
    assert (await reasons(world, f"under={PRESS}&retired=true"))["jam_2"]["retired"]
    same = {**body, "plant": ZWICK, "name_en": "Another"}
    assert (await send(world, "PUT", "/reasons/jam_2", same)).status_code == 200
    log = (await world.get("/audit?subject=reason", "admin")).json()["items"]
    assert [row["action"] for row in log] == ["created", "changed", "created"]
    assert log[1]["reason"] == "the feeder is gone"


BAD: list[tuple[str, dict[str, Any], str, int, str]] = [
    ("x", {"name_en": "X"}, "engineer", 422, "invalid_parameter"),
    ("x y", {"name_en": "X", "name_de": "X"}, "engineer", 422, "invalid_parameter"),
    ("x", {"name_en": "X", "name_de": "X", "parent": "nothing"}, "engineer", 422, "unknown_reason"),
    ("x", {"name_en": "X", "name_de": "X", "parent": "crack"}, "engineer", 422, "unknown_reason"),
    ("x", {"name_en": "X", "name_de": "X", "parent": "x"}, "engineer", 422, "reason_circle"),
    ("set_up", {"parent": "tool_change"}, "engineer", 422, "reason_circle"),
    ("jam", {"kind": "scrap"}, "engineer", 422, "invalid_parameter"),
    ("jam", {"plant": PLANT, "name_en": "J", "name_de": "K"}, "engineer", 422, "invalid_parameter"),
    ("x", {"plant": LINE, "name_en": "X", "name_de": "X"}, "engineer", 422, "invalid_parameter"),
    (
        "x",
        {"name_en": "X", "name_de": "X", "category": "oee"},
        "engineer",
        422,
        "invalid_parameter",
    ),
    ("jam", {"name_en": "J"}, "zwick", 403, "plant_not_allowed"),
    ("x", {"plant": PLANT, "name_en": "X", "name_de": "X"}, "zwick", 403, "plant_not_allowed"),
    ("jam", {"name_en": "J"}, "viewer", 403, "permission_missing"),
]


@pytest.mark.parametrize(
    ("code", "body", "key", "status", "problem"),
    BAD,
    ids=[f"{n}-{b[4]}" for n, b in enumerate(BAD)],
)
async def test_bad_reasons_are_refused(
    world: World, code: str, body: dict[str, Any], key: str, status: int, problem: str
) -> None:
    before = await reasons(world)
    response = await send(world, "PUT", f"/reasons/{code}", body, key)
    assert await code_of(response) == (status, problem), response.text
    assert await reasons(world) == before


async def test_codes_of_machines(world: World) -> None:
    for path, reason in ((PLANT, "jam"), (LINE, "control")):
        body = {"state_code": "E17", "reason": reason}
        assert (await send(world, "PUT", f"/reason_codes/{path}", body)).status_code == 200
    listed = (await world.get(f"/reason_codes?under={PLANT}")).json()["items"]
    assert [(row["equipment"], row["reason"]) for row in listed] == [
        (PLANT, "jam"), (LINE, "control"),
    ]  # fmt: skip
    unknown = await send(
        world, "PUT", f"/reason_codes/{LINE}", {"state_code": "E17", "reason": "jamm"}
    )
    assert await code_of(unknown) == (422, "unknown_reason")
    assert "jam" in unknown.json()["hint"]
    removed = await send(
        world, "PUT", f"/reason_codes/{LINE}", {"state_code": "E17", "reason": None}
    )
    assert removed.status_code == 200
    assert len((await world.get("/reason_codes")).json()["items"]) == 1


async def test_an_order_is_one_change(world: World) -> None:
    for code in ("feeder_a", "feeder_b", "feeder_c"):
        body = {"plant": PLANT, "parent": "jam", "name_en": code, "name_de": code}
        assert (await send(world, "PUT", f"/reasons/{code}", body)).status_code == 200
    order = {"plant": PLANT, "codes": ["feeder_c", "feeder_a", "feeder_b"], "why": "as they happen"}
    assert (await send(world, "POST", "/reasons:order", order)).status_code == 204
    rows = await reasons(world, f"under={PRESS}&kind=stop")
    assert [code for code in rows if code.startswith("feeder")] == order["codes"]
    assert [rows[code]["position"] for code in order["codes"]] == [10, 20, 30]
    [log] = (await world.get("/audit?subject=reason_order", "admin")).json()["items"]
    assert log["before"] == {"codes": ["feeder_a", "feeder_b", "feeder_c"]}
    assert (log["after"], log["reason"]) == ({"codes": order["codes"]}, "as they happen")
    for codes in (["feeder_b", "jam"], ["feeder_b", "feeder_b"]):
        refused = await send(world, "POST", "/reasons:order", {"plant": PLANT, "codes": codes})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/body/codes/1"
    assert list(await reasons(world, f"under={PRESS}&kind=stop")) == list(rows)
