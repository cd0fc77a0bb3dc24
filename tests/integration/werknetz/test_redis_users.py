"""The users of compose's Valkey: each service can do its work, and nothing beyond it."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from plumbing.deploy_scripts import load_script
from plumbing.redis_cluster import RedisClusterServers
from werknetz.link.exploration import ExplorationRequest, ExplorationResult
from werknetz.link.redis import LinkLost, RedisCoreLink, RedisEdgeLink
from werknetz.link.redis_client import connect_redis
from werknetz.link.redis_requests import RedisRequestLink
from werknetz.link.wire import DesiredMapping, Status
from werknetz.runtime.background import BackgroundTask
from werknetz_core.access.wrong_keys import WrongKeys
from werknetz_core.explorations.requests import load_result, send_request
from werknetz_core.http.etag import Watermarks
from werknetz_core.http.rate_limit import RateLimiter
from werknetz_core.limits.shared_key_slots import SharedKeySlots
from werknetz_core.limits.shared_slots import SharedSlots
from werknetz_worker.app import create_celery
from werknetz_worker.watermarks import WatermarkPublisher

EDGES = {"edge-1": "press-1", "edge-2": "press-2"}

ADMINISTRATION = (
    "FLUSHALL", "CONFIG GET *", "KEYS *", "ACL LIST", "MONITOR", "SHUTDOWN", "SAVE",
    "CLIENT LIST", "CLIENT KILL ID 1", "CLIENT PAUSE 1", "CLIENT NO-EVICT ON", "FUNCTION LIST",
    "MODULE LIST", "SCAN 0", "REPLICAOF NO ONE", "SWAPDB 0 1",
)  # fmt: skip


USERS = load_script("redis_users")
STREAMS: dict[str, str] = USERS.rules_of(USERS.STREAM_USERS, EDGES)
QUEUE: dict[str, str] = dict(USERS.QUEUE_USERS)


@pytest_asyncio.fixture
async def admin(redis_url: str) -> AsyncIterator[Redis]:
    """The server with the users of both servers of compose; those of the queue begin with q-."""
    client = Redis.from_url(redis_url)
    rules = STREAMS | {f"q-{name}": rule for name, rule in QUEUE.items()}
    lines = USERS.acl_file((name, name, rule) for name, rule in rules.items()).splitlines()
    for line in lines:
        await client.execute_command("ACL", "SETUSER", *line.split()[1:])
    await client.execute_command("ACL", "LOG", "RESET")
    yield client
    await client.execute_command("ACL", "DELUSER", *rules)
    await client.aclose()


def url_of(redis_url: str, user: str) -> str:
    parts = urlsplit(redis_url)
    return parts._replace(netloc=f"{user}:{user}@{parts.netloc.rpartition('@')[2]}").geturl()


async def list_denied(admin: Redis) -> list[tuple[str, str, str]]:
    """Return user, reason and object of what was refused since the last call."""
    entries = await admin.acl_log()
    await admin.execute_command("ACL", "LOG", "RESET")
    return [(entry["username"], entry["reason"], entry["object"]) for entry in entries]


@pytest.mark.asyncio
async def test_every_service_can_do_its_work(admin: Redis, redis_url: str) -> None:
    await _use_every_service(redis_url)
    assert await list_denied(admin) == []


@pytest.mark.asyncio
async def test_every_service_can_do_its_work_in_a_cluster(
    redis_cluster_servers: RedisClusterServers, redis_cluster_url: str
) -> None:
    rules = USERS.acl_file((name, name, rule) for name, rule in STREAMS.items()).splitlines()[1:]
    nodes = [node.client for node in redis_cluster_servers.nodes]
    for client in nodes:
        for line in rules:
            await client.execute_command("ACL", "SETUSER", *line.split()[1:])
        await client.execute_command("ACL", "LOG", "RESET")
    await _use_every_service(redis_cluster_url)
    for client in nodes:
        assert await list_denied(client) == []
        await client.execute_command("ACL", "DELUSER", *STREAMS)
        await client.aclose()


async def _use_every_service(redis_url: str) -> None:
    edge = RedisEdgeLink.connect(url_of(redis_url, "edge-1"), "press-1")
    core = RedisCoreLink.connect(url_of(redis_url, "ingest"))
    for link in (edge, edge.for_connector("press-1~backfill")):
        await link.publish_status(status("running"))
        await link.publish_status(status("stopped"))  # one that stays
        await link.receive(block_ms=1)
        assert await link.read_desired_mapping() is None
    assert await edge.read_run_id() in (await core.read_run_id()).split()
    assert await core.list_connectors() == {"press-1", "press-1~backfill"}
    await core.publish_desired_mappings({"press-1": DesiredMapping("m", 1, b"digest", "text")})
    assert await edge.read_desired_mapping() is not None
    assert await core.report_writer("writer", 60_000) == {"writer"}
    assert await core.acquire_leases(["press-1"], "writer", 60_000) == {"press-1"}
    await core.extend_leases(["press-1"], 60_000)
    await core.release_leases(["press-1"], "writer")
    await core.read({"press-1": "0-0"}, block_ms=1)
    await core.read_newest_positions(["press-1"])
    await core.finish({"press-1": "0-1"}, {})
    assert await core.read_status("press-1") is not None
    api = connect_redis(url_of(redis_url, "core"), decode_responses=True)
    await RateLimiter(api, per_s=10, burst=10).acquire(1)
    wrong_keys = WrongKeys(CollectorRegistry(), per_min=10, burst=20)
    await wrong_keys.record(api, "192.0.2.1", "wn_x_y")
    async with SharedSlots(api, "wide", per_key=1, total=1, wait_s=0).hold(1):
        pass
    slots = SharedKeySlots(api, per_key=1, waiting_max=1, wait_s=60)
    async with BackgroundTask("slots", slots.run), slots.hold(1):
        assert slots.is_shared
    await slots.give_back()
    await api.ping()
    worker = connect_redis(url_of(redis_url, "worker"))
    await WatermarkPublisher(worker).increment_paths(["nordwerk/emden-1"])
    assert await Watermarks(api).etag_of(["nordwerk"], [], 0) is not None
    assert await api.hgetall("wn:status:{press-1}")
    assert await api.pttl("wn:status:{press-1}") == -1
    requests = RedisRequestLink.connect(url_of(redis_url, "edge-1"), "press-1")
    assert await requests.receive() == []
    request = ExplorationRequest("1", "endpoints")
    await send_request(api, "press-1", request)
    assert await requests.receive() == [request]
    assert await requests.begin("1")
    await requests.publish(ExplorationResult("1", "endpoints", "done"))
    stored = await load_result(api, "press-1", "1")
    assert stored is not None
    assert (stored.result.state, stored.is_awaited) == ("done", True)
    assert not await requests.begin("2")  # nobody asked for it
    await requests.publish(ExplorationResult("2", "endpoints", "done"))
    assert await load_result(api, "press-1", "2") is None
    await requests.close()
    for link in (edge, core):
        await link.close()
    for client in (api, worker):
        await client.aclose()


@pytest.mark.asyncio
async def test_celery_can_queue_and_take_tasks(admin: Redis, redis_url: str) -> None:
    def send_and_take() -> None:
        beat, worker = (
            create_celery(url_of(redis_url, f"q-{name}")) for name in ("beat", "worker")
        )
        beat.send_task("kpi.sweep", expires=60)
        with worker.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            message = queue.get(block=True, timeout=60)
            assert message.headers["task"] == "kpi.sweep"
            message.ack()
            worker.control.mailbox.Node("w", channel=connection.default_channel).listen()
        beat.close()
        worker.close()

    await asyncio.to_thread(send_and_take)
    assert await list_denied(admin) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("edge-1", "XREAD STREAMS wn:in:{press-1} 0"),  # it writes its stream
        ("edge-1", "XADD wn:in:{press-2} * a b"),
        ("edge-1", "XADD wn:in:{press-1}x * a b"),
        ("edge-1", "XADD wn:out:{press-1} * a b"),
        ("edge-1", "HSET wn:status:{press-2} state running"),
        ("edge-1", "GET wn:mapping:{press-2}"),
        ("edge-1", "SMEMBERS wn:connectors"),
        ("edge-1", "XREAD STREAMS wn:explore:{press-2} 0"),
        ("edge-1", "XADD wn:explore:{press-1} * a b"),
        ("edge-1", "SET wn:explored:{press-2}:1 a"),
        ("edge-1", "GET wn:explored:{press-1}:1"),
        ("core", "SET wn:mapping:{press-1} a"),
        ("ingest", "XADD wn:explore:{press-1} * a b"),
        ("edge-1", "XTRIM wn:in:{press-1} MAXLEN 0"),
        ("edge-1", "EVAL return 0"),
        ("edge-2", "HINCRBY wn:mark nordwerk 1"),
        ("core", "XREAD STREAMS wn:in:{press-1} 0"),
        ("core", "XADD wn:in:{press-1} * a b"),
        ("core", "HSET wn:status:{press-1} state running"),
        ("core", "EVAL redis.call('DEL',KEYS[1]) 1 wn:in:{press-1}"),
        ("ingest", "HINCRBY wn:mark nordwerk 1"),
        ("ingest", "GET wn:mapping:{press-1}"),
        ("worker", "HGETALL wn:mark"),
        ("worker", "XADD wn:in:{press-1} * a b"),
        ("health", "HGETALL wn:mark"),
        ("q-beat", "RPOP celery"),
        ("q-beat", "EVAL return 0"),
        ("q-worker", "GET other"),
        ("q-health", "LLEN celery"),
    ],
)
async def test_nothing_else_is_allowed(
    admin: Redis, redis_url: str, user: str, command: str
) -> None:
    client = Redis.from_url(url_of(redis_url, user))
    with pytest.raises(NoPermissionError):
        await client.execute_command(*command.split(" "))
    await client.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize("user", [*STREAMS, "q-worker", "q-beat", "q-health"])
async def test_nobody_may_administer(admin: Redis, redis_url: str, user: str) -> None:
    client = Redis.from_url(url_of(redis_url, user))
    for command in ADMINISTRATION:
        with pytest.raises(NoPermissionError):
            await client.execute_command(*command.split(" "))
    await client.aclose()


def test_the_default_user_is_off_and_replays_everything() -> None:
    assert USERS.acl_file([]) == "user default off ~* &* +@all\n"


@pytest.mark.asyncio
async def test_an_edge_with_another_connector_reads_the_remedy(
    admin: Redis, redis_url: str
) -> None:
    edge = RedisEdgeLink.connect(url_of(redis_url, "edge-1"), "press-9")
    with pytest.raises(LinkLost, match=r"may not use the keys of this connector; .*make_secrets"):
        await edge.publish_status(status("running"))
    await edge.close()


@pytest.mark.parametrize("name", ["", "a b", "press-*", "pre[s]s", "a?", 'a"'])
def test_a_name_that_is_a_pattern_is_refused(name: str) -> None:
    with pytest.raises(SystemExit, match="use letters, digits"):
        USERS.edge_rules(name)


def status(state: str) -> Status:
    return Status(
        state=state, detail="", protocol="mqtt", backlog=0, lag_s=0.0, last_good_us=None, epoch=1,
        acked=0, last_seq=0, spool_id="", spool_bytes=0, pid=1, version="", rss_bytes=0, at_us=1,
    )  # fmt: skip
