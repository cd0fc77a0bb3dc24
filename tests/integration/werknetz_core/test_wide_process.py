"""Wide requests are answered by a process of their own; a request ends with its client."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest

from werknetz.runtime.http_server.server import HttpServer
from werknetz_core.kpis.values import compute
from werknetz_core.limits.weight import Reads
from werknetz_core.limits.wide_process import process
from werknetz_core.limits.wide_process.forwarding import client_of_socket
from werknetz_core.settings import CoreSettings

from .conftest import LINE, PLANT, PRESS, World, open_world
from .test_limits import POLL, WIDE, WIDE_QUERY, begin_history

pytestmark = pytest.mark.asyncio
# Statements that wait for the lock of the test; the activity of other users cannot be seen.
LOCKED = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND relation IN ('elements'::regclass, 'element_sums'::regclass)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
SECONDS_MAX = 120
OPEN_STOPS = f"/stops?under={PLANT}&open=true&sort=-duration_s&start=-3650d"
WEIGHED = (
    POLL,
    f"/kpi_values/explain?equipment={PRESS}&kpi=availability",
    f"/equipment/{PRESS}/counts",
    f"/equipment/{PRESS}/states?sort=-duration_s",
    f"/equipment/{PRESS}/stops",
    f"/stops?under={PLANT}",
    f"/loss_times?equipment={PRESS}",
    f"/losses?under={LINE}",
    "/losses/supply-caused",
    f"/comparisons?under={PLANT}&level=machine",
    f"/overview?under={PLANT}",
    f"/shift_reports/{PRESS}?start=-8h&end=now",
    "/targets",
    "/days_of_supply",
    "/stock_projection",
    "/shortage_warnings",
)


@contextlib.asynccontextmanager
async def open_wide_world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    settings = CoreSettings(
        database_url, redis_url, wide_process=True, wide_statement_timeout_s=600
    )
    async with open_world(settings) as world:
        await begin_history(world)
        yield world


def wide_processes() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if "werknetz_core.limits.wide_process" in child.cmdline()
    ]


async def readiness(world: World) -> dict[str, Any]:
    answer = await world.client.get("/api/v1/health/ready")
    document: dict[str, Any] = answer.json()
    return document


async def wide_state(world: World) -> tuple[str, str]:
    document = await readiness(world)
    assert ("hint" in document) == (document["status"] == "degraded")
    return document["status"], document["wide_process"]


def hold_restarts(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Start no process until the event is set."""
    may_start = asyncio.Event()
    run_child = process.run_child

    async def run_later(*arguments: Any, **options: Any) -> int:
        await may_start.wait()
        return await run_child(*arguments, **options)

    monkeypatch.setattr(process, "run_child", run_later)
    return may_start


async def answer_of(world: World, path: str) -> httpx2.Response:
    """Return the answer, once the process has started."""
    async with asyncio.timeout(SECONDS_MAX):
        while (answer := await world.get(path)).status_code == 503:
            assert answer.json()["type"].endswith("wide_process_unavailable")
            assert answer.headers["retry-after"] == "2"
            await asyncio.sleep(0.2)
    return answer


