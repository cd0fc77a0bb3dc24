"""Rankings of losses: every grouping adds up to the same whole, to the microsecond."""

import csv
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from plumbing.loss_rows import Made, Piece, S, add_time
from werknetz.kpi.losses.categories import CATEGORIES

from ..conftest import LINE, OTHER, PLANT, PRESS, ROBOT, World  # noqa: TID252 - the fixture's world

pytestmark = pytest.mark.asyncio
SPAN = "start=2026-11-19T08:00:00Z&end=2026-11-19T16:00:00Z"
DIMENSIONS = ("plant", "line", "machine", "category", "big_loss", "reason", "order", "shift")


async def add_day(world: World) -> None:
    """Stops across a change of order, a quarter and a change of shift (14:00 in Emden)."""
    await add_time(
        world.database, world.ids[PRESS], "2026-11-19T08:00Z",
        [
            Piece(20), Piece(7, S.SETUP, "tool"), Piece(8, S.IDLE, "a", "A-1"),
            Piece(17, S.IDLE, "a", "A-2"), Piece(230), Piece(1, S.MALFUNCTION, "jam", minor=True),
            Piece(14, S.BLOCKED), Piece(70, S.REPAIR, "motor", "A-2"), Piece(3, S.UNKNOWN),
            Piece(60, order="A-3"), Piece(10, S.IDLE, order=None), Piece(40, S.OFF, off=True),
        ],
        Made(good=1400, scrap=60),
    )  # fmt: skip
    await add_time(
        world.database, world.ids[ROBOT], "2026-11-19T08:00Z",
        [Piece(30), Piece(1, S.MALFUNCTION, "jam", minor=True), Piece(29), Piece(60, S.IDLE, "a")],
        Made(good=300, run_s=11.3),
    )  # fmt: skip
    await add_time(
        world.database, world.ids[OTHER], "2026-11-19T09:00Z", [Piece(45), Piece(15, S.REPAIR)],
        Made(good=200),
    )  # fmt: skip


def us(seconds: float) -> int:
    return round(seconds * 1e6)


