"""`werknetz doctor` shakes hands with servers as their URLs ask, and explains a refusal."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plumbing.certificates import REFUSED_CERTIFICATES, Authority, RefusedCertificate
from plumbing.tls_front import tls_front
from werknetz_client.commands.doctor import Check, check_server
from werknetz_demo.embedded.postgres import Postgres

pytestmark = pytest.mark.asyncio


async def check(
    monkeypatch: pytest.MonkeyPatch, server: str, port: int, authority: Path, name: str
) -> Check:
    url = {
        "database": f"postgresql://u:p@{name}:{port}/d?sslmode=verify-full&sslrootcert={authority}",
        "redis": f"rediss://u:p@{name}:{port}/0?ssl_ca_certs={authority}",
        "mqtt": f"mqtts://u:p@{name}:{port}?ca={authority}",
    }[server]
    variable = f"WERKNETZ_{server.upper()}_URL"
    monkeypatch.setenv(variable, url)
    result = await asyncio.to_thread(check_server, variable, server, 1)
    assert result is not None
    assert "u:p" not in result.detail
    return result


@pytest.mark.parametrize("server", ["database", "redis", "mqtt"])
async def test_a_good_certificate_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str, server: str
) -> None:
    authority = Authority(tmp_path)
    backend = urlsplit(redis_url).port or 0  # nothing is sent after the handshake
    is_postgres = server == "database"
    async with tls_front(backend, authority.issue("server"), is_postgres=is_postgres) as port:
        result = await check(monkeypatch, server, port, authority.file, "localhost")
    assert result.passed
    assert result.detail == f"localhost:{port} has a valid certificate"


@pytest.mark.parametrize("case", REFUSED_CERTIFICATES, ids=lambda case: case.name)
async def test_another_certificate_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str, case: RefusedCertificate
) -> None:
    authority = Authority(tmp_path)
    backend = urlsplit(redis_url).port or 0
    async with tls_front(backend, case.issue(tmp_path, authority)) as port:
        result = await check(monkeypatch, "redis", port, authority.file, "localhost")
    assert not result.passed
    assert "WERKNETZ_REDIS_URL: the certificate of localhost" in result.detail


async def test_a_database_without_tls_and_a_missing_file_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_server: Postgres
) -> None:
    port = postgres_server.port
    result = await check(monkeypatch, "database", port, Authority(tmp_path).file, "127.0.0.1")
    assert "offers no TLS: set `ssl = on`" in result.detail
    result = await check(monkeypatch, "database", port, tmp_path / "none.pem", "127.0.0.1")
    assert f"sslrootcert names {tmp_path}/none.pem: No such file" in result.detail
