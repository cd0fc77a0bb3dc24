"""An API process is killed with SIGKILL amid a POST and while it streams: the other goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from werknetz.domain.state import MachineState

from .api_processes import SECONDS_MAX, start_processes
from .conftest import PLANT, PRESS, fill

pytestmark = pytest.mark.asyncio
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE NOT granted AND relname = 'annotations'"""
STATE = """
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)
VALUES ($1, now() - interval '10 minutes', now(), 4, 'adet')"""
NOTE = {"equipment": PRESS, "text": "belt changed"}
STREAM = f"/stream?equipment={PLANT}&topics=values,states"


async def events(response: httpx2.Response) -> AsyncIterator[dict[str, str]]:
    """Yield the events of a stream, without its comments."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, separator, value = line.partition(": ")
        if separator and name:
            fields[name] = value
        elif not line and "event" in fields:
            yield fields
            fields = {}


async def test_a_killed_process_loses_no_request_and_no_event(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    database, locker = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    ids, keys = await fill(database)
    environment = {"WERKNETZ_DATABASE_URL": database_url, "WERKNETZ_REDIS_URL": redis_url}
    with start_processes(tmp_path, environment=environment) as processes:

        def client() -> httpx2.AsyncClient:
            """Return a client with a connection of its own: any process may accept it."""
            return httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{processes.port}/api/v1",
                headers={"X-API-Key": keys["engineer"]}, timeout=SECONDS_MAX,
            )  # fmt: skip

        async def add_note() -> httpx2.Response:
            async with client() as http:
                headers = {"Idempotency-Key": "k-1"}
                return await http.post("/annotations", json=NOTE, headers=headers)

        first, second = processes.pids()
        async with locker.transaction():
            await locker.execute("LOCK TABLE annotations IN ACCESS EXCLUSIVE MODE")
            with processes.only(first):
                lost = asyncio.ensure_future(add_note())
                async with asyncio.timeout(SECONDS_MAX):
                    while not await database.fetchval(WAITING):  # noqa: ASYNC110 - PostgreSQL's
                        await asyncio.sleep(0.05)
                processes.kill(first)
            with pytest.raises(httpx2.TransportError):
                await lost
        processes.wait_until_started(3)
        with processes.only(second):
            async with asyncio.timeout(SECONDS_MAX):
                # Until PostgreSQL has noticed that the process is gone, the key is locked.
                while (answer := await add_note()).status_code == 409:
                    assert answer.json()["code"] == "request_in_progress"
                    await asyncio.sleep(0.05)
            assert answer.status_code == 201
            again = await add_note()
        assert (again.status_code, again.json()) == (201, answer.json())
        assert await database.fetchval("SELECT count(*) FROM annotations") == 1

        third = (processes.pids() - {second}).pop()
        with processes.only(second):
            async with client() as http, http.stream("GET", STREAM) as stream:
                received = events(stream)
                shown = [await anext(received) for _ in range(2)]
                assert [event["event"] for event in shown] == ["values", "states"]
                processes.kill(second)
                with pytest.raises(httpx2.TransportError):
                    await anext(received)
        await database.execute(STATE, ids[PRESS])
        headers = {"Last-Event-ID": shown[-1]["id"]}
        with processes.only(third):
            async with client() as http, http.stream("GET", STREAM, headers=headers) as stream:
                event = await anext(events(stream))
        assert event["event"] == "states", "the values have not changed"
        states = {item["equipment"]: item["state"] for item in json.loads(event["data"])["items"]}
        assert states[PRESS] == MachineState(4).label
    await database.close()
    await locker.close()
