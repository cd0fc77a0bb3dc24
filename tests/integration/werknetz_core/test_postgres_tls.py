"""PostgreSQL with `sslmode=verify-full`: taken with a good certificate, refused with any other."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plumbing.certificates import REFUSED_CERTIFICATES, Authority, RefusedCertificate
from plumbing.tls_front import tls_front
from werknetz.store.database_url import DatabaseTlsRefused, open_connection
from werknetz.store.session import Database, PoolOptions
from werknetz_core.admin import AdminError, wait_for_database
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.postgres import Postgres
from werknetz_worker.session import WorkerConnections
from werknetz_worker.settings import WorkerSettings

pytestmark = pytest.mark.asyncio


def through(url: str, port: int, authority: Path) -> str:
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[0] + f"@localhost:{port}"
    query = f"sslmode=verify-full&sslrootcert={authority}"
    return parts._replace(netloc=address, query=query).geturl()


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_every_reader_of_the_url_takes_a_good_certificate(
    tmp_path: Path, database_url: str
) -> None:
    authority = Authority(tmp_path)
    files = authority.issue("postgres")
    async with tls_front(port_of(database_url), files, is_postgres=True) as port:
        url = through(database_url, port, authority.file)
        await wait_for_database(url, wait_s=60, show=print)
        await upgrade_async(url)
        database = Database(url, PoolOptions("test", 1, 60))
        assert await database.fetchval("SELECT 1") == 1
        async with database.read_session():
            pass
        await database.close()
        worker = await WorkerConnections.open(WorkerSettings(url))
        assert await worker.pool.fetchval("SELECT 1") == 1
        await worker.close()


@pytest.mark.parametrize("case", REFUSED_CERTIFICATES, ids=lambda case: case.name)
async def test_another_certificate_is_refused(
    tmp_path: Path, postgres_server: Postgres, case: RefusedCertificate
) -> None:
    authority = Authority(tmp_path)
    files = case.issue(tmp_path, authority)
    async with tls_front(postgres_server.port, files, is_postgres=True) as port:
        url = through(postgres_server.url, port, authority.file)
        text = f"WERKNETZ_DATABASE_URL: .* PostgreSQL at localhost:{port} .*{case.error}"
        with pytest.raises(DatabaseTlsRefused, match=text):
            await open_connection(url, timeout=60)
        with pytest.raises(AdminError) as caught:  # at once: waiting would not change it
            await wait_for_database(url, wait_s=0, show=print)
        assert re.search(text, f"{caught.value}: {caught.value.remedy}")
        with pytest.raises(DatabaseTlsRefused, match=text):
            await upgrade_async(url)
        database = Database(url, PoolOptions("test", 1, 60))
        with pytest.raises(DatabaseTlsRefused, match=text):
            await database.fetchval("SELECT 1")
        await database.close()


async def test_a_server_without_tls_is_refused(tmp_path: Path, postgres_server: Postgres) -> None:
    url = through(postgres_server.url, postgres_server.port, Authority(tmp_path).file)
    with pytest.raises(DatabaseTlsRefused, match="offers no TLS: set `ssl = on`"):
        await open_connection(url, timeout=60)
