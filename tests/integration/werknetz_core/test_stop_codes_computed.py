"""Codes that stand for reasons change KPIs; stops stay readable as they were known before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import LINE, PLANT, PRESS, World
from .stop_requests import at, list_stops, post, send
from .test_stops_computed import START, add_machine, work

pytestmark = pytest.mark.asyncio
STATES = (
    "setup", "idle", "malfunction", "blocked", "starved", "suspended", "maintenance", "repair",
)  # fmt: skip


async def early_sums(world: World, *names: str) -> tuple[float, ...]:
    """Return the sums of the time before 9:00, in which there is no break."""
    columns = ", ".join(f"sum({name})" for name in names)
    query = f"SELECT {columns} FROM elements WHERE bucket_at < $1"
    row = await world.database.fetchrow(query, at("09:00"))
    assert row is not None
    return tuple(row)


async def map_code(world: World, path: str, reason: str | None, code: str = "E17") -> None:
    body = {"state_code": code, "reason": reason, "why": "as agreed"}
    response = await send(world, "PUT", f"/reason_codes/{path}", body)
    assert response.status_code == 200, response.text


async def list_marked(world: World) -> list[str]:
    rows = await world.database.fetch("SELECT bucket_at FROM dirty_buckets ORDER BY bucket_at")
    return [f"{row[0]:%H:%M}" for row in rows]


MAPPED: list[tuple[str, float, str, dict[str, float]]] = [
    ("a fault is planned cleaning", 4, "cleaning", {"pdot_s": 1200, "fe": 0, "malfunction_s": 0}),
    ("a fault is a tool change", 4, "tool_change", {"aust_s": 1200, "fe": 0, "malfunction_s": 0}),
    ("a fault is missing material", 4, "material", {"starved_s": 1200, "adet_s": 1200, "fe": 0}),
    ("idle is a fault", 3, "jam", {"malfunction_s": 1200, "fe": 1, "idle_s": 0}),
    ("idle is no order", 3, "no_order", {"adot_s": 1200, "adet_s": 0}),
    ("maintenance is no planned time", 8, "repair", {"pdot_s": 0, "adet_s": 1200, "fe": 1}),
    ("what the machine says already", 4, "mechanical", {"malfunction_s": 1200, "fe": 1}),
]


@pytest.mark.parametrize(("name", "state", "reason", "expected"), MAPPED)
async def test_the_reason_of_a_code_changes_the_kpis(
    world: World, name: str, state: float, reason: str, expected: dict[str, float]
) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", state, "E17"), ("08:25", 1, "run"))
    before = await early_sums(world, *expected)
    await map_code(world, LINE, reason)
    # The stop, and the bucket before it in which a fault could begin that goes on into it.
    assert await list_marked(world) == ["08:00", "08:15"]
    await work(world)
    assert await early_sums(world, *expected) == tuple(expected.values()), name
    [stop] = [
        *await list_stops(world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z"
                          + "".join(f"&state={s}" for s in STATES)),
    ]  # fmt: skip
    assert (stop["reason"], stop["reason_source"], stop["code"]) == (reason, "code", "E17")
    revised = await world.database.fetch("SELECT DISTINCT bucket_at FROM element_revisions")
    assert {f"{row[0]:%H:%M}" for row in revised} == (
        set() if reason == "mechanical" else {"08:00", "08:15"}
    )
    await map_code(world, LINE, None)
    await work(world)
    assert await early_sums(world, *expected) == before, "without the mapping"
    log = (await world.get("/audit?subject=reason_code", "admin")).json()["items"]
    assert [(row["before"], row["after"], row["reason"]) for row in reversed(log)] in (
        [(None, {"reason": reason}, "as agreed"), ({"reason": reason}, None, "as agreed")],
        [({"reason": reason}, None, "as agreed"), (None, {"reason": reason}, "as agreed")],
    )


async def test_a_mapping_marks_only_where_it_decides(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", 4, "E17"), ("08:10", 4, "E18"),
                      ("08:50", 1, "run"))  # fmt: skip
    await map_code(world, LINE, "tool_change")
    await work(world)
    assert await early_sums(world, "aust_s") == (300,)
    await map_code(world, PLANT, "cleaning")
    assert await list_marked(world) == [], "the line has its own mapping"
    await map_code(world, PRESS, "jam")
    assert await list_marked(world) == ["08:00"]
    await work(world)
    assert await early_sums(world, "aust_s", "malfunction_s") == (0, 2700)
    await map_code(world, PRESS, "jam")
    assert await list_marked(world) == [], "it is as it was"
    await map_code(world, PRESS, None)
    await map_code(world, LINE, None)
    await work(world)
    assert await early_sums(world, "pdot_s", "aust_s") == (300, 0), "that of the plant holds again"


async def test_a_person_outranks_the_reason_of_a_code(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", 4, "E17"), ("08:25", 1, "run"))
    await map_code(world, PLANT, "cleaning")
    await work(world)
    assert await early_sums(world, "pdot_s") == (1200,)
    query = "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z&state=malfunction"
    [stop] = await list_stops(world, query)
    first = await post(world, f"/stops/{stop['id']}:classify", {"reason": "tool_change"})
    await work(world)
    assert await early_sums(world, "pdot_s", "aust_s") == (0, 1200)
    body = {"reason": "jam", "version": first["change"]}
    second = await post(world, f"/stops/{stop['id']}:classify", body)
    await work(world)
    assert await early_sums(world, "pdot_s", "malfunction_s") == (0, 1200)
    body = {"reason": None, "comment": "not sure", "version": second["change"]}
    await post(world, f"/stops/{stop['id']}:classify", body)
    await work(world)
    assert await early_sums(world, "pdot_s", "malfunction_s") == (1200, 0), "only a comment is left"


async def test_a_changed_reason_is_computed_where_codes_stand_for_it(world: World) -> None:
    await add_machine(world, (START, 1, "run"), ("08:05", 4, "E17"), ("08:25", 1, "run"))
    await map_code(world, PLANT, "jam")
    await work(world)
    assert (
        await send(world, "PUT", "/reasons/jam", {"name_en": "Jam"}, "admin")
    ).status_code == 200
    assert await list_marked(world) == [], "a name changes nothing"
    body = {"category": "pdot", "planned": True, "counts_against_availability": False}
    assert (await send(world, "PUT", "/reasons/jam", body, "admin")).status_code == 200
    assert await list_marked(world) == ["08:00", "08:15"]
    await work(world)
    assert await early_sums(world, "pdot_s", "adet_s") == (1200, 0)


async def list_known(world: World, as_of: str) -> list[tuple[Any, ...]]:
    """Return the stops of all states as they were known at an instant, and their reasons' time."""
    states = "".join(f"&state={state}" for state in STATES)
    span = f"start=2026-11-20T07:00Z&end=2026-11-20T09:00Z{states}"
    stops = await list_stops(world, f"{span}&as_of={as_of}" if as_of else span)
    return [
        (s["start"][11:16], s["end"][11:16], s["state"], s["reason"], s["minor"], s["pdot_s"])
        for s in stops
    ]


