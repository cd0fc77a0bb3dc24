"""Shift calendars over HTTP: versions, overlaps, holidays, iCalendar, marks and the audit log."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from werknetz_client.client import AsyncClient
from werknetz_client.errors import ApiError

from .conftest import CALENDAR, LINE, OTHER, PLANT, PRESS, ROBOT, World, add_bucket

pytestmark = pytest.mark.asyncio
DOCUMENT: dict[str, Any] = json.loads(CALENDAR)
ZWICK = "nordwerk/zwick-2"


def shift(name: str, start: str, end: str, *breaks: tuple[str, str]) -> dict[str, Any]:
    pairs = [list(pair) for pair in breaks]
    return {"name": name, "days": [0, 1, 2, 3, 4], "start": start, "end": end, "breaks": pairs}


def calendar(*shifts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**DOCUMENT, "shifts": list(shifts), **fields}


async def send(
    world: World, method: str, path: str, key: str = "engineer", **options: Any
) -> httpx2.Response:
    headers = {"X-API-Key": world.keys[key]} | options.pop("headers", {})
    return await world.client.request(
        method, f"/api/v1/equipment/{path}", headers=headers, **options
    )


async def put(world: World, document: dict[str, Any], path: str = PLANT, **fields: Any) -> Any:
    body = {"document": document, **fields}
    answer = await send(world, "PUT", f"{path}/calendars", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shifts(world: World, start: str, path: str = PLANT) -> list[tuple[str, str]]:
    answer = await world.get(f"/shifts?equipment={path}&start={start}")
    return [(item["name"], item["start"][11:16]) for item in answer.json()["items"]]


_SLOW_COMMIT = """
CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE ON shift_calendars
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_test();
SELECT pg_advisory_lock(4711);
"""
_WAITS = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"
    " AND NOT granted)"
)


async def test_who_looks_during_the_commit_hides_the_change_from_nobody(world: World) -> None:
    await world.database.execute(_SLOW_COMMIT)
    new = calendar(shift("day", "08:00", "16:00"))
    changed = asyncio.create_task(put(world, new, valid_from="2026-11-20"))
    async with asyncio.timeout(60):
        while not await world.database.fetchval(_WAITS):
            assert not changed.done()
            await asyncio.sleep(0.01)
    before = await shifts(world, "day:2026-11-20")
    await world.database.execute("SELECT pg_advisory_unlock(4711)")
    await changed
    assert before == [("early", "06:00"), ("late", "14:00")]
    assert await shifts(world, "day:2026-11-20") == [("day", "08:00")]


async def test_past_shifts_are_those_of_the_calendar_of_their_time(world: World) -> None:
    for at in ("2026-11-18T05:00Z", "2026-11-20T08:00Z"):
        await add_bucket(world, PRESS, at)
    await put(world, calendar(shift("day", "08:00", "16:00")), valid_from="2026-11-20")
    assert await shifts(world, "day:2026-11-19") == [("early", "06:00"), ("late", "14:00")]
    assert await shifts(world, "day:2026-11-20") == [("day", "08:00")]
    answer = await world.get(
        f"/kpi_values?equipment={PLANT}&kpi=oee&granularity=shift&start=2026-11-18&end=2026-11-21"
    )
    names = [item["window"] for item in answer.json()["items"]]
    assert names == ["early", "late", "early", "late", "day"]
    values = [item["value"] for item in answer.json()["items"]]
    assert [value is not None for value in values] == [True, False, False, False, True]


async def test_exactly_the_changed_buckets_are_marked(world: World) -> None:
    hours = [f"2026-11-{day}T{hour:02}:{minute:02}Z" for day in (18, 19) for hour in range(24)
             for minute in (0, 15, 30, 45)]  # fmt: skip
    for at in hours:
        await add_bucket(world, PRESS, at)
    await add_bucket(world, OTHER, "2026-11-19T14:00Z")
    # From the 19th on the late shift begins an hour later, at 15:00, which is 14:00Z.
    document = calendar(shift("early", "06:00", "14:00", ("10:00", "10:30")),
                        shift("late", "15:00", "22:00"))  # fmt: skip
    preview = await send(
        world, "POST", f"{PLANT}/calendars:preview", key="viewer",
        json={"document": document, "valid_from": "2026-11-19"},
    )  # fmt: skip
    assert preview.json()["changed_from"] == "2026-11-19T13:00:00Z"
    assert preview.json()["changed_to"] == "2026-11-19T14:00:00Z"
    assert (preview.json()["machines"], preview.json()["marked_buckets"]) == (1, 0)
    assert await world.database.fetchval("SELECT count(*) FROM dirty_buckets") == 0
    view = await put(world, document, valid_from="2026-11-19")
    marked = await world.database.fetch(
        "SELECT equipment_id, bucket_at FROM dirty_buckets ORDER BY 2"
    )
    # The bucket before holds stops that are judged by what follows.
    assert [(row[0], f"{row[1]:%d %H:%M}") for row in marked] == [
        (world.ids[PRESS], f"19 {text}") for text in ("12:45", "13:00", "13:15", "13:30", "13:45")
    ]
    assert view["marked_buckets"] == 5
    # The same again changes nothing; taking it back changes the same.
    assert (await put(world, document, valid_from="2026-11-19"))["marked_buckets"] == 0
    await world.database.execute("DELETE FROM dirty_buckets")
    gone = await send(world, "DELETE", f"{PLANT}/calendars?valid_from=2026-11-19")
    assert gone.json()["marked_buckets"] == 5


async def test_a_group_by_shift_has_the_shifts_of_each_plant(world: World) -> None:
    await put(world, calendar(shift("day", "08:00", "16:00")), path=ZWICK)
    await add_bucket(world, PRESS, "2026-11-20T05:00Z", pq=72)
    await add_bucket(world, OTHER, "2026-11-20T08:00Z", pq=36)
    query = "equipment=nordwerk&kpi=oee&start=day:today&granularity=shift"
    answer = await world.get(f"/kpi_values?{query}")
    assert answer.status_code == 200, answer.text
    items = [(i["equipment"], i["window"], i["inputs"]["pbt_s"]) for i in answer.json()["items"]]
    assert items == [
        (PLANT, "early", 900), (PLANT, "late", 0), (ZWICK, "day", 900),
    ]  # fmt: skip
    current = await world.get("/kpi_values?equipment=nordwerk&kpi=oee&start=shift:current")
    ranges = [(r["equipment"], r["shift"]["name"]) for r in current.json()["ranges"]]
    assert ranges == [(PLANT, "early"), (ZWICK, "day")]
    none = await world.get(f"/kpi_values?equipment={OTHER}&kpi=oee&granularity=shift&start=-1d")
    assert none.status_code == 200
    gone = await send(world, "DELETE", f"{ZWICK}/calendars?valid_from=1970-01-01T00:00Z")
    assert gone.status_code == 200, gone.text
    none = await world.get(f"/kpi_values?equipment={OTHER}&kpi=oee&granularity=shift&start=-1d")
    assert (none.status_code, none.json()["type"].rpartition(":")[2]) == (422, "no_shift_calendar")
    of_emden = await world.get(f"/kpi_values?{query}")
    assert {item["equipment"] for item in of_emden.json()["items"]} == {PLANT}


@pytest.mark.parametrize(
    ("now", "name", "day", "is_running"),
    [
        ("2026-11-20T10:07+01:00", "early", "2026-11-20", True),
        ("2026-11-20T14:00+01:00", "late", "2026-11-20", True),
        ("2026-11-20T21:59:59+01:00", "late", "2026-11-20", True),
        ("2026-11-20T22:00+01:00", "late", "2026-11-20", False),
        ("2026-11-22T12:00+01:00", "late", "2026-11-20", False),  # a Sunday: Friday's
    ],
)
async def test_the_current_shift_has_its_name_and_whether_it_runs(
    world: World, now: str, name: str, day: str, is_running: bool
) -> None:
    world.now[0] = datetime.fromisoformat(now).astimezone(UTC)
    for route in (
        f"/kpi_values?equipment={PLANT}&kpi=oee&start=shift:current",
        f"/equipment/{PLANT}/counts?start=shift:current",
        f"/equipment/{PLANT}/states?start=shift:current",
        f"/shifts?equipment={PLANT}&start=shift:current",
    ):
        content = (await world.get(route)).json()
        current = content["ranges"][0]["shift"] if "ranges" in content else content["shift"]
        assert (current["name"], current["day"], current["is_running"]) == (name, day, is_running)
        assert current["start"] < current["end"]
    free = (await world.get(f"/kpi_values?equipment={PLANT}&kpi=oee&start=-8h")).json()
    assert free["ranges"][0]["shift"] is None


@pytest.mark.parametrize(
    ("document", "valid_from", "code", "words"),
    [
        (calendar(shift("a", "06:00", "14:00"), shift("b", "13:45", "20:00")), "2026-12-01",
         "invalid_calendar", "overlap"),
        (calendar(shift("a", "06:00", "14:00"), exceptions=[
            {"date": "2026-12-24", "shifts": [{"name": "x", "start": "06:00", "end": "14:00"},
                                              {"name": "y", "start": "12:00", "end": "20:00"}]}]),
         "2026-12-01", "invalid_calendar", "2026-12-24"),
        # At 20:00 the late shift of the calendar before runs until 22:00.
        (calendar(shift("night", "21:00", "05:00")), "2026-11-23T20:00",
         "overlapping_shifts", "'late' of 2026-11-23 runs until"),
        (calendar(shift("a", "06:00", "14:00")), None, "invalid_parameter", "from when"),
        (calendar(shift("a", "06:00", "14:00")), "soon", "invalid_parameter", "not a time"),
        (calendar(holidays={"country": "Germany"}), "2026-12-01", "invalid_calendar", "ISO 3166"),
        (calendar(holidays={"country": "DE", "subdivision": "XX"}), "2026-12-01",
         "invalid_calendar", "NI"),
        (calendar(holidays={"country": "DE", "years": [2026]}), "2026-12-01",
         "invalid_calendar", "first and the last year"),
        (calendar(holidays={"land": "DE"}), "2026-12-01", "invalid_calendar", "country"),
        (calendar(holiday={}), "2026-12-01", "invalid_calendar", "unknown key 'holiday'"),
    ],
)  # fmt: skip
async def test_a_wrong_calendar_is_refused_and_nothing_changes(
    world: World, document: dict[str, Any], valid_from: str | None, code: str, words: str
) -> None:
    before = await world.database.fetch("SELECT * FROM shift_calendars ORDER BY id")
    body = {"document": document, "valid_from": valid_from}
    for method, suffix in (("PUT", ""), ("POST", ":preview")):
        answer = await send(world, method, f"{PLANT}/calendars{suffix}", json=body)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, f"urn:werknetz:problem:{code}")
        assert words in problem["detail"], problem
        assert problem["hint"]
    assert await world.database.fetch("SELECT * FROM shift_calendars ORDER BY id") == before
    assert await world.database.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_a_calendar_of_a_line_and_its_plant_may_not_overlap_in_time(world: World) -> None:
    document = calendar(shift("long", "13:00", "21:00"))
    answer = await send(
        world, "PUT", f"{LINE}/calendars",
        json={"document": document, "valid_from": "2026-11-23T12:00"},
    )  # fmt: skip
    assert answer.json()["type"] == "urn:werknetz:problem:overlapping_shifts"
    assert "'early' of 2026-11-23 runs until 2026-11-23T14:00:00+01:00" in answer.json()["detail"]
    await put(world, document, path=LINE, valid_from="2026-11-23")
    assert await shifts(world, "day:2026-11-23", LINE) == [("long", "13:00")]
    assert await shifts(world, "day:2026-11-20", LINE) == [("early", "06:00"), ("late", "14:00")]
    assert await shifts(world, "day:2026-11-23", PRESS) == [("long", "13:00")]
    assert await shifts(world, "day:2026-11-23") == [("early", "06:00"), ("late", "14:00")]
    listed = (await world.get(f"/equipment/{ROBOT}/calendars")).json()["items"]
    assert [(item["equipment"], item["in_force"]) for item in listed] == [
        (PLANT, True), (LINE, False),
    ]  # fmt: skip


async def test_holidays_become_exceptions_that_a_person_can_override(world: World) -> None:
    document = calendar(
        *DOCUMENT["shifts"],
        holidays={"country": "DE", "subdivision": "NI", "years": [2026, 2027], "language": "de"},
        exceptions=[{"date": "2026-10-31", "shifts": [
            {"name": "extra", "start": "06:00", "end": "12:00"}]}],
    )  # fmt: skip
    view = await put(world, document, valid_from="2026-06-01")
    names = {item["date"]: item["name"] for item in view["holidays"]}
    assert names["2026-12-25"] == "Erster Weihnachtstag"
    assert "2026-10-31" not in names
    assert await shifts(world, "day:2026-12-25") == []
    assert await shifts(world, "day:2026-10-31") == [("extra", "06:00")]
    # What is stored can be sent again: with another subdivision, its holidays.
    again = view["document"] | {"holidays": {"country": "DE", "subdivision": "BY"}}
    later = await put(world, again, valid_from="2026-06-01")
    assert "2027-01-06" in {item["date"] for item in later["holidays"]}


async def test_a_calendar_goes_out_as_icalendar_and_comes_back(world: World) -> None:
    document = calendar(
        *DOCUMENT["shifts"], shift("night", "22:00", "06:00", ("02:00", "02:30")),
        exceptions=[{"date": "2027-03-26", "closed": True},
                    {"date": "2027-03-29", "shifts": [
                        {"name": "short", "start": "08:00", "end": "12:00"}]}],
    )  # fmt: skip
    await put(world, document, valid_from="2026-12-01")
    span = "start=2026-12-07&end=2027-06-07"
    exported = await world.get(f"/equipment/{PLANT}/calendars.ics?{span}")
    assert exported.headers["content-type"].startswith("text/calendar")
    for line in ("BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "RRULE:FREQ=WEEKLY", "EXDATE"):
        assert line in exported.text
    imported = await send(
        world, "POST", f"{ZWICK}/calendars:import?{span}", content=exported.content,
        headers={"Content-Type": "text/calendar"},
    )  # fmt: skip
    assert imported.status_code == 200, imported.text
    await put(world, imported.json()["document"], path=ZWICK, valid_from="2026-12-07")
    for day in ("2026-12-07", "2027-03-26", "2027-03-28", "2027-03-29", "2027-05-04"):
        of_both = [
            (await world.get(f"/shifts?equipment={path}&start=day:{day}")).json()["items"]
            for path in (PLANT, ZWICK)
        ]
        mine, others = ([{**i, "equipment": ""} for i in items] for items in of_both)
        assert mine == others, day
    empty = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"
    for content, words in ((b"no calendar", "iCalendar"), (empty, "no event")):
        wrong = await send(world, "POST", f"{ZWICK}/calendars:import?{span}", content=content)
        assert (wrong.status_code, words in wrong.json()["detail"]) == (422, True), wrong.text


async def test_each_change_is_in_the_audit_log(world: World) -> None:
    first = calendar(shift("day", "08:00", "16:00"))
    await put(world, first, path=ZWICK, reason="new plant")
    await put(world, calendar(shift("day", "09:00", "17:00")), path=ZWICK,
              valid_from="1970-01-01T00:00Z")  # fmt: skip
    await send(world, "DELETE", f"{ZWICK}/calendars?valid_from=1970-01-01T00:00Z&reason=mistake")
    rows = await world.database.fetch(
        'SELECT "by", action, subject_id, before, after, reason, equipment FROM audit_log'
        " WHERE subject = 'calendar' ORDER BY id"
    )
    subject = f"{ZWICK}@1970-01-01T00:00:00Z"
    assert [tuple(row)[:3] for row in rows] == [
        ("engineer", action, subject) for action in ("created", "changed", "withdrawn")
    ]
    assert [row["reason"] for row in rows] == ["new plant", None, "mistake"]
    assert json.loads(rows[1]["before"]) == json.loads(rows[0]["after"]) == first
    assert (rows[0]["before"], rows[2]["after"]) == (None, None)


@pytest.mark.parametrize(
    ("method", "path", "key", "status", "hint"),
    [
        ("PUT", f"{PLANT}/calendars", "viewer", 403, "engineer"),
        ("PUT", f"{PLANT}/calendars", "zwick", 403, ""),
        ("DELETE", f"{PLANT}/calendars?valid_from=2026-01-01", "engineer", 404, "2020-01-01"),
        ("DELETE", f"{PLANT}/calendars?validfrom=2026-01-01", "engineer", 422, "valid_from"),
        ("PUT", "nordwerk/emden-7/calendars", "engineer", 404, PLANT),
    ],
)
async def test_who_may_change_what(
    world: World, method: str, path: str, key: str, status: int, hint: str
) -> None:
    body = {"json": {"document": DOCUMENT, "valid_from": "2026-12-01"}} if method == "PUT" else {}
    answer = await send(world, method, path, key, **body)
    assert answer.status_code == status, answer.text
    assert hint in answer.json()["hint"] + answer.json()["detail"]


async def test_unchanged_calendars_and_shifts_are_304(world: World) -> None:
    for route in (f"/equipment/{PLANT}/calendars", f"/shifts?equipment={PLANT}&start=day:today"):
        first = await world.get(route)
        same = await world.get(route, headers={"If-None-Match": first.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
    await put(world, calendar(shift("day", "08:00", "16:00")), valid_from="2026-11-20")
    changed = await world.get(route, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_the_client_sets_shows_exports_imports_and_deletes(world: World) -> None:
    transport = httpx2.ASGITransport(app=world.app)
    async with AsyncClient("http://core", world.keys["engineer"], transport=transport) as client:
        document = calendar(shift("day", "08:00", "16:00"))
        preview = await client.calendars.preview(PLANT, document, valid_from="2026-12-01")
        assert len(await client.calendars.list(PLANT)) == 1
        change = await client.calendars.put(
            PLANT, document, valid_from="2026-12-01", reason="one shift"
        )
        assert change["document"] == preview["document"] == document
        listed = await client.calendars.list(PRESS)
        assert [row["valid_from"][:10] for row in listed] == ["2020-01-01", "2026-12-01"]
        text = await client.calendars.export_ics(PLANT, start="2026-12-01", end="2027-03-01")
        imported = await client.calendars.import_ics(
            PLANT, text.encode(), start="2026-12-01", end="2027-03-01"
        )
        assert imported["document"]["shifts"] == [
            {"name": "day", "start": "08:00", "end": "16:00", "days": [0, 1, 2, 3, 4]}
        ]
        await client.calendars.delete(PLANT, "2026-12-01")
        assert len(await client.calendars.list(PLANT)) == 1
        with pytest.raises(ApiError) as refused:
            await client.calendars.put(PLANT, {"shifts": []}, valid_from="2026-12-01")
        assert "time_zone" in str(refused.value)


async def test_long_answers_are_compressed_for_those_who_take_it(world: World) -> None:
    route = f"/shifts?equipment={PLANT}&start=2026-11-01&end=2026-12-01"
    packed = await world.get(route, headers={"Accept-Encoding": "gzip"})
    plain = await world.get(route, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert "Accept-Encoding" in packed.headers["vary"]
    same = await world.get(
        route, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    )
    assert same.status_code == 304
    short = await world.get(f"/shifts?equipment={PLANT}&start=day:today")
    assert "content-encoding" not in short.headers
