"""Requests that are not HTTP as a proxy would read it: a clear answer, and no second request."""

import json
from dataclasses import replace

import pytest

from plumbing.http_clients import (
    BODY_BYTES_MAX,
    HELLO,
    LAST_HELLO,
    connect,
    exchange,
    start_stage,
)
from werknetz.runtime.http_server.limits import HttpLimits

pytestmark = pytest.mark.asyncio
HOST = b"Host: a\r\n"
POST = b"POST /count HTTP/1.1\r\n" + HOST
BOTH = POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
SWAPPED = POST + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"
SMUGGLED = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (BOTH + SMUGGLED, 400),
        (SWAPPED + SMUGGLED, 400),
        (POST + b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n" + SMUGGLED, 501),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 501),
        (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx" + SMUGGLED, 400),
        (POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED, 400),
        (POST + b"Content-Length: +1\r\n\r\nx" + SMUGGLED, 400),
        (POST + b"Content-Length: 1e3\r\n\r\nx" + SMUGGLED, 400),
        (POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n" + SMUGGLED, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 21 + b"\r\n" + SMUGGLED, 400),
        (b"GET /hello\r\n\r\n", 400),
        (b"GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /hel\0lo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /h\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),  # TLS, where plain HTTP is served
        (b"\r\n\r\n" + SMUGGLED, 400),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /hello?" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1_000_000, 431),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", 431),
    ],
)  # fmt: skip
async def test_a_wrong_request_is_answered_once(request_bytes: bytes, status: int) -> None:
    async with start_stage() as stage:
        answer = await exchange(stage, request_bytes)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), answer
        assert b"content-type: application/problem+json" in head
        document = json.loads(body)  # nothing follows it
        assert document["status"] == status
        assert document["hint"]
        assert stage.paths == []
        assert (await exchange(stage, LAST_HELLO)).endswith(b"hello")


@pytest.mark.parametrize(
    "request_bytes",
    [
        LAST_HELLO,
        LAST_HELLO.replace(b"1.1", b"1.0"),
        b"GET /hello HTTP/1.0\r\n\r\n",
        b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        LAST_HELLO.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 97 + b"\r\n"),
        LAST_HELLO.replace(b"\r\n\r\n", b"\r\nX: " + b"y" * 16_000 + b"\r\n\r\n"),
        LAST_HELLO.replace(b"\r\n\r\n", b", upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ],
)
async def test_a_right_request_is_answered_and_the_connection_closed(request_bytes: bytes) -> None:
    async with start_stage() as stage:
        answer = await exchange(stage, request_bytes)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"http hello")


@pytest.mark.parametrize(
    ("request_bytes", "title"),
    [
        (BOTH.replace(b"\r\n", b"\r\nAccept-Language: de\r\n", 1), "Ungültige Anfrage"),
        (BOTH, "Invalid request"),
        # The head is not read: nobody knows which language the client wants.
        (b"GET /hello HTTP/1.1\r\nAccept-Language: de\r\nno colon\r\n\r\n", "Invalid request"),
    ],
)
async def test_a_refusal_has_the_language_of_a_head_that_was_read(
    request_bytes: bytes, title: str
) -> None:
    async with start_stage() as stage:
        answer = await exchange(stage, request_bytes)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["title"] == title


@pytest.mark.parametrize(("headers", "status"), [(100, 200), (101, 431)])
async def test_the_number_of_headers(headers: int, status: int) -> None:
    request = LAST_HELLO.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * (headers - 2) + b"\r\n")
    async with start_stage() as stage:
        assert (await exchange(stage, request)).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
async def test_the_size_of_headers(more: int, status: int) -> None:
    limits = HttpLimits(header_bytes_max=1_000)
    filled = sum(
        len(line) for line in (b"/hello", b"Host: a\r\n", b"Connection: close\r\n", b"X: \r\n")
    )
    padding = b"y" * (limits.header_bytes_max - filled + more)
    request = LAST_HELLO.replace(b"\r\n\r\n", b"\r\nX: " + padding + b"\r\n\r\n")
    async with start_stage(limits) as stage:
        assert (await exchange(stage, request)).startswith(b"HTTP/1.1 %d " % status)


async def test_chunked_bodies_have_the_limit_of_all_bodies() -> None:
    start = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    within = [chunk(b"x" * 50_000)] * (BODY_BYTES_MAX // 50_000)
    async with start_stage() as stage:
        answer = await exchange(stage, start, *within, b"0\r\n\r\n")
        assert answer.endswith(str(BODY_BYTES_MAX).encode())
        answer = await exchange(stage, start, *within, chunk(b"x"), b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")
        endless = await exchange(stage, start, *within * 100)
        assert endless.startswith(b"HTTP/1.1 413 ")
        tiny = await exchange(stage, start, chunk(b"x") * 1_000, b"0\r\nTrailer: 1\r\n\r\n")
        assert tiny.endswith(b"1000")


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with start_stage() as stage:
        answer = await exchange(
            stage, HELLO * 20 + POST + b"Content-Length: 3\r\n\r\nabc" + LAST_HELLO
        )
        assert answer.count(b"HTTP/1.1 200 OK") == 22
        assert answer.endswith(b"http hello")
        assert stage.paths == ["/hello"] * 21
        wrong_last = await exchange(stage, HELLO * 2 + b"no request\r\n\r\n" + HELLO)
        assert wrong_last.count(b"HTTP/1.1 200 OK") == 2
        assert wrong_last.count(b"HTTP/1.1 400 ") == 1


async def test_bytes_that_arrive_singly_make_a_request() -> None:
    async with start_stage(replace(HttpLimits(), header_s=600)) as stage:
        parts = [bytes([byte]) for byte in LAST_HELLO]
        assert (await exchange(stage, *parts)).endswith(b"hello")


async def test_expect_continue() -> None:
    async with start_stage() as stage:
        client = await connect(stage)
        expect = b"Expect: 100-continue\r\nConnection: close\r\n"
        client.writer.write(POST + expect + b"Content-Length: 3\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.exchange(b"abc")).endswith(b"3")
        client.close()
