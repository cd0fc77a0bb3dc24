"""Newest values of signals, and samples of several signals in one answer."""

from datetime import timedelta
from typing import Any

import pytest

from .conftest import NOW, OTHER, PLANT, PRESS, ROBOT, World
from .stop_requests import code_of

pytestmark = pytest.mark.asyncio
SPAN = "start=2026-11-20T09:00:00Z&end=2026-11-20T11:00:00Z"


async def add(world: World, path: str, *samples: tuple[float, float, int]) -> int:
    """Store samples: minutes before now, value, status; return the signal."""
    number = world.ids[f"{path}#temperature"]
    for n, (minutes, value, status) in enumerate(samples):
        await world.database.execute(
            "INSERT INTO samples (signal_id, at, value, status, sequence)"
            " VALUES ($1, $2, $3, $4, $5)",
            number, NOW - timedelta(minutes=minutes), value, status, n,
        )  # fmt: skip
    return number


async def items(world: World, path: str, key: str = "viewer") -> list[dict[str, Any]]:
    response = await world.get(path, key)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["items"]
    return rows


async def test_the_newest_value_of_many_signals(world: World) -> None:
    await add(world, PRESS, (9, 1, 0), (0, 2, 0), (0, 3, -0x8000_0000), (-1, 99, 0))
    await add(world, ROBOT, (60 * 24 * 400, 7, 0))
    rows = {row["equipment"]: row for row in await items(world, f"/signals?under={PLANT}&latest=1")}
    press, robot = rows[PRESS], rows[ROBOT]
    assert (press["at"], press["value"], press["quality"]) == ("2026-11-20T10:07:00Z", 3, "bad")
    assert (robot["value"], robot["quality"], robot["unit"]) == (7, "good", "degC")
    [other] = await items(world, f"/signals?under={OTHER}&latest=true")
    assert (other["at"], other["value"], other["quality"]) == (None, None, None)
    assert {row["equipment"] for row in await items(world, "/signals?latest=true", "emden")} == {
        PRESS, ROBOT,
    }  # fmt: skip
    assert "value" not in (await items(world, "/signals"))[0]
    table = (await world.get(f"/signals?under={PRESS}&latest=true&format=csv")).text.splitlines()
    assert table[0].endswith(",at,value,text,status,quality")


async def test_an_unchanged_value_is_304(world: World) -> None:
    await add(world, PRESS, (5, 1, 0))
    path = f"/signals?under={PRESS}&latest=true"
    etag = (await world.get(path)).headers["etag"]
    assert (await world.get(path, headers={"If-None-Match": etag})).status_code == 304
    await add(world, PRESS, (4, 1, 0))
    assert (await world.get(path, headers={"If-None-Match": etag})).status_code == 200


async def test_samples_of_several_signals(world: World) -> None:
    press = await add(world, PRESS, (30, 1, 0), (20, 2, 0), (10, 3, 0))
    robot = await add(world, ROBOT, (15, 7, 0))
    both = f"signal={robot}&signal={PRESS}/temperature&signal={press}"
    first, second = await items(world, f"/samples?{both}&{SPAN}&limit=2")
    assert (first["id"], first["equipment"], second["id"]) == (robot, ROBOT, press)
    assert [sample["value"] for sample in second["items"]] == [1, 2]
    assert first["next_cursor"] is None
    rest = f"/signals/{press}/samples?{SPAN}&limit=2&cursor={second['next_cursor']}"
    assert [sample["value"] for sample in await items(world, rest)] == [3]
    hours = await items(world, f"/samples?{both}&{SPAN}&granularity=1h&aggregates=count,max")
    assert [[(w["count"], w["max"]) for w in item["items"]] for item in hours] == [
        [(1, 7)], [(3, 3)],
    ]  # fmt: skip
    alone = (await world.get(f"/signals/{press}/samples?{SPAN}&max_points=1")).json()
    assert (
        alone["items"]
        == (await items(world, f"/samples?signal={press}&{SPAN}&max_points=1"))[0]["items"]
    )
    table = (await world.get(f"/samples?{both}&{SPAN}&format=csv&fields=signal,value")).text
    assert table.splitlines() == [
        "signal,value", f"{ROBOT}/temperature,7.0",
        *(f"{PRESS}/temperature,{value}.0" for value in (1, 2, 3)),
    ]  # fmt: skip
    short = await items(world, f"/samples?{both}&{SPAN}&fields=value&sort=-at")
    assert [item["items"] for item in short] == [
        [{"value": 7}], [{"value": 3}, {"value": 2}, {"value": 1}],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "key", "answer"),
    [
        ("signal=999999", "viewer", (404, "unknown_signal")),
        ("signal=0", "viewer", (404, "unknown_signal")),
        ("", "viewer", (422, "invalid_parameter")),
        (f"signal={PRESS}/temperature&cursor=abc", "viewer", (422, "invalid_parameter")),
        ("&".join(f"signal={n}" for n in range(51)), "viewer", (422, "invalid_parameter")),
    ],
)
async def test_refused_signals(world: World, query: str, key: str, answer: tuple[int, str]) -> None:
    assert await code_of(await world.get(f"/samples?{query}", key)) == answer


async def test_signals_of_other_plants_are_refused(world: World) -> None:
    both = f"signal={PRESS}/temperature&signal={OTHER}/temperature"
    assert (await world.get(f"/samples?{both}")).status_code == 200
    assert (await world.get(f"/samples?{both}", "emden")).status_code in {403, 404}


async def test_signals_by_words_of_their_names(world: World) -> None:
    async def search(words: str, key: str = "viewer") -> set[str]:
        response = await world.get(f"/signals?q={words}&limit=1000", key)
        assert response.status_code == 200, response.text
        return {item["key"] for item in response.json()["items"]}

    temperatures = await search("TEMPERATURE")
    assert f"{PRESS}/temperature" in temperatures
    assert f"{PRESS}/temperature" in await search(f"temp%20{PRESS.rpartition('/')[2]}")
    assert await search("temperature%20nothing") == set()
    assert await search("%25") == set()
    assert await search("_%5C") == set()
    assert f"{OTHER}/temperature" not in await search("temperature", "emden")
    assert await search("") >= temperatures


async def test_signals_by_id(world: World) -> None:
    press, robot = world.ids[f"{PRESS}#temperature"], world.ids[f"{ROBOT}#temperature"]
    chosen = await items(world, f"/signals?id={robot}&id={press}&id=0&id=99999999999&latest=true")
    assert {item["id"] for item in chosen} == {press, robot}
    assert await items(world, "/signals?id=0") == []
