"""What a KPI query reads, by how its values are computed."""

from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from werknetz.domain.bucket import BUCKET_US
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes.registry import SCOPES
from werknetz_core.kpis.scopes.scope import QueryTarget
from werknetz_core.kpis.values.compute import KpiPlan
from werknetz_core.kpis.values.schemas import KpiQueryBody
from werknetz_core.limits.weight import Reads

pytestmark = pytest.mark.asyncio
DAY_US = 86_400_000_000
UTC = ZoneInfo("UTC")
NOW_US = 400 * DAY_US
DAYS = 10
MACHINES = 2


def plan_of(**fields: Any) -> KpiPlan:
    body = KpiQueryBody(equipment=["a"], kpi=["oee"], start="-10d", **fields)
    query = KpiQuery.from_body(body)
    time = TimeContext(NOW_US, UTC)
    span = UtcSpan(NOW_US - DAYS * DAY_US, NOW_US)
    target = QueryTarget("a", list(range(MACHINES)), span, time, None)
    return KpiPlan(query, [(target, SCOPES[query.scope].windows_of(query, target))])


async def reads_of(plan: KpiPlan, first_us: int | None = 0) -> Reads:
    async def history_start_us(_: object) -> int | None:
        return first_us

    context = SimpleNamespace(
        admission=SimpleNamespace(history_start_us=history_start_us),
        database=None,
        now_us=lambda: NOW_US,
    )
    return await plan.reads(cast("AppContext", context))


@pytest.mark.parametrize(
    ("fields", "reads"),
    [
        ({}, Reads(1 + DAYS, 1)),
        ({"granularity": "1d"}, Reads(DAYS + DAYS, DAYS)),
        ({"granularity": "1h"}, Reads(24 * DAYS + DAYS, 24 * DAYS)),
        # Quarters of an hour are sums of everything below, whatever their number of machines.
        ({"granularity": "15m"}, Reads(96 * DAYS + DAYS, 96 * DAYS)),
        ({"granularity": "5m"}, Reads(MACHINES * 96 * DAYS, 288 * DAYS)),
        ({"as_of": "now"}, Reads(MACHINES * 96 * DAYS, 1)),
        ({"group_by": "order"}, Reads(MACHINES * 96 * DAYS, 1)),
        # Each window has its days, and hours and quarters of an hour at both edges.
        ({"granularity": "1d", "rolling": "28d"}, Reads(DAYS + 28 * DAYS + 52 * DAYS, DAYS)),
        ({"granularity": "1d", "rolling": "2h"}, Reads(DAYS + (20 // 24) + 8 * DAYS, DAYS)),
    ],
    ids=str,
)
async def test_it_reads_the_stored_sums(fields: dict[str, Any], reads: Reads) -> None:
    assert await reads_of(plan_of(**fields)) == reads


async def test_before_the_first_data_there_is_nothing_to_read() -> None:
    plan = plan_of(granularity="5m")
    last_two = NOW_US - 2 * BUCKET_US
    assert await reads_of(plan, None) == Reads(0, 288 * DAYS)
    assert (await reads_of(plan, last_two)).rows == MACHINES * 2
