"""Own KPIs over HTTP: stored with versions, computed like standard ones, audited, retired."""

from typing import Any

import httpx2
import pytest

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
DAY = "start=2026-11-20T05:00:00Z&end=2026-11-20T06:00:00Z"
TIMES = ("2026-11-20T05:00Z", "2026-11-20T05:15Z")


def definition(name: str = "waiting_share", **changes: Any) -> dict[str, Any]:
    return {
        "id": name, "names": {"de": "Warteanteil", "en": "Share of waiting"},
        "description": "Share of the planned busy time without production.", "unit": "ratio",
        "formula": "1.0 - apt_s / pbt_s", "better": "lower", "range": {"lower": 0, "upper": 1},
        "valid_from": "2026-01-01",
        "tests": [{"elements": {"apt_s": 25, "pbt_s": 100}, "expected": 0.75}],
    } | changes  # fmt: skip


SECOND = {
    "formula": "adet_s / pbt_s * factor", "constants": {"factor": 100.0}, "unit": "%",
    "valid_from": "2026-11-20T05:15:00Z",
    "tests": [{"elements": {"adet_s": 25, "pbt_s": 100}, "expected": 25}],
}  # fmt: skip


async def put(
    world: World, document: Any, key: str = "engineer", name: str | None = None
) -> httpx2.Response:
    name = name or (document["id"] if isinstance(document, dict) else "waiting_share")
    return await world.client.put(
        f"/api/v1/kpi_definitions/{name}",
        json={"document": document, "reason": "asked for by the plant"},
        headers={"X-API-Key": world.keys[key]},
    )


