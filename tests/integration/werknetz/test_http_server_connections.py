"""Connections that are half-open, idle, slow or too many: a complete request is answered."""

import asyncio
import json
from dataclasses import replace

import pytest

from plumbing.http_clients import (
    HELLO,
    LARGE_BYTES,
    LAST_HELLO,
    PATIENCE_S,
    RawClient,
    Stage,
    connect,
    exchange,
    start_stage,
)
from plumbing.waiting import until
from werknetz.runtime.http_server.limits import HttpLimits

pytestmark = pytest.mark.asyncio
PATIENT = HttpLimits(header_s=600, idle_s=600, body_s=600, write_s=600)
HALF = b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Slow: "


async def open_many(stage: Stage, number: int, start: bytes, *, sources: int) -> list[RawClient]:
    clients = []
    for n in range(number):
        client = await connect(stage, source=f"127.0.0.{1 + n % sources}")
        client.writer.write(start)
        clients.append(client)
    return clients


def assert_problem(answer: bytes, status: int, code: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    lines = {line.partition(b": ")[0]: line.partition(b": ")[2] for line in head.split(b"\r\n")}
    assert lines[b"content-type"] == b"application/problem+json"
    assert lines[b"connection"] == b"close"
    assert lines[b"x-content-type-options"] == b"nosniff"
    assert lines[b"x-trace-id"]
    if status in {429, 503}:
        assert int(lines[b"retry-after"]) > 0
    document = json.loads(body)
    assert document["status"] == status
    assert document["type"] == f"urn:werknetz:problem:{code}"
    assert document["hint"]


@pytest.mark.parametrize("sources", [1, 40])
@pytest.mark.parametrize(
    "start", [b"", HALF, b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"]
)
async def test_half_open_connections_take_no_places(start: bytes, sources: int) -> None:
    limits = replace(PATIENT, connections_max=100, connections_per_proxy_max=90)
    async with start_stage(limits) as stage:
        clients = await open_many(stage, 130, start, sources=sources)
        for source in ("127.0.0.1", "127.0.0.99"):
            assert (await exchange(stage, LAST_HELLO, source=source)).endswith(b"http hello")
        assert stage.open <= (90 if sources == 1 else 100)
        for client in clients:
            client.close()


async def test_an_evicted_client_gets_the_reason() -> None:
    async with start_stage(replace(PATIENT, connections_max=1)) as stage:
        client = await connect(stage)
        client.writer.write(HALF)
        await until(lambda: stage.open == 1, within_s=PATIENCE_S)
        assert (await exchange(stage, LAST_HELLO)).endswith(b"hello")
        answer = await client.read_all()
        assert_problem(answer, 503, "server_busy")
        client.close()


async def test_requests_beyond_the_limits_are_refused() -> None:
    limits = replace(PATIENT, connections_max=3, connections_per_proxy_max=2)
    waiting = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
    async with start_stage(limits) as stage:
        clients = await open_many(stage, 2, waiting, sources=1)
        await until(lambda: stage.waiting == 2, within_s=PATIENCE_S)
        assert_problem(await exchange(stage, HELLO), 429, "too_many_connections")
        post = b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50_000
        assert_problem(await exchange(stage, post), 429, "too_many_connections")
        head = await exchange(stage, b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 ")
        assert head.endswith(b"\r\n\r\n")
        assert (await exchange(stage, LAST_HELLO, source="127.0.0.2")).endswith(b"hello")
        clients += [await connect(stage, source="127.0.0.2")]
        clients[-1].writer.write(waiting)
        await until(lambda: stage.waiting == 3, within_s=PATIENCE_S)
        refused = await exchange(stage, HELLO, source="127.0.0.3")
        assert_problem(refused, 503, "server_busy")
        assert len(stage.paths) == 1
        stage.release.set()
        for client in clients:
            assert (await client.read_answer()).endswith(b"done")
            client.close()
        await until(lambda: stage.open == 0, within_s=PATIENCE_S)
        assert (await exchange(stage, LAST_HELLO)).endswith(b"hello")


async def test_slow_headers_end_after_their_time() -> None:
    async with start_stage(replace(PATIENT, header_s=1)) as stage:
        client = await connect(stage)
        started_s = asyncio.get_running_loop().time()
        closed = asyncio.create_task(client.read_all())
        while not closed.done():  # a byte now and then does not extend the time
            assert asyncio.get_running_loop().time() - started_s < PATIENCE_S
            client.writer.write(b"G")
            await asyncio.sleep(0.05)
        assert await closed == b""
        assert asyncio.get_running_loop().time() - started_s >= 1
        client.close()


@pytest.mark.parametrize(("header_s", "idle_s"), [(1, 600), (600, 0.3)])
async def test_a_later_request_has_the_idle_time_and_then_the_header_time(
    header_s: float, idle_s: float
) -> None:
    async with start_stage(replace(PATIENT, header_s=header_s, idle_s=idle_s)) as stage:
        client = await connect(stage)
        client.writer.write(HELLO)
        assert (await client.read_answer()).endswith(b"hello")
        if header_s < idle_s:
            client.writer.write(b"GET /he")
        assert await client.read_all() == b""
        client.close()


async def test_an_idle_connection_serves_again() -> None:
    async with start_stage(replace(PATIENT, header_s=1)) as stage:
        client = await connect(stage)
        for pause_s in (1.3, 0):  # longer than the header time: it begins with the first byte
            client.writer.write(HELLO)
            assert (await client.read_answer()).endswith(b"hello")
            await asyncio.sleep(pause_s)
        client.close()


async def test_a_slow_body_ends_and_a_steady_one_gets_through() -> None:
    limits = replace(PATIENT, body_s=0.5, body_bytes_per_s=100)
    start = b"POST /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n"
    async with start_stage(limits) as stage:
        assert_problem(await exchange(stage, start, b"x"), 408, "body_too_slow")
        client = await connect(stage)
        client.writer.write(start + b"x" * 10_000)
        for _ in range(10):  # 1 s in all, longer than `body_s`
            await asyncio.sleep(0.1)
            client.writer.write(b"x" * 1_000)
        assert (await client.read_all()).endswith(b"20000")
        client.close()


async def test_a_body_after_its_answer_ends_too() -> None:
    start = b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"
    async with start_stage(replace(PATIENT, body_s=0.3)) as stage:
        answer = await exchange(stage, start, b"x")
        assert answer.startswith(b"HTTP/1.1 401")
        assert answer.endswith(b"ignored")


async def test_a_client_that_does_not_read_is_disconnected() -> None:
    async with start_stage(replace(PATIENT, write_s=1)) as stage:
        client = await connect(stage, buffer=4_096)
        client.writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: stage.open == 1, within_s=PATIENCE_S)
        await until(lambda: stage.open == 0, within_s=PATIENCE_S)
        client.close()
        reading = await exchange(stage, LAST_HELLO.replace(b"hello", b"large"))
        assert reading.endswith(b"x" * 1_000)
        assert len(reading) > LARGE_BYTES


async def test_clients_that_do_not_read_give_way() -> None:
    async with start_stage(replace(PATIENT, connections_max=2)) as stage:
        clients = [await connect(stage, buffer=4_096) for _ in range(2)]
        for client in clients:
            client.writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")

        async def gets_in() -> bool:
            return (await exchange(stage, LAST_HELLO)).endswith(b"hello")

        async with asyncio.timeout(PATIENCE_S):
            while not await gets_in():  # noqa: ASYNC110  only an answer shows it
                await asyncio.sleep(0.1)
        for client in clients:
            client.close()
