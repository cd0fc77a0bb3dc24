"""An API process is killed amid a change of a stop with a key: it is done once, or not yet."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from .api_processes import SECONDS_MAX, ApiProcesses, start_processes
from .conftest import PRESS, fill

pytestmark = pytest.mark.asyncio
# In the transaction of the change, after it: state entries are written, not committed.
LAST_TABLE = "audit_log"
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
WHERE NOT granted AND relname = $1"""
STOP = """
INSERT INTO state_pieces (equipment_id, start_at, end_at, state, category)
SELECT $1, at, at + interval '10 minutes', 4, 'adet'
FROM (SELECT date_trunc('hour', now()) - $2 * interval '1 hour') AS hour (at)
RETURNING (extract(epoch FROM start_at) * 1000000)::bigint AS start_us,
    start_at + interval '5 minutes' AS middle"""
ENTRIES = "SELECT count(*) FROM state_entries WHERE known_to IS NULL"


async def test_a_change_of_a_stop_survives_its_process_once(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    database, locker = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    ids, keys = await fill(database)
    environment = {"WERKNETZ_DATABASE_URL": database_url, "WERKNETZ_REDIS_URL": redis_url}
    with start_processes(tmp_path, environment=environment) as processes:

        async def change(request: tuple[str, dict[str, Any]]) -> httpx2.Response:
            path, body = request
            async with httpx2.AsyncClient(
                base_url=f"http://127.0.0.1:{processes.port}/api/v1",
                headers={"X-API-Key": keys["engineer"], "Idempotency-Key": path},
                timeout=SECONDS_MAX,
            ) as http:
                return await http.post(path, json=body)

        async def kill_amid(request: tuple[str, dict[str, Any]], pid: int) -> None:
            async with locker.transaction():
                await locker.execute(f"LOCK TABLE {LAST_TABLE} IN ACCESS EXCLUSIVE MODE")
                with processes.only(pid):
                    lost = asyncio.ensure_future(change(request))
                    async with asyncio.timeout(SECONDS_MAX):
                        while not await database.fetchval(WAITING, LAST_TABLE):  # noqa: ASYNC110 - PostgreSQL
                            await asyncio.sleep(0.05)
                    processes.kill(pid)
                with pytest.raises(httpx2.TransportError):
                    await lost

        for number, (action, entries) in enumerate((("classify", 1), ("split", 2)), start=1):
            stop = await database.fetchrow(STOP, ids[PRESS], number + 1)
            body = {"classify": {"comment": "jam"}, "split": {"at": stop["middle"].isoformat()}}
            path = f"/stops/{ids[PRESS]}-{stop['start_us']}:{action}"
            request = (path, {**body[action], "version": 0})
            before = await database.fetchval(ENTRIES)
            pid = min(processes.pids())
            await kill_amid(request, pid)
            processes.wait_until_started(2 + number)
            answer = await _repeat(processes, lambda request=request: change(request))
            assert answer.status_code == 200, answer.text
            again = await change(request)
            assert (again.status_code, again.json()) == (200, answer.json())
            assert again.headers["idempotency-replayed"] == "true"
            assert await database.fetchval(ENTRIES) == before + entries, action
    await database.close()
    await locker.close()


async def _repeat(processes: ApiProcesses, send: Any) -> httpx2.Response:
    """Send until PostgreSQL has noticed that the process is gone: so long the key is locked."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            response: httpx2.Response = await send()
            if response.status_code != 409:
                return response
            assert response.json()["code"] == "request_in_progress", processes.log.read_text()
            await asyncio.sleep(0.05)