async def test_another_process_answers_what_is_wide(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_wide_world(database_url, redis_url) as world:
        context = world.app.state.context
        world.app.state.context = replace(context, wide_client=None)
        expected = (await world.get(WIDE)).json()["items"]
        world.app.state.context = context
        for poll in (POLL, OPEN_STOPS):
            assert (await world.get(poll)).status_code == 200
        assert not wide_processes()
        assert await wide_state(world) == ("ready", "idle")

        def fail(*_: object) -> None:
            raise AssertionError("this process computes it")

        monkeypatch.setattr(compute, "compute_values", fail)
        first = await answer_of(world, WIDE)
        assert first.status_code == 200, first.text
        assert [item["kpi"] for item in first.json()["items"]] == [item["kpi"] for item in expected]
        assert first.headers["etag"]
        names = [name for name, _ in first.headers.multi_items()]
        assert len(names) == len(set(names)), names
        assert "ratelimit" in names
        [first_process] = wide_processes()
        assert first_process.nice() >= 5
        assert await wide_state(world) == ("ready", "ok")
        assert database_url not in " ".join(first_process.cmdline())

        queries = {"queries": [WIDE_QUERY] * 11}  # what it reads is planned there, too
        headers = {"X-API-Key": world.keys["viewer"]}
        path = "/api/v1/kpi_values:query"
        answer = await world.client.post(path, json=queries, headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"].endswith("query_too_wide")
        assert answer.json()["trace_id"] == answer.headers["x-trace-id"]

        may_restart = hold_restarts(monkeypatch)
        os.kill(first_process.pid, signal.SIGKILL)
        async with asyncio.timeout(SECONDS_MAX):
            while await wide_state(world) != ("degraded", "restarting"):  # noqa: ASYNC110  a file
                await asyncio.sleep(0.05)
        assert "wide requests get 503" in (await readiness(world))["hint"]
        assert (await world.get("/plants")).status_code == 200
        may_restart.set()
        again = await answer_of(world, WIDE)
        assert again.status_code == 200
        [other] = wide_processes()
        assert other.pid != first_process.pid
        assert await wide_state(world) == ("ready", "ok")
    assert not wide_processes()


async def test_each_route_with_a_weight_hands_over_what_is_wide(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin_history(world)
    monkeypatch.setattr(Reads, "is_wide", property(lambda _: True))
    async with client_of_socket("/no-socket") as client:
        world.app.state.context = replace(world.app.state.context, wide_client=client)
        for path in WEIGHED:
            answer = await world.get(path)
            assert answer.status_code == 503, f"{path}: {answer.text}"
            assert answer.json()["type"].endswith("wide_process_unavailable"), path
        assert world.app.state.context.admission.in_flight.taken == 0


async def test_a_wide_report_is_handed_over_before_it_is_signed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature and its Idempotency-Key are those of the wide process, or there are none."""
    await begin_history(world)
    span = {"start": "2026-11-20T07:00:00Z", "end": "2026-11-20T09:00:00Z"}
    url = f"/shift_reports/{PRESS}"
    digest = (await world.get(f"{url}?start={span['start']}&end={span['end']}")).json()["digest"]
    options: dict[str, Any] = {
        "json": {**span, "digest": digest},
        "headers": {"X-API-Key": world.keys["engineer"], "Idempotency-Key": "k"},
    }
    context = world.app.state.context
    with monkeypatch.context() as patched:
        patched.setattr(Reads, "is_wide", property(lambda _: True))
        async with client_of_socket("/no-socket") as client:
            world.app.state.context = replace(context, wide_client=client)
            answer = await world.client.post(f"/api/v1{url}:sign", **options)
    assert answer.json()["type"].endswith("wide_process_unavailable"), answer.text
    for table in ("shift_report_signatures", "stored_answers", "audit_log"):
        assert await world.database.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    world.app.state.context = context
    assert (await world.client.post(f"/api/v1{url}:sign", **options)).status_code == 201


@contextlib.asynccontextmanager
async def serve(world: World) -> AsyncIterator[str]:
    server = HttpServer(world.app, host="127.0.0.1", port=0)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}/api/v1"
    finally:
        await server.stop()


async def wait_until_locked(database: asyncpg.Connection, *, is_locked: bool) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while bool(await database.fetchval(LOCKED)) is not is_locked:  # noqa: ASYNC110  PostgreSQL has no event
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("path", [POLL.replace(PRESS, f"{PRESS}&kpi=oee"), WIDE])
async def test_a_statement_ends_with_the_client_of_its_request(
    database_url: str, redis_url: str, path: str
) -> None:
    async with (
        open_wide_world(database_url, redis_url) as world,
        serve(world) as url,
        httpx2.AsyncClient(headers={"X-API-Key": world.keys["viewer"]}, timeout=None) as client,
    ):
        await answer_of(world, WIDE)  # so that the process runs
        async with world.database.transaction():
            await world.database.execute(
                "LOCK TABLE elements, element_sums IN ACCESS EXCLUSIVE MODE"
            )
            request = asyncio.create_task(client.get(url + path))
            await wait_until_locked(world.database, is_locked=True)
            request.cancel()
            await asyncio.wait({request})
            await wait_until_locked(world.database, is_locked=False)
        assert world.app.state.context.admission.in_flight.taken == 0
        assert (await client.get(url + path)).status_code == 200