async def rank(world: World, query: str) -> dict[str, Any]:
    answer = await world.get(f"/losses?{SPAN}&{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_every_grouping_adds_up_exactly(world: World) -> None:
    await add_day(world)
    groupings = [[name] for name in DIMENSIONS] + [
        list(pair) for pair in combinations(DIMENSIONS, 2)
    ]
    wholes = set()
    for grouping in [*groupings, list(DIMENSIONS)]:
        answer = await rank(world, f"group_by={','.join(grouping)}&limit=3")
        totals = answer["totals"]
        rows = sum(us(row["seconds"]) for row in answer["items"])
        assert rows + us(answer["rest"]["seconds"]) == us(totals["seconds"]), grouping
        assert us(totals["loss_s"]) + us(totals["not_judged_s"]) == us(totals["seconds"])
        parts = us(totals["good_s"]) + us(totals["loss_s"]) + us(totals["not_judged_s"])
        assert parts == us(totals["busy_s"]), grouping
        wholes.add((us(totals["seconds"]), us(totals["calendar_s"])))
    assert len(wholes) == 1
    everything = await rank(world, "kind=loss&kind=not_judged&kind=planned&group_by=shift,category")
    whole = us(everything["totals"]["seconds"]) + us(everything["totals"]["good_s"])
    assert whole == us(everything["totals"]["calendar_s"])


async def test_pareto_by_minutes_and_by_count(world: World) -> None:
    await add_day(world)
    by_time = await rank(world, "kind=loss&group_by=category")
    minutes = {row["category"]: row["seconds"] / 60 for row in by_time["items"]}
    assert minutes["malfunction"] == 85
    assert minutes["idle"] == 85
    assert minutes["minor_stop"] == 2
    amounts = [row["seconds"] for row in by_time["items"]]
    assert amounts == sorted(amounts, reverse=True)
    assert by_time["items"][-1]["cumulative_share"] == pytest.approx(1)
    by_count = await rank(world, "kind=loss&group_by=category&sort=-stops")
    first = by_count["items"][0]
    # The stop of the press is one: neither the order nor the quarter divides it.
    assert {row["category"]: row["stops"] for row in by_count["items"]}["idle"] == 2
    assert (first["stops"], first["cumulative_share"]) == (2, pytest.approx(2 / 9))


async def test_the_six_big_losses(world: World) -> None:
    await add_day(world)
    by_category = await rank(world, "kind=loss&group_by=category")
    expected: Counter[str | None] = Counter()
    for row in by_category["items"]:
        expected[CATEGORIES[row["category"]].big_loss] += us(row["seconds"])
    answer = await rank(world, "kind=loss&group_by=big_loss")
    assert {row["big_loss"]: us(row["seconds"]) for row in answer["items"]} == expected
    assert expected["breakdowns"] == us(85 * 60)
    assert answer["items"][0]["busy_share"] == pytest.approx(
        answer["items"][0]["seconds"] / answer["totals"]["busy_s"]
    )


async def test_shifts_and_orders(world: World) -> None:
    await add_day(world)
    shifts = await rank(world, "kind=loss&group_by=shift,category&under=" + PRESS)
    rows = {(row["shift"], row["category"]): row for row in shifts["items"]}
    # The repair goes from 12:57 to 14:07 UTC; the late shift begins at 13:00.
    assert rows["early", "malfunction"]["seconds"] == 3 * 60
    assert rows["late", "malfunction"]["seconds"] == 67 * 60
    assert (rows["early", "malfunction"]["stops"], rows["late", "malfunction"]["stops"]) == (1, 0)
    orders = await rank(world, "kind=loss&group_by=order,category&under=" + PRESS)
    rows = {(row["order"], row["category"]): row for row in orders["items"]}
    assert rows["A-1", "idle"]["seconds"] == 8 * 60
    assert rows["A-2", "idle"]["seconds"] == 17 * 60
    assert rows[None, "no_order"]["seconds"] == 600


async def test_reasons_of_codes_and_the_untagged_share(world: World) -> None:
    """Code a stands for a reason in the plant; a person has classified stops as jam.

    A code that only reads like a reason is none.
    """
    await add_day(world)
    before = await rank(world, "group_by=reason&kind=loss&under=" + PRESS)
    assert before["totals"]["untagged_share"] == 1
    await world.database.execute(
        "INSERT INTO reason_codes (equipment_id, state_code, reason) VALUES ($1, 'a', 'no_worker')",
        world.ids[PLANT],
    )
    await world.database.execute(
        "INSERT INTO state_entries (equipment_id, start_at, end_at, reason, entered_by)"
        " VALUES ($1, '2026-11-19T12:42Z', '2026-11-19T12:43Z', 'jam', 'engineer')",
        world.ids[PRESS],
    )  # fmt: skip
    after = await rank(world, "group_by=reason&kind=loss&under=" + PRESS)
    minutes = {row["reason"]: row["seconds"] / 60 for row in after["items"]}
    assert (minutes["no_worker"], minutes["jam"]) == (25, 1)
    stops_min = 7 + 25 + 1 + 14 + 70 + 10
    assert after["totals"]["stop_s"] == stops_min * 60
    assert after["totals"]["untagged_share"] == pytest.approx(1 - 26 / stops_min)


async def test_comparison_with_the_period_before(world: World) -> None:
    await add_day(world)
    await add_time(
        world.database, world.ids[ROBOT], "2026-11-19T00:00Z", [Piece(30), Piece(30, S.SETUP)],
        Made(good=150),
    )  # fmt: skip
    for compare in ("previous", "2026-11-19T00:00Z..2026-11-19T08:00Z"):
        answer = await rank(world, f"kind=loss&under={LINE}&compare={compare}")
        rows = {row["category"]: row for row in answer["items"]}
        assert rows["set_up"]["seconds"] == 7 * 60
        assert rows["set_up"]["compared"]["seconds"] == 30 * 60
        assert rows["set_up"]["compared"]["change_s"] == -23 * 60
        assert rows["set_up"]["compared"]["change_points"] < -48
        assert rows["idle"]["compared"]["seconds"] == 0
        totals = answer["compared"]["totals"]
        compared = sum(us(row["compared"]["seconds"]) for row in answer["items"])
        assert compared == us(totals["loss_s"])


async def test_comparison_of_machines(world: World) -> None:
    await add_day(world)
    answer = await rank(world, f"kind=loss&under={PRESS}&compare={ROBOT}&group_by=machine,category")
    rows = {row["category"]: row for row in answer["items"]}
    assert {row["machine"] for row in answer["items"]} == {PRESS}
    assert rows["idle"]["compared"]["seconds"] == 60 * 60
    assert answer["compared"]["under"] == [ROBOT]


async def test_a_key_sees_its_plants(world: World) -> None:
    await add_day(world)
    answer = await world.get(f"/losses?{SPAN}&group_by=plant", key="emden")
    assert {row["plant"] for row in answer.json()["items"]} == {PLANT}
    assert (await world.get(f"/losses?under={OTHER}", key="emden")).status_code == 403
    assert (
        await world.get(f"/losses?compare={OTHER}&under={PRESS}", key="emden")
    ).status_code == 403


async def test_nothing_is_no_error(world: World) -> None:
    answer = await rank(world, "compare=previous")
    assert (answer["no_data"], answer["items"]) == (True, [])
    assert answer["totals"]["untagged_share"] is None


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("group_by=categorie", "category"),
        ("group_by=category,colour", "plant, line"),
        ("compare=previuos", "previous"),
        ("compare=last", "FROM"),
        ("compare=2026-11-02..2026-11-01", "before"),
        (f"compare={ROBOT}&under={PRESS}&under={OTHER}", "one `under`"),
        ("groupby=category", "group_by"),
        ("kind=lost", "errors"),
        ("sort=seconds", "errors"),
        ("limit=0", "errors"),
    ],
)
async def test_a_wrong_query_gets_a_hint(world: World, query: str, hint: str) -> None:
    answer = await world.get(f"/losses?{query}")
    assert answer.status_code == 422, answer.text
    assert hint in answer.json()["hint"], answer.json()


