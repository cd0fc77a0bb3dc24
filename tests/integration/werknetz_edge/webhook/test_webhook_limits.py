"""Limits on sizes, times and numbers of requests; and bodies of random bytes."""

import asyncio
import gzip
import random
import socket
from pathlib import Path

import pytest

from plumbing.hooks import (
    BATCH,
    EVENT,
    KEY,
    counts_of,
    create_client,
    start_webhook,
)

pytestmark = pytest.mark.asyncio


async def test_body_sizes_are_limited(tmp_path: Path) -> None:
    async with (
        start_webhook(tmp_path, body_max_bytes=10_000, stream_max_bytes=3_000_000) as stage,
        create_client(stage.url) as client,
    ):
        assert (await client.post("/hooks/note", content=b"x" * 10_001)).status_code == 413
        bomb = gzip.compress(b"0" * 50_000_000)
        headers = {"Content-Encoding": "gzip"}
        response = await client.post("/hooks/lines", content=bomb, headers=headers)
        assert response.status_code == 413
        assert (
            await client.post("/hooks/lines", content=b"no", headers=headers)
        ).status_code == 400
        cut = await client.post("/hooks/lines", content=gzip.compress(b"1\n")[:-4], headers=headers)
        assert cut.status_code == 400
        odd = await client.post("/hooks/lines", content=b"1", headers={"Content-Encoding": "br"})
        assert odd.status_code == 415
        large = b"".join(b'{"kind":"job_started","equipment":"e","order_number":"%d"}\n' % n
                         for n in range(12_000))  # fmt: skip
        response = await client.post(BATCH, content=large, headers={"Content-Type": "text/csv"})
        assert response.json()["accepted"] == 0
        response = await client.post(
            BATCH, content=gzip.compress(large),
            headers=headers | {"Content-Type": "application/x-ndjson"},
        )  # fmt: skip
        assert counts_of(response) == (12_000, 0, 0)
        assert max(len(delivery.records) for delivery in stage.deliveries) <= 3_000
        assert (
            max(len(m.content) for delivery in stage.deliveries for m in delivery.messages)
            < 1_000_000
        )


async def test_slow_senders_are_disconnected(tmp_path: Path) -> None:
    async with (
        start_webhook(tmp_path, header_s=1.0, body_s=1.0) as stage,
        create_client(stage.url) as client,
    ):
        port = stage.connector.port

        async def send_slowly(*parts: bytes) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.1)
                async with asyncio.timeout(60):
                    return await reader.read(-1)
            finally:
                writer.close()

        head = b"POST /hooks/note HTTP/1.1\r\nHost: a\r\nX-API-Key: %b\r\n" % KEY.encode()
        assert await send_slowly(b"") == b""
        assert await send_slowly(head) == b""
        started = head + b"Content-Length: 100\r\n\r\n"
        assert b" 408 " in await send_slowly(started, b"x", b"x")
        first = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
        head_response = await send_slowly(first, b"GET /hea")
        assert head_response.startswith(b"HTTP/1.1 200")
        assert b" 431 " in await send_slowly(head + b"X: " + b"y" * 20_000)
        assert (await client.post("/hooks/note", content=b"moin")).status_code == 200


async def test_requests_above_the_limit_get_503(tmp_path: Path) -> None:
    async with (
        start_webhook(tmp_path, requests_max=2, answer_s=120) as stage,
        create_client(stage.url) as client,
    ):
        stage.may_read.clear()
        await asyncio.sleep(0.6)
        requests = [
            asyncio.create_task(client.post(BATCH, json=[{**EVENT, "material": f"M{n}"}]))
            for n in range(6)
        ]
        refused, waiting = 0, set(requests)
        while refused < 3:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result().status_code for task in done} <= {200, 503}
            refused += sum(task.result().status_code == 503 for task in done)
        stage.may_read.set()
        responses = await asyncio.gather(*waiting)
        assert {response.status_code for response in responses} <= {200, 503}
        assert 200 in {task.result().status_code for task in requests}


async def test_random_bodies_are_refused_or_stored(tmp_path: Path) -> None:
    """Random bytes at every endpoint in every encoding get a response, and the server goes on."""
    chance = random.Random(4711)
    fragments = [
        b"{", b"}", b"[", b"]", b",", b'"kind":', b'"stock_counted"', b"\n", b"\0", b"\xff", b'"',
        b'{"hall":"a","weight":1}', b"1e999", b"-", b";", b"\\ud800", b"\xef\xbb\xbf", b'"id":1',
    ]  # fmt: skip
    kinds = ["application/json", "application/x-ndjson", "text/csv", "application/xml"]
    paths = [BATCH, *(f"/hooks/{name}" for name in ("wms", "lines", "table", "note", "scales"))]
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        statuses: set[int] = set()
        for _ in range(400):
            body = b"".join(chance.choices(fragments, k=chance.randrange(20)))
            if chance.random() < 0.3:
                body = chance.randbytes(chance.randrange(300))
            headers = {"Content-Type": chance.choice(kinds)}
            if chance.random() < 0.2:
                headers["Content-Encoding"] = chance.choice(["gzip", "deflate"])
                body = gzip.compress(body) if chance.random() < 0.5 else body
            response = await client.post(chance.choice(paths), content=body, headers=headers)
            statuses.add(response.status_code)
            assert response.status_code in {200, 400, 413, 415}, (body, response.text)
        assert statuses >= {200, 400, 415}
        assert counts_of(await client.post(BATCH, json=[EVENT])) == (1, 0, 0)


async def test_responses_are_sent_without_nagle_delay(tmp_path: Path) -> None:
    async with start_webhook(tmp_path) as stage, create_client(stage.url) as client:
        await client.get("/health")
        server = stage.connector._server
        assert server is not None
        (connection,) = server._server.server_state.connections
        tcp_socket = connection.transport.get_extra_info("socket")
        assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
