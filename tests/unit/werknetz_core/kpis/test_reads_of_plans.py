"""What a KPI query reads, known before it reads: the weight of the request."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.window import Window
from werknetz.kpi.catalogue import CATALOGUE
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan
from werknetz_core.kpis.groups.grouping import Grouping
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.scope import QueryTarget
from werknetz_core.kpis.values.compute import KpiPlan

pytestmark = pytest.mark.asyncio
DAY_US = 96 * BUCKET_US
NOW_US = 200 * DAY_US
QUERY = KpiQuery("equipment", ("g",), (CATALOGUE["oee"], CATALOGUE["availability"]))
MACHINES = list(range(1000))


async def rows_of(query: KpiQuery, days: list[tuple[float, float]], first: int | None = 0) -> int:
    """Return the rows that windows of these days read; `first`: the first day with data."""

    async def history_start_us(_: object) -> int | None:
        return None if first is None else first * DAY_US

    context = SimpleNamespace(
        admission=SimpleNamespace(history_start_us=history_start_us),
        database=None,
        now_us=lambda: NOW_US,
    )
    windows = [Window(int(a * DAY_US), int(b * DAY_US), date(1970, 1, 1)) for a, b in days]
    time = TimeContext(NOW_US, ZoneInfo("UTC"))
    target = QueryTarget("g", MACHINES, UtcSpan(0, NOW_US), time)
    reads = await KpiPlan(query, [(target, windows)]).reads(cast("AppContext", context))
    assert reads.values == 2 * len(windows)
    return reads.rows


async def test_rolling_windows_read_sums_of_days_however_much_they_overlap() -> None:
    rolling = replace(QUERY, granularity="1d", rolling="28d")
    windows = [(float(n), n + 28.0) for n in range(90)]
    assert await rows_of(rolling, windows) == 90 * (28 + 52)
    assert await rows_of(replace(rolling, granularity="15m"), windows) == 90 * (28 + 52)


async def test_short_rolling_windows_read_no_more_than_their_buckets() -> None:
    rolling = replace(QUERY, granularity="hour", rolling="8h")
    assert await rows_of(rolling, [(1, 1 + 8 / 24)]) == 32
    assert await rows_of(rolling, [(1, 1.5)]) == 48
    assert await rows_of(rolling, [(1, 1 + 60 / 96)]) == 52


async def test_before_the_first_data_and_after_now_nothing_is_read() -> None:
    rolling = replace(QUERY, granularity="1d", rolling="28d")
    assert await rows_of(rolling, [(0, 28)], first=28) == 0
    assert await rows_of(rolling, [(190, 218)]) == 10 + 52
    assert await rows_of(rolling, [(0, 28)], first=None) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"granularity": "15m"},
        {"as_of": "now"},
        {"rolling": "7d", "as_of": "now"},
        {"grouping": Grouping("order")},
        {"rolling": "7d", "grouping": Grouping("order")},
    ],
)
async def test_what_is_of_no_stored_sum_reads_the_buckets_of_each_machine(
    change: dict[str, object],
) -> None:
    query = replace(QUERY, **{"granularity": "1d", **change})
    assert await rows_of(query, [(1, 8), (2, 9)]) == 2 * 7 * 96 * 1000 + 14


async def test_stored_sums_are_a_row_a_window_and_one_a_day() -> None:
    assert await rows_of(replace(QUERY, granularity="1w"), [(0, 7), (7, 14)]) == 2 + 14
