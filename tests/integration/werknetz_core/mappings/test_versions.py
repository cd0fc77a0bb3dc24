"""A mapping before it is activated: what it would change, its versions, and what is refused."""

import pytest

from ..conftest import World  # noqa: TID252 - the fixture's world
from .conftest import Edge, document, post


@pytest.mark.asyncio
async def test_a_wrong_mapping_is_detected_before_activation(
    world: World, edges: tuple[Edge, Edge]
) -> None:
    """Diff the wrong document as the next version of the right edge's mapping."""
    _, right = edges
    wrong = document("press-r", 2, right=False)
    response = await post(world, "/mappings:diff", {"document": wrong, "start": "-1h"})
    assert response.status_code == 200, response.text
    diff = response.json()
    assert (diff["complete"], diff["inputs"], diff["inputs_skipped"]) == (True, 240, 0)
    assert diff["unmapped_before"]["text"] == "0 of 4 state codes unmapped = 0.0% of the time"
    assert diff["unmapped_after"]["codes"] == ["RUESTEN", "STOERUNG"]
    assert diff["unmapped_after"]["text"].startswith("2 of 4 state codes unmapped = 3")
    points = {point["key"].rpartition(":")[2]: point for point in diff["points"]}
    assert points["pressure"]["changed"] == 240
    assert points["pressure"]["examples"][0]["before"] == pytest.approx(5.0)
    assert points["pressure"]["examples"][0]["after"] == pytest.approx(5000.0)
    assert (points["temperature"]["samples_before"], points["temperature"]["samples_after"]) == (
        240,
        0,
    )
    assert "good" not in points
    assert diff["points_same"] == 1
    (stock,) = diff["events"]
    assert (stock["kind"], stock["before"], stock["after"]) == ("stock_counted", 12, 0)
    refused = {(r["source"], r["reason"]): (r["before"], r["after"]) for r in diff["refused"]}
    assert any(source == "p#temp" and "not a number" in why for source, why in refused)
    assert sum(after for _, after in refused.values()) > 240
    changed = {(kpi["kpi"]): kpi for kpi in diff["kpis"]}
    # Time of an unmapped state is unknown: it is no loss any more.
    assert changed["availability"]["after"] > changed["availability"]["before"]
    assert changed["setup_ratio"]["before"] > 0.1
    assert changed["setup_ratio"]["after"] == 0.0
    states = {(s["state"]): (s["before_s"], s["after_s"]) for s in diff["states"]}
    assert states["malfunction"][1] == 0.0
    assert states["unknown"][0] == 0.0
    assert states["unknown"][1] == pytest.approx(states["malfunction"][0] + states["setup"][0])

    response = await post(world, "/mappings:preview", {"document": wrong, "minutes": 60})
    assert response.status_code == 200, response.text
    preview = response.json()
    assert preview["unmapped_states"]["codes"] == ["RUESTEN", "STOERUNG"]
    assert {r["source"] for r in preview["refused"]} >= {"p#temp", "lager"}
    assert right.normalizer.mapping.version == 1
    headers = {"X-API-Key": world.keys["engineer"], "Accept-Language": "de"}
    german = await world.client.post(
        "/api/v1/mappings:preview", json={"document": wrong, "minutes": 60}, headers=headers
    )
    text = german.json()["unmapped_states"]["text"]
    assert text.startswith("2 von 4 Zustandscodes nicht zugeordnet = 3")
    unused = {"document": wrong.replace("presses-press-r", "presses-none")}
    none = await world.client.post("/api/v1/mappings:preview", json=unused, headers=headers)
    assert none.status_code == 404
    assert none.json()["detail"].endswith("verwendet die Zuordnung 'presses-none'.")


