"""`werknetz up` as a process: half-open connections, TLS, a proxy's headers, CORS."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from plumbing.certificates import Authority
from plumbing.servers import run
from werknetz_demo.embedded.process import free_port

from .conftest import fill

HALF = b"GET /api/v1/plants HTTP/1.1\r\nHost: a\r\nX-Slow: "
CONNECTIONS = 520


async def _fill_database(url: str) -> str:
    connection = await asyncpg.connect(url)
    _, keys = await fill(connection)
    await connection.close()
    return keys["viewer"]


@contextlib.contextmanager
def start_up(folder: Path, *options: str, **environment: str) -> Iterator[int]:
    """Run `werknetz up` and yield its port once it accepts connections."""
    port = free_port()
    log = folder / "up.log"
    with log.open("w") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "werknetz_client.cli", "up", "--port", str(port), *options],
            env=os.environ | environment,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + 240
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 60):
                break
            assert up.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield port
    finally:
        up.terminate()
        assert up.wait(60) in {0, -15}


@contextlib.contextmanager
def open_connections(port: int, start: bytes, *, sources: int) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for n in range(CONNECTIONS):
            source = (f"127.0.0.{1 + n % sources}", 0)
            connection = socket.create_connection(("127.0.0.1", port), 60, source)
            stack.enter_context(connection)
            with contextlib.suppress(ConnectionError):  # it gave way already
                connection.sendall(start)
        yield


def test_half_open_connections_do_not_keep_a_key_out(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    key = run(_fill_database(database_url))
    headers = {"X-API-Key": key}
    with start_up(
        tmp_path,
        WERKNETZ_DATABASE_URL=database_url,
        WERKNETZ_REDIS_URL=redis_url,
        WERKNETZ_HTTP_HEADER_S="600",
        WERKNETZ_HTTP_IDLE_S="600",
    ) as port:
        url = f"http://127.0.0.1:{port}/api/v1"
        for start, sources in ((HALF, 1), (HALF, 100), (b"", 1)):
            with open_connections(port, start, sources=sources):
                for _ in range(3):
                    answer = httpx2.get(f"{url}/plants", headers=headers, timeout=60)
                    assert answer.status_code == 200, answer.text
        both = "POST /api/v1/kpi_values:query HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        with socket.create_connection(("127.0.0.1", port), 60) as connection:
            connection.sendall(f"{both}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode())
            assert b" 400 " in connection.recv(65_536)


def test_tls_proxy_and_cors(database_url: str, redis_url: str, tmp_path: Path) -> None:
    key = run(_fill_database(database_url))
    authority = Authority(tmp_path)
    cert, tls_key = authority.issue("server")
    with (
        start_up(
            tmp_path,
            "--tls-cert", str(cert), "--tls-key", str(tls_key), "--root-path", "/plants-of-us",
            WERKNETZ_DATABASE_URL=database_url,
            WERKNETZ_REDIS_URL=redis_url,
            WERKNETZ_TRUSTED_PROXIES="127.0.0.1",
            WERKNETZ_CORS_ORIGINS="https://dashboard.example",
        ) as port,
        httpx2.Client(
            base_url=f"https://127.0.0.1:{port}/api/v1",
            verify=authority.client_context(),
            headers={"X-API-Key": key},
            timeout=60,
        ) as client,
    ):  # fmt: skip
        with open_connections(port, b"", sources=1):
            plants = client.get("/plants", headers={"Origin": "https://dashboard.example"})
        assert plants.status_code == 200
        assert plants.headers["strict-transport-security"] == "max-age=31536000"
        assert plants.headers["access-control-allow-origin"] == "https://dashboard.example"
        assert "access-control-allow-credentials" not in plants.headers
        other = client.get("/plants", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        page = client.get("/signals", params={"limit": 1})
        assert page.headers["link"].startswith("</plants-of-us/api/v1/signals?")
        plain = client.get("/info", headers={"X-Forwarded-Proto": "http"})
        assert "strict-transport-security" not in plain.headers
        preflight = {
            "Origin": "https://dashboard.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "x-api-key,content-type",
        }
        assert client.options("/targets/x", headers=preflight).status_code == 200
        stranger = Authority(tmp_path, "other authority")
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx2.get(f"https://127.0.0.1:{port}/", verify=stranger.client_context(), timeout=60)