async def values(world: World, query: str) -> list[dict[str, Any]]:
    answer = await world.get(f"/kpi_values?{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_own_kpi_has_values_wherever_a_standard_one_has(world: World) -> None:
    for path, apt in ((PRESS, 720.0), (ROBOT, 360.0), (OTHER, 900.0)):
        await add_bucket(world, path, TIMES[0], apt=apt)
    stored = await put(world, definition())
    assert stored.status_code == 200, stored.text
    assert stored.json()["version"] == 1
    expected = {PRESS: 0.2, LINE: 0.4, PLANT: 0.4, "nordwerk": 1 - 1980 / 2700}
    for path, value in expected.items():
        own, other = await values(
            world, f"equipment={path}&kpi=waiting_share&kpi=availability&{DAY}"
        )
        assert own["value"] == pytest.approx(value)
        assert own["value"] == pytest.approx(1 - other["value"])
        assert own["definition_version"] == 1
        assert own["inputs"] == {"apt_s": other["inputs"]["apt_s"], "pbt_s": own["inputs"]["pbt_s"]}
        assert own["unit"] == "ratio"
    for granularity in ("15m", "hour", "shift", "1d", "1w", "1mo", "quarter", "year", "none"):
        items = await values(
            world, f"equipment={PLANT}&kpi=waiting_share&granularity={granularity}&start=-8h"
        )
        shares = [item["value"] for item in items if item["value"] is not None]
        assert shares == [pytest.approx(0.4)]
    compared = await world.get(
        f"/comparisons?under={LINE}&level=machine&kpi=waiting_share&start=2026-11-20T05:00:00Z"
        "&end=2026-11-20T06:00:00Z&ignore=product_family&ignore=coverage&ignore=calendar"
    )
    assert compared.status_code == 200, compared.text
    ranks = {item["equipment"]: item["rank"] for item in compared.json()["items"]}
    assert ranks == {PRESS: 1, ROBOT: 2}  # the lower is better
    explained = await world.get(f"/kpi_values/explain?equipment={LINE}&kpi=waiting_share&{DAY}")
    assert explained.status_code == 200, explained.text
    document = explained.json()
    assert document["value"] == pytest.approx(0.4)
    assert document["definition"]["formula"] == "1.0 - apt_s / pbt_s"
    assert {m["equipment"]: m["value"] for m in document["machines"]} == {
        PRESS: pytest.approx(0.2),
        ROBOT: pytest.approx(0.6),
    }


async def test_values_are_of_the_version_of_their_time(world: World) -> None:
    for at in TIMES:
        await add_bucket(world, PRESS, at, apt=720)
    assert (await put(world, definition())).json()["version"] == 1
    query = f"equipment={PRESS}&kpi=waiting_share&granularity=15m&{DAY}"
    url = f"/kpi_values?{query}"
    tag = (await world.get(url)).headers["etag"]
    second = await put(world, definition(**SECOND))
    assert second.json()["version"] == 2, second.text
    items = [item for item in await values(world, query) if item["inputs"]["pbt_s"]]
    assert [(i["value"], i["unit"], i["definition_version"]) for i in items] == [
        (pytest.approx(0.2), "ratio", 1),
        (pytest.approx(20.0), "%", 2),
    ]
    # A period with both is of the version at its end: no value mixes two formulas.
    [whole] = await values(world, f"equipment={PRESS}&kpi=waiting_share&{DAY}")
    assert (whole["value"], whole["definition_version"]) == (pytest.approx(20.0), 2)
    changed = await world.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200, "a new version changes the ETag"
    before = await values(
        world, f"equipment={PRESS}&kpi=waiting_share&start=2020-01-01&end=2020-01-02"
    )
    assert before[0]["definition_version"] == 1
    shown = (await world.get("/kpis/waiting_share")).json()
    assert (shown["version"], shown["origin"], shown["name_de"]) == (2, "own", "Warteanteil")
    assert shown["formula"] == "adet_s / pbt_s * factor, with factor = 100"
    assert [(v["version"], v["formula"]) for v in shown["history"]] == [(1, "1.0 - apt_s / pbt_s")]
    correction = definition(valid_from="2026-11-20T05:00:00Z")
    assert (await put(world, correction)).json()["version"] == 3
    items = [item for item in await values(world, query) if item["inputs"]["pbt_s"]]
    assert [i["definition_version"] for i in items] == [3, 3]


async def test_a_version_of_the_future_does_not_hold_yet(world: World) -> None:
    await add_bucket(world, PRESS, TIMES[0], apt=720)
    await put(world, definition())
    await put(world, definition(**{**SECOND, "valid_from": "2026-11-20T10:07:00Z"}))
    # The month goes on after the version begins, now; the version does not hold before now.
    [value] = await values(world, f"equipment={PRESS}&kpi=waiting_share&granularity=1mo&start=-1h")
    assert value["definition_version"] == 1


async def test_no_value_has_a_reason(world: World) -> None:
    await add_bucket(world, PRESS, TIMES[0])
    cases = [
        ("a", "pq / rq", {"pq": 1, "rq": 1}, "rq is not reported"),
        ("b", "pq / aust_s", {"pq": 1, "aust_s": 1}, "division by zero: aust_s is 0"),
        ("c", "1.0 / (pq / aust_s)", {"pq": 1, "aust_s": 1}, "division by zero: aust_s is 0"),
        ("d", "apwt_s / apat_s", {"apwt_s": 1, "apat_s": 1}, "apwt_s is not reported"),
        ("e", "pq * 1e308 * 1e308", {"pq": 0}, "the number is too large"),
        ("f", "math.sqrt(aust_s - pq)", {"aust_s": 1, "pq": 0}, "has no real value"),
    ]
    for name, formula, elements, reason in cases:
        expected = 0 if name == "e" else 1
        tests = [{"elements": elements, "expected": expected}]
        stored = await put(world, definition(name, formula=formula, tests=tests))
        assert stored.status_code == 200, stored.text
        [value] = await values(world, f"equipment={PRESS}&kpi={name}&{DAY}")
        assert value["value"] is None
        assert reason in value["reason"]


YAML = """\
id: waiting_share
names: {de: Warteanteil, en: Share of waiting}
description: Share of the planned busy time without production.
unit: ratio
formula: 1.0 - apt_s / pbts
better: lower
tests:
  - {elements: {apt_s: 25, pbt_s: 100}, expected: 0.75}
"""


@pytest.mark.parametrize(
    ("document", "status", "code", "detail"),
    [
        (YAML, 422, "invalid_definition", "line 5: formula: 'pbts' is not a variable"),
        (YAML.replace("pbts", "2"), 422, "invalid_definition", "write 2.0, not 2"),
        (YAML.replace("pbts", "pbt_s").replace("0.75", "0.5"), 422, "invalid_definition", "test 1"),
        (YAML.replace("waiting_share", "oee"), 422, "invalid_definition", "number 6 of ISO 22400"),
        (YAML.replace("waiting_share", "x").replace("pbts", "pbt_s"), 422, "other_id", "'x'"),
        ("a: [", 422, "invalid_definition", "is not YAML"),
        ({}, 422, "invalid_definition", "key 'formula' is missing: add it"),
        (5, 422, "invalid_body", ""),
    ],
)
async def test_what_is_refused(
    world: World, document: Any, status: int, code: str, detail: str
) -> None:
    answer = await put(world, document, name="waiting_share")
    problem = answer.json()
    assert answer.status_code == status, answer.text
    assert problem["type"].endswith(code) or code == "invalid_body"
    if code == "invalid_definition":
        assert problem["detail"] == problem["errors"][0]["detail"]
        assert any(detail in error["detail"] for error in problem["errors"])
    else:
        assert detail in problem["detail"]
    if document is YAML:
        assert problem["detail"].splitlines()[-1].endswith("^")
    assert (await world.get("/kpi_definitions")).json()["items"] == []
    assert (await world.get("/audit?subject=kpi_definition", "admin")).json()["items"] == []


async def test_the_same_again_changes_nothing_and_every_change_is_audited(world: World) -> None:
    for document in (definition(), definition(), YAML.replace("pbts", "pbt_s")):
        assert (await put(world, document)).status_code == 200
    assert (await put(world, definition())).json()["version"] == 3
    deleted = await world.client.delete(
        "/api/v1/kpi_definitions/waiting_share?reason=unused",
        headers={"X-API-Key": world.keys["engineer"]},
    )
    assert deleted.status_code == 204, deleted.text
    log = (await world.get("/audit?subject=kpi_definition", "admin")).json()["items"]
    assert [(row["action"], row["subject_id"], row["by"]) for row in log] == [
        ("retired", "waiting_share", "engineer"),
        ("changed", "waiting_share", "engineer"),
        ("changed", "waiting_share", "engineer"),
        ("created", "waiting_share", "engineer"),
    ]
    assert log[0]["reason"] == "unused"
    assert log[1]["before"]["version"] == 2
    assert log[1]["after"]["formula"] == "1.0 - apt_s / pbt_s"


async def test_a_retired_kpi_has_no_values_but_its_versions(world: World) -> None:
    await put(world, definition())
    headers = {"X-API-Key": world.keys["engineer"]}
    url = "/api/v1/kpi_definitions/waiting_share"
    assert (await world.client.delete(url, headers=headers)).status_code == 204
    assert (await world.client.delete(url, headers=headers)).status_code == 404
    answer = await world.get(f"/kpi_values?equipment={PRESS}&kpi=waiting_share")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:werknetz:problem:retired_kpi"
    assert "brings it back" in answer.json()["hint"]
    assert "waiting_share" not in [k["name"] for k in (await world.get("/kpis")).json()]
    assert (await world.get("/kpi_definitions")).json()["items"] == []
    [row] = (await world.get("/kpi_definitions?retired=true")).json()["items"]
    assert row["retired_at"] is not None
    shown = (await world.get("/kpi_definitions/waiting_share")).json()
    assert [version["version"] for version in shown["versions"]] == [1]
    assert (await put(world, definition())).json()["version"] == 2
    assert (await world.get("/kpis/waiting_share")).status_code == 200


async def test_levels_of_a_definition_are_obeyed(world: World) -> None:
    await add_bucket(world, PRESS, TIMES[0])
    await put(world, definition(scopes=["machine"]))
    assert len(await values(world, f"equipment={PRESS}&kpi=waiting_share&{DAY}")) == 1
    for path in (
        f"/kpi_values?equipment={LINE}&kpi=waiting_share",
        f"/kpi_values/explain?equipment={LINE}&kpi=waiting_share",
        f"/comparisons?under={PLANT}&level=line&kpi=waiting_share",
    ):
        answer = await world.get(path)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"] == "urn:werknetz:problem:other_level"
        assert "machine" in answer.json()["hint"]


async def test_a_definition_is_checked_without_being_stored(world: World) -> None:
    headers = {"X-API-Key": world.keys["engineer"]}
    url = "/api/v1/kpi_definitions:test"
    good = await world.client.post(url, json={"document": definition()}, headers=headers)
    assert good.json() == {
        "id": "waiting_share", "tests": 1, "inputs": ["apt_s", "pbt_s"], "newest_version": None,
        "is_stored": False,
    }  # fmt: skip
    bad = await world.client.post(url, json={"document": YAML}, headers=headers)
    assert bad.status_code == 422
    await put(world, definition())
    stored = await world.client.post(url, json={"document": definition()}, headers=headers)
    assert (stored.json()["newest_version"], stored.json()["is_stored"]) == (1, True)


async def test_one_definition_that_cannot_be_used_stops_no_other(world: World) -> None:
    await add_bucket(world, PRESS, TIMES[0])
    # As an element that a release no longer has, or an id that became a standard one.
    broken = str(definition("broken", formula="gone_s / pbt_s")).replace("'", '"')
    clash = str(definition("oee")).replace("'", '"')
    for name, document in (("broken", broken), ("oee", clash)):
        await world.database.execute(
            "INSERT INTO kpi_definitions (name, version, valid_from, document, entered_by)"
            " VALUES ($1, 1, '2026-01-01Z', $2, 'x')",
            name,
            document,
        )
    await put(world, definition())
    assert len(await values(world, f"equipment={PRESS}&kpi=waiting_share&{DAY}")) == 1
    answer = await world.get(f"/kpi_values?equipment={PRESS}&kpi=broken")
    assert answer.json()["type"] == "urn:werknetz:problem:unusable_kpi"
    assert "'gone_s' is not a variable" in answer.json()["detail"]
    [oee] = await values(world, f"equipment={PRESS}&kpi=oee&{DAY}")
    assert oee["definition_version"] > 1, "the standard one"
    rows = {r["id"]: r for r in (await world.get("/kpi_definitions")).json()["items"]}
    assert rows["waiting_share"]["problem"] is None
    assert "gone_s" in rows["broken"]["problem"]
    assert "use another id" in rows["oee"]["problem"]


async def test_a_definition_of_another_process_has_values_at_once(world: World) -> None:
    await add_bucket(world, PRESS, TIMES[0])
    assert (await world.get(f"/kpi_values?equipment={PRESS}&kpi=nothing")).status_code == 422
    cache = world.app.state.context.kpis
    cache._forced_at_s = 0.0
    document = str(definition("other")).replace("'", '"')
    await world.database.execute(
        "INSERT INTO kpi_definitions (name, version, valid_from, document, entered_by)"
        " VALUES ('other', 1, '2026-01-01Z', $1, 'x')",
        document,
    )
    assert len(await values(world, f"equipment={PRESS}&kpi=other&{DAY}")) == 1


async def test_a_key_of_one_plant_changes_nothing_for_all(world: World) -> None:
    assert (await put(world, definition(), "zwick")).status_code == 403
    assert (await put(world, definition(), "viewer")).status_code == 403
    assert (await put(world, definition(), "engineer")).status_code == 200
    assert (await world.get("/kpi_definitions/waiting_share", "emden")).status_code == 200


async def test_subjects_other_than_equipment(world: World) -> None:
    document = definition(
        "late_lines", subject="supplier", formula="lines_late / lines_due",
        tests=[{"elements": {"lines_late": 1, "lines_due": 4}, "expected": 0.25}],
    )  # fmt: skip
    assert (await put(world, document)).status_code == 200
    wrong = await world.get(f"/kpi_values?equipment={PRESS}&kpi=late_lines")
    assert wrong.json()["type"] == "urn:werknetz:problem:other_scope"
    none = await world.get("/kpi_values?supplier=*&kpi=late_lines&kpi=otif")
    assert none.status_code == 200, none.text


async def test_standard_records_are_complete(world: World) -> None:
    kpis = {kpi["name"]: kpi for kpi in (await world.get("/kpis")).json()}
    for kpi in kpis.values():
        for name in ("name_de", "name_en", "description", "formula", "unit", "effect_model"):
            assert kpi[name], (kpi["name"], name)
        for name in ("scope", "timing", "audience", "methodology", "inputs"):
            assert kpi[name], (kpi["name"], name)
        assert kpi["trend"] in {"up", "down"}
        assert kpi["version"] == len(kpi["history"]) + 1
        assert kpi["origin"] == ("werknetz" if kpi["number"] is None else "iso_22400")
    [former] = kpis["oee"]["history"]
    assert former["formula"] == "Σ(PRI × PQ) × (ΣGQ / ΣPQ) / ΣPBT"
    assert former["last_release"] == "0.1.0"
    assert "all scrap" in former["why"]


async def test_definitions_as_kpi_ml(world: World) -> None:
    await put(world, definition())
    answer = await world.get("/kpis.xml?kpi=oee&kpi=waiting_share")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    assert answer.text.startswith("<?xml")
    assert '<ID schemeVersionID="2">oee</ID>' in answer.text
    assert "<Trend>Lower-is-better</Trend>" in answer.text
    everything = await world.get("/kpis.xml")
    count = len((await world.get("/kpis")).json())
    assert everything.text.count("<KPIDefinition>") == count
    unknown = await world.get("/kpis.xml?kpi=oe")
    assert unknown.json()["type"] == "urn:werknetz:problem:unknown_kpi"
