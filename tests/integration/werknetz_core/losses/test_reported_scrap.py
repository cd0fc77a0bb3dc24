"""The reasons that systems report for scrap add up from shifts to days."""

from collections import Counter
from typing import Any

import pytest

from plumbing.loss_rows import Made, Piece, add_time

from ..conftest import PRESS, World  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
REPORT = """
WITH report AS (
    INSERT INTO machine_reports (event_id, equipment_id, kind, at, scrap_quantity)
    VALUES (gen_random_uuid(), $1, 'quality_inspected', $2::text::timestamptz, $3)
    RETURNING event_id)
INSERT INTO inspections (event_id, revision, known_from, at, equipment_id, equipment, defect)
SELECT event_id, 1, now(), $2::text::timestamptz, $1, 'as reported', $4 FROM report"""
# In Emden the late shift begins at 13:00 UTC.
EARLY, LATE = "start=2026-11-19T05:00Z&end=2026-11-19T13:00Z", "start=2026-11-19T13:00Z&end=now"
WHOLE = "start=2026-11-19T05:00Z&end=now"


async def microseconds_of(world: World, query: str) -> Counter[tuple[str, str | None]]:
    answer = await world.get(f"/losses?{query}&under={PRESS}&limit=10000")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    total = sum(round(row["seconds"] * 1e6) for row in body["items"])
    assert total == round(body["totals"]["seconds"] * 1e6)
    sums: Counter[tuple[str, str | None]] = Counter()
    for row in body["items"]:
        sums[row["category"], row["reason"]] += round(row["seconds"] * 1e6)
    return sums


async def test_reasons_of_a_day_are_those_of_its_shifts(world: World) -> None:
    press, database = world.ids[PRESS], world.database
    # Ten scrap parts of 10 s in the early shift, thirty of 4 s in the late one.
    for start, parts in (
        ("2026-11-19T08:00Z", Made(good=20, scrap=10)),
        ("2026-11-19T13:30Z", Made(good=20, scrap=30, run_s=4.0)),
    ):
        await add_time(database, press, start, [Piece(60)], parts)
    await database.execute(
        "UPDATE elements SET sq = CASE WHEN bucket_at = '2026-11-19T08:00Z' THEN 10"
        " WHEN bucket_at = '2026-11-19T13:30Z' THEN 30 ELSE 0 END WHERE equipment_id = $1", press,
    )  # fmt: skip
    for at, quantity, code in (
        ("2026-11-19T09:00Z", 25.0, "D7"),  # more than the ten that were counted
        ("2026-11-19T14:15Z", 6.0, "D7"), ("2026-11-19T14:15Z", 3.0, "D9"),
    ):  # fmt: skip
        await database.execute(REPORT, press, at, quantity, code)
    by_reason = "group_by=category,reason"
    day = await microseconds_of(world, f"{WHOLE}&{by_reason}")
    assert day == await microseconds_of(world, f"{WHOLE}&{by_reason},shift")
    early = await microseconds_of(world, f"{EARLY}&{by_reason}")
    late = await microseconds_of(world, f"{LATE}&{by_reason}")
    assert day == early + late
    assert early["scrap", "D7"] == 100_000_000
    assert (early["scrap", "D9"], early["scrap", None]) == (0, 0)
    assert late["scrap", "D7"] == 24_000_000
    assert late["scrap", "D9"] == 12_000_000
    assert late["scrap", None] == 84_000_000