async def test_unchanged_is_304_without_a_query(world: World) -> None:
    await add_day(world)
    url = f"/losses?{SPAN}&under={PLANT}&compare=previous"
    tag = (await world.get(url)).headers["etag"]
    await world.database.execute("ALTER TABLE elements RENAME TO away")
    same = await world.get(url, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("accept", [None, "text/csv"])
async def test_the_same_ranking_as_csv(world: World, accept: str | None) -> None:
    await add_day(world)
    query = "group_by=machine,category&compare=previous&kind=loss&limit=3"
    json = await rank(world, query)
    url = f"/losses?{SPAN}&{query}" + ("" if accept else "&format=csv")
    answer = await world.get(url, headers={"Accept": accept} if accept else {})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="losses.csv"' in answer.headers["content-disposition"]
    rows = [*csv.DictReader(answer.text.splitlines())]
    assert [(row["machine"], row["category"], float(row["seconds"])) for row in rows] == [
        (row["machine"], row["category"], row["seconds"]) for row in json["items"]
    ]
    assert {"change_s", "compared_seconds", "share"} <= rows[0].keys()
    assert "plant" not in rows[0]
    etag = {"If-None-Match": answer.headers["etag"]}
    assert (await world.get(url, headers={**etag, "Accept": accept or "*/*"})).status_code == 304
    as_json = await world.get(f"/losses?{SPAN}&{query}", headers=etag)
    assert as_json.status_code == 200
    excel = await world.get(f"{url}&csv_dialect=excel-de", headers={"Accept": accept or "*/*"})
    assert excel.text.startswith("\ufeffmachine;category;")


async def test_scrap_by_reason_and_speed_by_order(world: World) -> None:
    """Of six scrap parts of the press, three are cracked and one has a bad surface."""
    await add_day(world)
    scrap_s = {
        row["bucket_at"]: row["scrap_s"]
        for row in await world.database.fetch(
            "SELECT bucket_at, judged_pri_pq_s - judged_pri_gq_s AS scrap_s FROM elements"
            " WHERE equipment_id = $1 AND judged_pri_pq_s > judged_pri_gq_s", world.ids[PRESS],
        )
    }  # fmt: skip
    [(bucket, whole_s)] = scrap_s.items()
    await world.database.execute(
        "UPDATE elements SET sq = 6 WHERE equipment_id = $1", world.ids[PRESS]
    )
    for quantity, reason in ((3, "crack"), (1, "surface"), (-1, None)):
        await world.database.execute(
            "INSERT INTO quantity_entries (equipment_id, at, role, quantity, reason, entered_by)"
            " VALUES ($1, $2::timestamptz + interval '15 minutes', 'scrap_count', $3, $4, 'eva')",
            world.ids[PRESS], bucket, quantity, reason,
        )  # fmt: skip
    await world.database.execute(
        "INSERT INTO order_elements (equipment_id, bucket_at, order_number) VALUES ($1, $2, 'A-7')",
        world.ids[PRESS], bucket,
    )  # fmt: skip
    answer = await rank(world, f"group_by=category,reason,order&under={PRESS}&limit=10000")
    rows = {
        (row["reason"], row["order"]): us(row["seconds"])
        for row in answer["items"]
        if row["category"] in {"scrap", "start_up"}
    }
    assert rows["crack", "A-7"] == pytest.approx(us(whole_s / 2), abs=2)
    assert rows["surface", "A-7"] == pytest.approx(us(whole_s / 6), abs=2)
    assert rows[None, "A-7"] == pytest.approx(us(whole_s / 3), abs=2)
    speeds = {row["order"] for row in answer["items"] if row["category"] == "speed"}
    assert "A-7" in speeds
    total = sum(us(row["seconds"]) for row in answer["items"])
    assert total == us(answer["totals"]["seconds"])
    plain = await rank(world, f"group_by=category&under={PRESS}")
    for category in ("scrap", "start_up", "speed"):
        whole = [us(row["seconds"]) for row in plain["items"] if row["category"] == category]
        parts = [us(row["seconds"]) for row in answer["items"] if row["category"] == category]
        assert sum(parts) == sum(whole), category
    assert plain["totals"]["untagged_share"] == answer["totals"]["untagged_share"]


MACHINE_REPORT = """
WITH report AS (
    INSERT INTO machine_reports (event_id, equipment_id, kind, at, order_number, scrap_quantity)
    VALUES (gen_random_uuid(), $1, 'quality_inspected', $2, $3, $4) RETURNING event_id)
INSERT INTO inspections (event_id, revision, known_from, at, equipment_id, equipment, defect)
SELECT event_id, 1, now(), $2, $1, 'as reported', $5 FROM report"""
JOB_RUN = """
INSERT INTO job_runs (equipment_id, order_number, started_at, ended_at, scrap_quantity, defect)
VALUES ($1, $2, $3, $4, $5, $6)"""


async def test_scrap_has_the_reasons_that_systems_report(world: World) -> None:
    """Of 60 scrap parts a person gave 20 a reason: what inspections and jobs say is of the rest."""
    await add_day(world)
    press, database = world.ids[PRESS], world.database
    [(bucket, whole_s)] = await database.fetch(
        "SELECT bucket_at, judged_pri_pq_s - judged_pri_gq_s FROM elements"
        " WHERE equipment_id = $1 AND judged_pri_pq_s > judged_pri_gq_s", press,
    )  # fmt: skip
    at = bucket + timedelta(minutes=15)
    await database.execute(
        "INSERT INTO quantity_entries (equipment_id, at, role, quantity, reason, entered_by)"
        " VALUES ($1, $2, 'scrap_count', 20, 'crack', 'eva')", press, at,
    )  # fmt: skip
    for order, quantity, defect in (
        ("A-7", 10, "D7"), ("A-9", 4, "surface"), ("A-8", 9, "D7"), (None, 5, "D7"),
        ("A-7", 3, None), ("A-7", 0, "D7"),
    ):  # fmt: skip
        await database.execute(MACHINE_REPORT, press, at, order, quantity, defect)
    # The job of A-8 says why itself: inspections of it and during it do not count again. Half of it
    # lies in the span.
    half = timedelta(hours=3)
    await database.execute(JOB_RUN, press, "A-8", bucket - half, bucket + half, 12, "D8")

    async def seconds_of(query: str = "") -> dict[str | None, float]:
        answer = await rank(world, f"group_by=category,reason{query}&under={PRESS}&limit=10000")
        sums: dict[str | None, float] = defaultdict(float)
        for row in answer["items"]:
            if row["category"] in {"scrap", "start_up"}:
                sums[row["reason"]] += row["seconds"] / whole_s * 60
        total = sum(us(row["seconds"]) for row in answer["items"])
        assert total == us(answer["totals"]["seconds"])
        return sums

    expected: dict[str | None, float] = {"crack": 20, "D7": 10, "surface": 4, "D8": 6, None: 20}
    assert await seconds_of() == pytest.approx(expected, abs=0.01)
    body = {"state_code": "D7", "reason": "dimension", "kind": "scrap"}
    headers = {"X-API-Key": world.keys["engineer"]}
    url = f"/api/v1/reason_codes/{LINE}"
    answer = await world.client.put(url, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    expected["dimension"] = expected.pop("D7")
    assert await seconds_of() == pytest.approx(expected, abs=0.01)
    wrong = await world.client.put(url, json={**body, "kind": "stop"}, headers=headers)
    assert wrong.status_code == 422
    report = (await world.get(f"/shift_reports/{PRESS}?{SPAN}")).json()
    quantities = {row["reason"]: row["quantity"] for row in report["scrap_reasons"]}
    assert quantities == pytest.approx(expected)
    names = {row["reason"]: row["name_en"] for row in report["scrap_reasons"]}
    assert (names["dimension"], names["D8"]) == ("Dimension out of tolerance", None)
    # Never more than what was counted: 40 parts are left of 60, whatever systems say.
    await database.execute(MACHINE_REPORT, press, at, "A-9", 380, "burr")
    sums = await seconds_of()
    assert sums["crack"] == pytest.approx(20, abs=0.01)
    assert sums["burr"] == pytest.approx(40 * 380 / 400, abs=0.01)
    assert sum(sums.values()) == pytest.approx(60, abs=0.01)
