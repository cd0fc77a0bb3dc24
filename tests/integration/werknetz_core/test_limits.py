"""Limits of a key: requests in flight, wide requests, weights; one key never stops another."""

from datetime import timedelta
from typing import Any

import pytest

from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem
from werknetz_core.limits.admission import Admission
from werknetz_core.limits.reading import reading
from werknetz_core.limits.weight import Reads
from werknetz_core.settings import CoreSettings

from .conftest import LINE, NOW, PLANT, PRESS, World, open_world

pytestmark = pytest.mark.asyncio
POLL = f"/kpi_values?equipment={PRESS}&kpi=availability&start=-8h"
# Ten years of the buckets of a line and its two machines: 1,051,201 rows, 211 requests.
WIDE = f"/kpi_values?equipment={LINE}&kpi=availability&start=-3650d&as_of=now"
WIDE_QUERY = {
    "equipment": [LINE], "kpi": ["availability"], "start": "-3650d", "as_of": "now",
}  # fmt: skip


async def begin_history(world: World) -> None:
    """Store one bucket of ten years ago: what is before the first data costs nothing."""
    await world.database.execute(
        "INSERT INTO elements (equipment_id, bucket_at, carry, provisional)"
        " VALUES ($1, $2, '{}', false)",
        world.ids[PRESS], NOW.replace(minute=0) - timedelta(days=3650),
    )  # fmt: skip


def admission_of(world: World) -> Admission:
    admission: Admission = world.app.state.context.admission
    return admission


async def key_id_of(world: World, name: str) -> int:
    number = await world.database.fetchval("SELECT id FROM api_keys WHERE name = $1", name)
    return int(number)


async def test_a_key_that_reads_much_leaves_polls_and_other_keys_alone(
    database_url: str, redis_url: str
) -> None:
    settings = CoreSettings(database_url, redis_url, wide_requests_max=2, slot_wait_s=0.01)
    async with open_world(settings) as world:
        await begin_history(world)
        assert (await world.get(WIDE)).status_code == 200
        wide = admission_of(world).wide
        async with wide.hold(await key_id_of(world, "viewer")):
            refused = await world.get(WIDE)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert "coarser granularity" in refused.json()["hint"]
            assert (await world.get(POLL)).status_code == 200
            assert (await world.get(WIDE, key="engineer")).status_code == 200
        assert (await world.get(WIDE)).status_code == 200
        assert wide.taken == 0


async def test_wide_requests_have_connections_of_their_own(world: World) -> None:
    await begin_history(world)
    names = (
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
    )
    await world.get(POLL)
    assert "werknetz-core-wide" not in {row[0] for row in await world.database.fetch(names)}
    await world.get(WIDE)
    assert "werknetz-core-wide" in {row[0] for row in await world.database.fetch(names)}


async def test_requests_in_flight_are_limited_by_key(database_url: str, redis_url: str) -> None:
    settings = CoreSettings(database_url, redis_url, key_requests_max=1, slot_wait_s=0.01)
    async with open_world(settings) as world:
        in_flight = admission_of(world).in_flight
        async with in_flight.hold(await key_id_of(world, "viewer")):
            refused = await world.get(POLL)
            assert refused.status_code == 429
            assert refused.json()["type"].endswith("too_many_requests_in_flight")
            assert "WERKNETZ_KEY_REQUESTS_MAX" in refused.json()["hint"]
            assert (await world.get(POLL, key="engineer")).status_code == 200
        # Whatever the answer, the slot is free again.
        for path, status in ((POLL, 200), ("/stops?under=none", 404), ("/plants?plnt=1", 422)):
            assert (await world.get(path)).status_code == status
        assert in_flight.taken == 0


async def test_what_is_too_wide_is_refused_at_once_with_the_remedy(
    database_url: str, redis_url: str
) -> None:
    async with open_world(CoreSettings(database_url, redis_url, weight_max=210)) as world:
        await begin_history(world)
        refused = await world.get(WIDE)
        assert refused.status_code == 422
        assert refused.json()["type"].endswith("query_too_wide")
        assert "counts as 211 requests; at most 210" in refused.json()["detail"]
        assert "coarser granularity" in refused.json()["hint"]
        assert (await world.get(WIDE.replace(LINE, PRESS))).status_code == 200
        assert (await world.get(WIDE.replace("&as_of=now", ""))).status_code == 200  # from sums
        longest = f"/equipment/{PLANT}/states?start=-3650d&sort=-duration_s"
        assert (await world.get(longest)).status_code == 422
        assert (await world.get(longest.replace("-duration_s", "start"))).status_code == 200


async def test_a_request_costs_tokens_by_its_weight(database_url: str, redis_url: str) -> None:
    settings = CoreSettings(database_url, redis_url, rate_per_s=0.01, rate_burst=300)
    async with open_world(settings) as world:
        await begin_history(world)
        first = await world.get(POLL)
        assert first.headers["ratelimit-policy"] == '"key";q=300;w=30000'
        assert first.headers["ratelimit"] == '"key";r=299;t=100'
        assert (await world.get(WIDE)).headers["ratelimit"] == '"key";r=88;t=21200'
        refused = await world.get(WIDE)
        assert refused.status_code == 429
        # 87 tokens are left after its first, of the 210 that it needs.
        assert int(refused.headers["retry-after"]) > 12_000
        assert "counts as 210" in refused.json()["detail"]
        assert (await world.get(POLL)).status_code == 200


async def test_a_list_of_questions_counts_as_their_sum(database_url: str, redis_url: str) -> None:
    async with open_world(CoreSettings(database_url, redis_url, weight_max=450)) as world:
        await begin_history(world)

        async def query(*queries: dict[str, object]) -> tuple[int, Any]:
            response = await world.client.post(
                "/api/v1/kpi_values:query", json={"queries": queries},
                headers={"X-API-Key": world.keys["viewer"]},
            )  # fmt: skip
            return response.status_code, response.json()

        unknown: dict[str, object] = {"equipment": ["nowhere"], "kpi": ["availability"]}
        status, answer = await query(WIDE_QUERY, unknown, WIDE_QUERY)
        assert status == 200
        problems = [result["problem"] is not None for result in answer["results"]]
        assert problems == [False, True, False]
        status, problem = await query(WIDE_QUERY, WIDE_QUERY, WIDE_QUERY)
        assert status == 422
        assert str(problem["type"]).endswith("query_too_wide")


async def test_a_statement_of_a_wide_request_ends_after_its_time(
    database_url: str, redis_url: str
) -> None:
    settings = CoreSettings(database_url, redis_url, wide_statement_timeout_s=0.1)
    async with open_world(settings) as world:
        principal = Principal("viewer", None, None, key_id=await key_id_of(world, "viewer"))
        with pytest.raises(Problem) as refused:
            async with reading(world.app.state.context, principal, Reads(10**6)) as context:
                await context.database.fetchval("SELECT pg_sleep(120)")
        assert refused.value.code == "query_timed_out"
        assert "coarser granularity" in refused.value.hint
        assert admission_of(world).wide.taken == 0
