"""Wrong keys by address: how many are answered 401, and what is logged."""

import pytest
import structlog
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import RedisError

from werknetz_core.access.address_limit import ADDRESSES_MAX
from werknetz_core.access.wrong_keys import WrongKeys
from werknetz_core.http.problem import Problem

pytestmark = pytest.mark.asyncio
SECRET = "5" * 64
KEY = f"wn_abc12345_{SECRET}"


class Limit:
    """A limit of 3 wrong keys and 6 a minute, with its own clock."""

    def __init__(self, per_min: float = 6, redis: Redis | None = None) -> None:
        self.now_s = 0.0
        self.registry = CollectorRegistry()
        self.redis = redis
        self.keys = WrongKeys(self.registry, per_min=per_min, burst=3, now_s=lambda: self.now_s)

    async def status_of(self, host: str, key: str = KEY) -> int:
        try:
            await self.keys.record(self.redis, host, key)
        except Problem as problem:
            return problem.status if int(problem.headers["Retry-After"]) >= 1 else 0
        return 401

    async def count_answered(self, host: str, tries: int) -> int:
        return [await self.status_of(host) for _ in range(tries)].count(401)


async def test_an_address_has_a_burst_and_then_a_rate() -> None:
    limit = Limit()
    assert await limit.count_answered("192.0.2.1", 5) == 3
    limit.now_s = 9.9
    assert await limit.count_answered("192.0.2.1", 2) == 0
    limit.now_s = 10
    assert await limit.count_answered("192.0.2.1", 2) == 1
    limit.now_s = 1000
    assert await limit.count_answered("192.0.2.1", 5) == 3
    assert await limit.count_answered("192.0.2.2", 5) == 3
    for answer, number in (("401", 10), ("429", 9)):
        labels = {"answer": answer}
        assert limit.registry.get_sample_value("werknetz_wrong_keys_total", labels) == number


async def test_a_network_of_ipv6_is_one_address() -> None:
    limit = Limit()
    assert await limit.count_answered("2001:db8:0:1::1", 2) == 2
    assert await limit.count_answered("2001:db8:0:1:ffff::2", 2) == 1
    assert await limit.count_answered("2001:db8:0:2::1", 2) == 2
    assert await limit.count_answered("::ffff:192.0.2.9", 2) == 2
    assert await limit.count_answered("192.0.2.9", 2) == 1


async def test_zero_is_no_limit() -> None:
    assert await Limit(per_min=0).count_answered("192.0.2.1", 50) == 50


async def test_a_process_limits_by_itself_while_redis_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redis = Redis.from_url("redis://127.0.0.1:1")

    async def fail(*_: object) -> None:
        raise RedisError

    monkeypatch.setattr(redis, "eval", fail)
    assert await Limit(redis=redis).count_answered("192.0.2.1", 5) == 3


async def test_addresses_are_bounded() -> None:
    limit = Limit()
    for number in range(ADDRESSES_MAX + 10):
        await limit.status_of(f"198.51.{number // 256}.{number % 256}")
    assert len(limit.keys.limit) == ADDRESSES_MAX


@pytest.mark.parametrize(
    ("key", "prefix"), [(KEY, "abc12345"), (SECRET, None), (f"wn_{SECRET}", None), ("", None)]
)
async def test_the_log_has_the_address_and_at_most_the_prefix(key: str, prefix: str | None) -> None:
    with structlog.testing.capture_logs() as lines:
        await Limit().status_of("192.0.2.1", key)
    (line,) = lines
    assert (line["event"], line["address"], line["prefix"]) == ("wrong key", "192.0.2.1", prefix)
    assert SECRET not in str(lines)
