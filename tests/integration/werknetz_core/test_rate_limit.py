"""Rate limits by key, with a real Redis: shared by processes, answered with a hint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from redis.asyncio import Redis

from werknetz_core.app import create_app
from werknetz_core.http.problem import Problem
from werknetz_core.http.rate_limit import REDIS_RETRY_S, RateLimiter
from werknetz_core.settings import CoreSettings

from .conftest import open_world

pytestmark = pytest.mark.asyncio


async def count_allowed(limit: RateLimiter, key_id: int, tries: int) -> int:
    """Return how many of `tries` requests at once are allowed."""
    statuses = []
    for _ in range(tries):
        try:
            await limit.acquire(key_id)
            statuses.append(200)
        except Problem as problem:
            statuses.append(problem.status)
    assert set(statuses) <= {200, 429}
    return statuses.count(200)


async def test_each_key_has_its_own_limit(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    limit = RateLimiter(redis, per_s=0.01, burst=30)
    assert await count_allowed(limit, 1, 60) == 30
    assert await count_allowed(limit, 2, 5) == 5
    await redis.aclose()


async def test_processes_share_the_bucket(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    limits = [RateLimiter(redis, per_s=0.01, burst=100) for _ in range(4)]
    counts = await asyncio.gather(*(count_allowed(limit, 1, 100) for limit in limits))
    assert sum(counts) == 100
    await redis.aclose()


async def test_the_bucket_refills_with_time(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    limit = RateLimiter(redis, per_s=20, burst=2)
    assert await count_allowed(limit, 1, 2) == 2
    deadline = asyncio.get_running_loop().time() + 60
    while not await count_allowed(limit, 1, 1):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
    await redis.aclose()


async def test_each_process_has_its_own_bucket_while_redis_is_unavailable() -> None:
    unreachable = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1, socket_timeout=1)
    now = [0.0]
    limit = RateLimiter(unreachable, per_s=2, burst=30, now_s=lambda: now[0])
    assert await count_allowed(limit, 1, 50) == 30
    assert await count_allowed(limit, 2, 10) == 10
    now[0] += REDIS_RETRY_S + 1  # 12 tokens more; asked again, it is still away
    assert await count_allowed(limit, 1, 50) == 12
    now[0] += 100
    assert await count_allowed(limit, 1, 50) == 30
    await unreachable.aclose()
    assert await count_allowed(RateLimiter(None, per_s=0.01, burst=1), 1, 50) == 50


async def test_without_redis_the_api_is_degraded_and_limits_by_itself(database_url: str) -> None:
    settings = CoreSettings(
        database_url, "redis://127.0.0.1:1", rate_per_s=0.001, rate_burst=3, redis_timeout_s=5
    )
    async with open_world(settings) as world:
        ready = await world.client.get("/api/v1/health/ready")
        assert ready.status_code == 200
        assert ready.json()["redis"].startswith("does not answer")
        assert (ready.json()["status"], ready.json()["limits"]) == ("degraded", "local")
        statuses = [(await world.get("/plants")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


async def test_a_rejected_request_has_retry_after_and_a_hint(
    database_url: str, redis_url: str
) -> None:
    settings = CoreSettings(database_url, redis_url, rate_per_s=0.02, rate_burst=3)
    async with open_world(settings) as world:
        for _ in range(3):
            assert (await world.get("/plants")).status_code == 200
        response = await world.get("/plants")
        assert response.status_code == 429
        assert response.headers["content-type"] == "application/problem+json"
        assert 1 <= int(response.headers["retry-after"]) <= 50
        assert "If-None-Match" in response.json()["hint"]
        assert (await world.get("/plants", key="engineer")).status_code == 200
        assert (await world.client.get("/api/v1/health/live")).status_code == 200


async def test_a_rate_of_zero_means_no_limit(database_url: str, redis_url: str) -> None:
    environment = {"WERKNETZ_DATABASE_URL": database_url, "WERKNETZ_REDIS_URL": redis_url}
    settings = CoreSettings.from_environment({**environment, "WERKNETZ_RATE_PER_S": "0"})
    async with open_world(settings) as world:
        statuses = [(await world.get("/kpis")).status_code for _ in range(20)]
        assert statuses == [200] * 20


async def test_wrong_keys_are_limited_by_address_and_valid_ones_are_not(
    database_url: str, redis_url: str
) -> None:
    settings = CoreSettings(
        database_url, redis_url, wrong_keys_per_min=0.01, wrong_keys_burst=3, key_cache_s=0
    )
    async with open_world(settings) as world, open_process(settings) as other:
        key = world.keys["viewer"]
        wrong = {"X-API-Key": key[:-1] + ("0" if key[-1] != "0" else "1")}
        clients = (world.client, other, world.client, other, world.client)
        answers = [await client.get("/api/v1/plants", headers=wrong) for client in clients]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert int(answers[-1].headers["retry-after"]) > 60
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert (await world.get("/plants")).status_code == 200
        assert (await world.client.get("/api/v1/plants")).status_code == 401
        metrics = (await world.get("/metrics")).text
        assert 'werknetz_wrong_keys_total{answer="401"} 2.0' in metrics


@asynccontextmanager
async def open_process(settings: CoreSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """A second API process of the same database and Redis."""
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://core") as client,
    ):
        yield client


async def test_a_request_takes_tokens_by_its_weight(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    limit = RateLimiter(redis, per_s=0.01, burst=100)
    await limit.acquire(1, 60)
    with pytest.raises(Problem) as refused:
        await limit.acquire(1, 41)
    assert int(refused.value.headers["Retry-After"]) <= 100
    await limit.acquire(1, 40)  # what is left is still there for lighter ones
    assert await count_allowed(limit, 1, 1) == 0
    # Nothing costs more than a full bucket, or it could never be answered.
    await limit.acquire(2, 500)
    assert await count_allowed(limit, 2, 1) == 0
    await redis.aclose()


async def test_the_fields_of_an_answer_show_what_is_left(redis_url: str) -> None:
    redis = Redis.from_url(redis_url, decode_responses=True)
    limit = RateLimiter(redis, per_s=0.01, burst=100)
    assert limit.headers_of(1)["RateLimit"] == '"key";r=100;t=0'
    await limit.acquire(1, 30)
    assert limit.headers_of(1) == {
        "RateLimit-Policy": '"key";q=100;w=10000',
        "RateLimit": '"key";r=70;t=3000',
    }
    assert RateLimiter(None, per_s=1, burst=1).headers_of(1) == {}
    await redis.aclose()
