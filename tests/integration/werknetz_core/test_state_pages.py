"""Pages of states: together they are the whole, each interval has its whole duration, and a page
reads a page.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from werknetz.domain.bucket import BUCKET_US, instant_of, microseconds_of
from werknetz.store.access.caller import all_plants
from werknetz_core.equipment.state_pages import StateHistory
from werknetz_core.http.sorting import Cursor

from .conftest import LINE, NOW, OTHER, PRESS, ROBOT, World

pytestmark = pytest.mark.asyncio
MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
START_US = microseconds_of(NOW - timedelta(days=30))
NOW_US = microseconds_of(NOW)
STATES = ((1, "apt"), (3, "adet"), (9, "off_shift"))
Piece = tuple[str, int, int, int, str]  # machine, start, end, state, category


def random_pieces(seed: int, machine: str) -> Iterator[Piece]:
    """Yield pieces as workers store them: cut at buckets, with holes, some states for days."""
    choose = random.Random(f"{seed} {machine}")
    at = START_US - choose.randrange(3) * DAY_US + choose.randrange(0, 900) * 1_000_000
    while at < NOW_US - DAY_US:
        state, category = choose.choice(STATES)
        lasts = choose.choice((1, 7, 15, 16, 45, 300, 3000)) * MINUTE_US
        end = at + lasts
        while at < end:
            cut = min(end, at - at % BUCKET_US + BUCKET_US)
            yield machine, at, cut, state, category
            at = cut
        if choose.random() < 0.2:
            at += choose.choice((1, 60, 4000)) * MINUTE_US


def whole_intervals(pieces: Sequence[Piece], start: int, end: int) -> list[tuple[str, int, int]]:
    """Return machine, start and end of each interval in the span, merged from the pieces."""
    merged: list[list[object]] = []
    for piece in pieces:
        machine, begins, ends, *state = piece
        if merged and merged[-1][0] == machine and merged[-1][2:] == [begins, *state]:
            merged[-1][2] = ends
        else:
            merged.append([machine, begins, ends, *state])
    clipped = [(str(m), max(int(a), start), min(int(b), end)) for m, a, b, *_ in merged]  # type: ignore[call-overload] # numbers of a piece
    return [(m, a, b) for m, a, b in clipped if a < b]


async def store(world: World, pieces: Sequence[Piece]) -> None:
    await world.database.executemany(
        "INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)"
        " VALUES ($1, $2, $3, $4, $5)",
        [(world.ids[m], instant_of(a), instant_of(b), s, c) for m, a, b, s, c in pieces],
    )


async def walk(world: World, path: str, **query: object) -> list[list[dict[str, object]]]:
    """Return the items of each page."""
    pages, cursor = [], None
    while True:
        with_cursor = query if cursor is None else {**query, "cursor": cursor}
        response = await world.get(f"/equipment/{path}/states", params=with_cursor)
        assert response.status_code == 200, response.text
        pages.append(response.json()["items"])
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return pages


def interval_of(item: dict[str, object]) -> tuple[str, int, int]:
    start = microseconds_of(datetime.fromisoformat(str(item["start"])))
    return str(item["equipment"]), start, start + round(float(str(item["duration_s"])) * 1e6)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_pages_together_are_the_whole(world: World, seed: int) -> None:
    pieces = [p for m in (PRESS, ROBOT) for p in random_pieces(seed, m)]
    await store(world, pieces)
    for start_us, end_us in (
        (START_US + DAY_US, NOW_US - 5 * DAY_US),
        (NOW_US - 3650 * DAY_US, NOW_US),
    ):
        expected = sorted(whole_intervals(pieces, start_us, end_us))
        span = {"start": str(start_us // 1000), "end": str(end_us // 1000)}
        for sort, limit in (("start", 7), ("-start", 7), ("start", 1000), ("-start", 60)):
            pages = await walk(world, LINE, **span, sort=sort, limit=limit)
            intervals = [interval_of(item) for page in pages for item in page]
            assert sorted(intervals) == expected, (sort, limit)
            starts = [start for _, start, _ in intervals]
            assert starts == sorted(starts, reverse=sort == "-start")
            assert all(len(page) == limit for page in pages[:-1])


async def test_an_interval_that_lasts_for_months_is_whole_on_its_page(world: World) -> None:
    quiet = [
        (PRESS, at, at + BUCKET_US, 9, "off_shift")
        for at in range(NOW_US - 90 * DAY_US, NOW_US - DAY_US, BUCKET_US)
    ]
    day = NOW_US - DAY_US
    after = [
        (PRESS, day + n * MINUTE_US, day + (n + 1) * MINUTE_US, n % 2, "apt") for n in range(5)
    ]
    await store(world, [*quiet, *after])
    for sort in ("start", "-start"):
        pages = await walk(world, PRESS, start="-3650d", sort=sort, limit=1)
        durations = sorted(float(str(page[0]["duration_s"])) for page in pages)
        assert durations == [60.0] * 5 + [89 * 86_400.0]


async def test_the_first_page_of_ten_years_reads_a_page(world: World) -> None:
    pieces = [p for m in (PRESS, OTHER) for p in random_pieces(7, m)]
    await store(world, pieces)
    context, spans = world.app.state.context, []

    class Recording(StateHistory):
        async def _fetch(self, ids: object, start_us: int, end_us: int) -> list[dict[str, object]]:
            spans.append(end_us - start_us)
            return await super()._fetch(ids, start_us, end_us)  # type: ignore[arg-type] # as given

    ids = [world.ids[PRESS], world.ids[OTHER]]
    for descending in (False, True):
        spans.clear()
        history = Recording(context, ids, NOW_US - 3650 * DAY_US, NOW_US, NOW_US)
        with all_plants():
            page = await history.load_page(Cursor("start", descending, None), 10)
        assert len(page) == 10
        # The longest interval lasts 50 h, a hole 67 h; before the data nothing is read twice.
        assert sum(spans) < 20 * DAY_US


async def test_the_pages_of_stops_together_are_the_whole(world: World) -> None:
    pieces = [p for m in (PRESS, ROBOT) for p in random_pieces(4, m)]
    await store(world, pieces)
    start_us, end_us = START_US + DAY_US, NOW_US - 5 * DAY_US
    span = {"start": str(start_us // 1000), "end": str(end_us // 1000)}

    async def page_of(**query: object) -> dict[str, Any]:
        response = await world.get(f"/equipment/{LINE}/stops", params={**span, **query})
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    whole = await page_of(limit=1000)
    assert whole["totals"]["count"] == len(whole["items"]) > 20
    for sort in ("start", "-start"):
        page = await page_of(limit=7, sort=sort)
        assert page["totals"] == whole["totals"]
        assert page == {**await page_of(limit=7, sort=sort, totals=False), "totals": page["totals"]}
        items = page["items"]
        while page["next_cursor"] is not None:
            page = await page_of(limit=7, sort=sort, cursor=page["next_cursor"])
            assert page["totals"] is None
            items += page["items"]
        # The same ids and whole durations, also where a stop lies over the edge of a page.
        assert items == whole["items"][:: -1 if sort == "-start" else 1]
