"""Real processes: the edge is killed at random, senders retry, and each row is stored once."""

import asyncio
import json
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from plumbing.edgeplant import EdgePlant, plant_of, until_stored
from plumbing.hooks import BATCH, KEY, MAPPING, create_client, options_of, send_until_accepted

pytestmark = [pytest.mark.asyncio, pytest.mark.slow, pytest.mark.timeout(900)]
POSTS = 1_000
READINGS = 200
KILLS = 10


@dataclass
class Plant:
    edge: EdgePlant
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def plant(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Plant]:
    options = options_of(tmp_path, answer_s=5)
    document = {
        "connector": "hooks", "protocol": "webhook", "options": options, "mapping": MAPPING,
    }  # fmt: skip
    edge = plant_of(tmp_path, database_url, redis_url, document)
    yield Plant(edge, options["port"])
    edge.stop()


def event(number: int) -> dict[str, Any]:
    fields = {"kind": "job_started", "equipment": "e", "order_number": str(number)}
    return fields | ({"id": f"j-{number}"} if number % 2 else {})


async def send_all(
    plant: Plant, count: int, path: str, body_of: Callable[[int], Any]
) -> tuple[list[dict[str, Any]], list[Any]]:
    """Twenty senders at once, each repeating its request until it gets 2xx."""
    numbers = iter(range(count))
    answers: list[dict[str, Any]] = []
    failures: list[Any] = []

    async def sender() -> None:
        async with create_client(plant.url) as client:
            for number in numbers:
                answers.append(
                    await send_until_accepted(
                        client, path, within_s=240, failures=failures.append,
                        content=json.dumps(body_of(number)),
                        headers={"Content-Type": "application/json"},
                    )
                )  # fmt: skip
                await asyncio.sleep(0.05)

    await asyncio.gather(*(sender() for _ in range(20)))
    return answers, failures


async def kill_repeatedly(plant: Plant, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(KILLS):
        async with asyncio.timeout(120):
            async with create_client(plant.url) as client:
                while True:
                    try:
                        await client.get("/health")
                        break
                    except httpx2.TransportError:  # it is starting
                        assert plant.edge.children["edge"].is_alive, plant.edge.log("edge")
                        await asyncio.sleep(0.05)
        await asyncio.sleep(chance.uniform(0.0, 0.8))
        plant.edge.children["edge"].kill()
        plant.edge.start_edge()


async def test_a_thousand_posts_and_random_kills(plant: Plant, database_url: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    killing = asyncio.create_task(kill_repeatedly(plant, seed))
    halls = [f"hall-{number}" for number in range(READINGS)]
    posts, weights = await asyncio.gather(
        send_all(plant, POSTS, BATCH, lambda number: [event(number)]),
        send_all(plant, READINGS, "/hooks/scales", lambda n: {"hall": halls[n], "weight": n}),
    )
    await killing
    assert posts[1], "no request failed by a kill"
    assert len(posts[0]) == POSTS
    assert all(a["accepted"] + a["duplicates"] == 1 for a in posts[0] + weights[0])
    stored = await until_stored(
        database_url, "SELECT body ->> 'order_number' FROM business_events", POSTS
    )
    assert sorted(int(row[0]) for row in stored) == list(range(POSTS))
    samples = await until_stored(
        database_url,
        "SELECT key, value FROM samples JOIN signals ON signals.id = signal_id"
        " WHERE signals.name = 'weight'",
        READINGS,
    )
    assert sorted(row[1] for row in samples) == list(range(READINGS))
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM quarantine") == 0
    assert await connection.fetchval("SELECT count(*) FROM gaps") == 0
    await connection.close()


async def test_fifty_repetitions_across_a_kill_are_stored_once(
    plant: Plant, database_url: str
) -> None:
    async def send() -> dict[str, Any]:
        async with create_client(plant.url) as client:
            return await send_until_accepted(client, BATCH, json=[event(1), event(2)])

    sending = [asyncio.create_task(send()) for _ in range(50)]
    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    plant.edge.children["edge"].kill()
    plant.edge.start_edge()
    answers = await asyncio.gather(*sending)
    assert sum(answer["accepted"] for answer in answers) <= 2
    assert len(await until_stored(database_url, "SELECT FROM business_events", 2)) == 2
    raw = await until_stored(database_url, "SELECT FROM raw_inputs WHERE hashes <> '{}'", 1)
    assert len(raw) == 1


async def test_sigterm_stops_the_edge_while_a_sender_waits(plant: Plant) -> None:
    async with create_client(plant.url) as client:
        await send_until_accepted(client, BATCH, json=[event(1)])
        reader, writer = await asyncio.open_connection("127.0.0.1", plant.port)
        writer.write(b"POST /hooks/note HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                     b"X-API-Key: %b\r\n\r\n" % KEY.encode())  # fmt: skip
        await writer.drain()
        await plant.edge.children["edge"].stop(signal.SIGTERM, within_s=60)
        assert '"event": "edge stopped"' in plant.edge.log("edge")
        assert "did not stop in time" not in plant.edge.log("edge")
        assert not (await reader.read()).startswith(b"HTTP/1.1 2")
        writer.close()