@pytest.mark.asyncio
async def test_versions_are_stored_and_never_change(world: World, edges: tuple[Edge, Edge]) -> None:
    del edges
    text = document("press-r", 2, right=False)
    first = await post(world, "/mappings", {"document": text, "note": "a try"})
    assert (first.status_code, first.json()["state"]) == (201, "draft")
    same = await post(world, "/mappings", {"document": "# a comment\n" + text})
    assert same.json()["digest"] == first.json()["digest"]
    other = await post(world, "/mappings", {"document": document("press-r", 2, right=True)})
    assert other.status_code == 409
    assert "version: 3" in other.json()["hint"]
    listed = (await world.get("/mappings")).json()["items"]
    assert {"name": "presses-press-r", "newest": 2, "active": None, "versions": 2,
            "connectors": ["plc-press-r"]} in listed  # fmt: skip
    shown = await world.get("/mappings/presses-press-r/versions/2", key="engineer")
    assert shown.json()["document"] == text
    assert shown.json()["note"] == "a try"


@pytest.mark.asyncio
async def test_invalid_requests_have_a_hint(world: World, edges: tuple[Edge, Edge]) -> None:
    del edges
    bad = document("press-r", 2, right=True).replace("degC", "degX")
    response = await post(world, "/mappings", {"document": bad})
    assert response.status_code == 422
    assert "degX" in response.json()["detail"]
    assert "line" in response.json()["errors"][0]["detail"]
    for path, body, status in (
        ("/mappings", {"document": "a: ["}, 422),
        ("/mappings:diff", {}, 422),
        ("/mappings:diff", {"name": "nobody", "version": 1}, 404),
        ("/mappings:preview", {"document": document("press-x", 1, right=True)}, 404),
        ("/mappings/presses-press-r/versions/9:activate", {}, 404),
        ("/replays", {"mapping": "presses-press-r"}, 409),
        ("/quarantine:replay", {}, 404),
        ("/quarantine:discard", {"connector": "plc-press-w", "note": ""}, 422),
    ):
        response = await post(world, path, body)
        assert response.status_code == status, (path, response.text)
        assert response.json()["hint"]
    assert (await post(world, "/mappings", {"document": bad}, key="viewer")).status_code == 403
    assert (await post(world, "/mappings", {"document": bad}, key="zwick")).status_code == 403


IGNORE = {"kind": "ignore", "source": "p#debug"}


@pytest.mark.asyncio
async def test_amendments_begin_with_what_is_in_use(world: World, edges: tuple[Edge, Edge]) -> None:
    del edges
    body = {"name": "presses-press-r", "changes": [IGNORE]}
    assert (await post(world, "/mappings:amend", body)).json()["based_on"] == 1
    draft = document("press-r", 2, right=False)
    assert (await post(world, "/mappings", {"document": draft})).status_code == 201
    amended = (await post(world, "/mappings:amend", body)).json()
    assert (amended["based_on"], amended["version"]) == (1, 3)
    assert "ignore: true" in amended["document"]
    preview = await post(world, "/mappings:preview", {"document": amended["document"]})
    assert preview.status_code == 200, preview.text
    new = draft.replace("presses-press-r", "presses-new")
    assert (await post(world, "/mappings", {"document": new})).status_code == 201
    refused = await post(world, "/mappings:amend", {**body, "name": "presses-new"})
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:werknetz:problem:no_active_version"
    sent = await post(world, "/mappings:amend", {**body, "name": "presses-new", "version": 2})
    assert sent.json()["based_on"] == 2
    none = await post(world, "/mappings:amend", {**body, "name": "nobody"})
    assert none.status_code == 404


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "map_state", "table": "t", "code": 4, "state": "idle"}, "/code"),
        ({"kind": "map_state", "table": "t", "code": "4", "state": "idle", "x": 1}, "/x"),
        ({"kind": "map_state", "table": "t", "state": "idle"}, "/code"),
        ({"kind": "map"}, ""),
        ({"kind": "map_state", "table": "none", "code": "4", "state": "idle"}, ""),
    ],
)
async def test_a_refused_change_is_named_by_its_place(
    world: World, edges: tuple[Edge, Edge], change: dict[str, object], pointer: str
) -> None:
    del edges
    body = {"name": "presses-press-r", "changes": [IGNORE, change]}
    refused = await post(world, "/mappings:amend", body)
    assert refused.status_code in {409, 422}
    assert [error["pointer"] for error in refused.json()["errors"]] == [f"/body/changes/1{pointer}"]
