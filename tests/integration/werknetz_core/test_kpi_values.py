"""KPI values over HTTP: sums, windows, ETags, and the problems of wrong queries."""

import pytest

from .conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
DAY = "start=2026-11-20T05:00:00Z&end=2026-11-20T06:00:00Z"


async def test_a_line_is_its_machines_summed(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    await add_bucket(world, ROBOT, "2026-11-20T05:15Z", pq=36)
    await add_bucket(world, OTHER, "2026-11-20T05:15Z", pq=0)
    answer = await world.get(f"/kpi_values?equipment={LINE}&kpi=oee&kpi=availability&{DAY}")
    assert answer.status_code == 200, answer.text
    oee, availability = answer.json()["items"]
    assert oee["value"] == pytest.approx(1080 / 1800)
    assert availability["value"] == pytest.approx(1440 / 1800)
    assert (oee["coverage"], oee["late_share"], oee["provisional"]) == (1, 0.1, False)
    assert oee["inputs"]["pbt_s"] == 1800
    assert oee["start"] == "2026-11-20T06:00:00+01:00"
    above = await world.get(f"/kpi_values?equipment=nordwerk&kpi=availability&{DAY}")
    assert above.json()["items"][0]["value"] == pytest.approx(2160 / 2700)


async def test_shifts_are_whole_and_named(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z")
    answer = await world.get(
        f"/kpi_values?equipment={PLANT}&kpi=oee&granularity=shift&start=day:today"
    )
    early, late = answer.json()["items"]
    assert (early["window"], early["provisional"]) == ("early", True)
    assert early["start"] == "2026-11-20T06:00:00+01:00"
    assert (late["window"], late["value"], late["reason"]) == ("late", None, "no data")
    for granularity in ("15m", "hour", "1d", "1w", "1mo", "quarter", "year", "none"):
        other = await world.get(
            f"/kpi_values?equipment={PLANT}&kpi=oee&granularity={granularity}&start=-8h"
        )
        values = [item["value"] for item in other.json()["items"]]
        assert [value for value in values if value is not None] == [pytest.approx(600 / 900)]


async def test_nothing_there_is_no_error(world: World) -> None:
    answer = await world.get(f"/kpi_values?equipment={PLANT}&kpi=oee&start=-8h")
    assert answer.json()["no_data"] is True
    assert answer.json()["items"][0]["reason"] == "no data"


async def test_unchanged_is_304_without_a_query(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z")
    url = f"/kpi_values?equipment={PLANT}&kpi=oee&start=-8h"
    first = await world.get(url)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, max-age=5, stale-while-revalidate=30"
    # Whoever asks the database now gets an error.
    await world.database.execute("ALTER TABLE elements RENAME TO away")
    same = await world.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await world.get(url)).status_code == 503
    await world.database.execute("ALTER TABLE away RENAME TO elements")
    redis = world.app.state.context.redis
    await redis.hincrby("wn:mark", PLANT, 1)
    changed = await world.get(url, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    await redis.flushall()
    await redis.hincrby("wn:mark", PLANT, 1)
    recomputed = await world.get(url, headers={"If-None-Match": changed.headers["etag"]})
    assert recomputed.status_code == 200


async def test_many_questions_have_an_answer_or_a_problem_each(world: World) -> None:
    await add_bucket(world, PRESS, "2026-11-20T05:00Z")
    queries = [
        {"equipment": [PRESS], "kpi": ["oee"], "start": "-8h"},
        {"equipment": ["nordwerk/emden-9"], "kpi": ["oee"]},
        {"equipment": [PRESS], "kpi": ["oe"]},
    ]
    answer = await world.client.post(
        "/api/v1/kpi_values:query",
        json={"queries": queries},
        headers={"Authorization": f"Bearer {world.keys['viewer']}"},
    )
    good, unknown, wrong = answer.json()["results"]
    assert good["answer"]["items"][0]["value"] == pytest.approx(600 / 900)
    assert unknown["problem"]["status"] == 404
    assert "oee" in wrong["problem"]["hint"]


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("equipment=nordwerk/emdn-1&kpi=oee", 404, "unknown_equipment", PLANT),
        ("equipment=Nord//x&kpi=oee", 422, "invalid_parameter", "nordwerk/emden-1"),
        (f"equipment={PLANT}&kpi=availabilty", 422, "unknown_kpi", "availability"),
        (f"equipment={PLANT}&kpi=oee,quality_ratio", 422, "unknown_kpi", "kpi=oee&kpi=quality_r"),
        (f"equipment={PLANT}", 422, "invalid_parameter", "kpi=oee"),
        (f"equipment={PLANT}&kpi=oee&granularty=shift", 422, "invalid_parameter", "granularity"),
        (f"equipment={PLANT}&kpi=oee&granularity=fortnight", 422, "invalid_parameter", "1mo"),
        (f"equipment={PLANT}&kpi=oee&start=yesterday", 422, "invalid_parameter", "RFC 3339"),
        (f"equipment={PLANT}&kpi=oee&start=now&end=-8h", 422, "invalid_parameter", "before"),
        (f"equipment={PLANT}&kpi=oee&start=9999-12-31", 422, "invalid_parameter", "RFC 3339"),
        (f"equipment={PLANT}&kpi=oee&start=99999999999999999", 422, "invalid_parameter", "RFC"),
        (f"equipment={PLANT}&kpi=oee&tz=Mars/Olympus", 422, "invalid_parameter", "Europe/Berlin"),
        (
            f"equipment={PLANT}&kpi=oee&start=1970-01-02&granularity=hour",
            422,
            "query_too_large",
            "",
        ),
        (f"equipment={OTHER}&kpi=oee&granularity=shift", 422, "no_shift_calendar", "calendar set"),
        (f"equipment={OTHER}&kpi=oee&start=shift:current", 422, "no_shift_calendar", "calendar"),
    ],
)
async def test_a_wrong_query_gets_a_hint(
    world: World, query: str, status: int, code: str, hint: str
) -> None:
    answer = await world.get(f"/kpi_values?{query}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"urn:werknetz:problem:{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in problem["hint"]
    assert problem["trace_id"] == answer.headers["x-trace-id"]