async def now_at(world: World) -> str:
    moment = await world.database.fetchval("SELECT clock_timestamp()")
    return f"{moment.isoformat().replace('+00:00', 'Z')}"


async def test_stops_as_they_were_known(world: World) -> None:
    world.now[0] = datetime.now(UTC) + timedelta(days=1)
    before = await now_at(world)
    await add_machine(world, (START, 1, "run"), ("08:05", 4, "E17"), ("08:07", 1, "run"))
    short = ("08:05", "08:07", "malfunction")
    history: list[tuple[str, list[tuple[Any, ...]]]] = [(before, [])]

    async def remember() -> None:
        history.append((await now_at(world), await list_known(world, "")))

    await remember()
    assert history[-1][1] == [(*short, None, False, 0)]
    body = {"minor_stop_s": 180, "valid_from": "2026-11-20T07:00:00Z"}
    assert (await send(world, "PUT", f"/stop_thresholds/{LINE}", body)).status_code == 200
    await work(world)
    await remember()
    assert history[-1][1] == [(*short, None, True, 0)]
    await map_code(world, PLANT, "cleaning")
    await work(world)
    await remember()
    assert history[-1][1] == [(*short, "cleaning", True, 120)]
    [stop] = await list_stops(
        world, "start=2026-11-20T07:00Z&end=2026-11-20T09:00Z&state=malfunction"
    )
    first = await post(world, f"/stops/{stop['id']}:classify", {"reason": "jam"})
    await work(world)
    await remember()
    assert history[-1][1] == [(*short, "jam", True, 0)]
    await post(world, f"/stops/{stop['id']}:undo", {"version": first["change"]})
    await map_code(world, PLANT, None)
    await world.database.execute(
        "INSERT INTO samples (signal_id, at, value, status, text) SELECT id, $1, 4, 0, 'E17'"
        " FROM signals WHERE key = $2", at("08:06"), f"{PRESS}:state",
    )  # fmt: skip
    await world.database.execute(
        "DELETE FROM samples WHERE at = $1 AND signal_id = (SELECT id FROM signals"
        " WHERE key = $2)", at("08:07"), f"{PRESS}:state",
    )  # fmt: skip
    await world.database.execute(
        "INSERT INTO samples (signal_id, at, value, status, text) SELECT id, $1, 1, 0, 'run'"
        " FROM signals WHERE key = $2", at("08:20"), f"{PRESS}:state",
    )  # fmt: skip
    await world.database.executemany(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING",
        [(world.ids[PRESS], at("08:00")), (world.ids[PRESS], at("08:15"))],
    )
    await work(world)
    await remember()
    assert history[-1][1] == [("08:05", "08:20", "malfunction", None, False, 0)]
    for moment, stops in history:
        assert await list_known(world, moment) == stops, moment
