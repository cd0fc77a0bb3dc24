"""`rediss://`: taken with a good certificate, refused with any other, by every client alike."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu.exceptions import OperationalError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from plumbing.certificates import REFUSED_CERTIFICATES, Authority, RefusedCertificate
from plumbing.tls_front import tls_front
from werknetz.link.redis import LinkLost, RedisEdgeLink
from werknetz.link.redis_client import connect_redis
from werknetz_worker.app import create_celery

pytestmark = pytest.mark.asyncio


def through(url: str, port: int, authority: Path) -> str:
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[0] + f"@localhost:{port}"
    query = f"ssl_ca_certs={authority}"
    return parts._replace(scheme="rediss", netloc=address, query=query).geturl()


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def connect_celery(url: str) -> None:
    """Open Celery's connection to its broker in a thread, as it is not asynchronous."""

    def connect() -> None:
        with create_celery(url).connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)

    await asyncio.to_thread(connect)


async def test_every_client_takes_a_good_certificate(tmp_path: Path, redis_url: str) -> None:
    authority = Authority(tmp_path)
    async with tls_front(port_of(redis_url), authority.issue("valkey")) as port:
        url = through(redis_url, port, authority.file)
        client = connect_redis(url)
        assert await client.ping()
        await client.aclose()
        link = RedisEdgeLink.connect(url, "press-1")
        assert await link.read_run_id()
        await link.close()
        await connect_celery(url)


@pytest.mark.parametrize("case", REFUSED_CERTIFICATES, ids=lambda case: case.name)
async def test_another_certificate_is_refused(
    tmp_path: Path, redis_url: str, case: RefusedCertificate
) -> None:
    authority = Authority(tmp_path)
    async with tls_front(port_of(redis_url), case.issue(tmp_path, authority)) as port:
        url = through(redis_url, port, authority.file)
        text = f"_URL: the certificate of Redis at localhost:{port} .*{case.error}"
        client = connect_redis(url)
        with pytest.raises(RedisConnectionError, match=f"WERKNETZ_REDIS{text}"):
            await client.ping()
        await client.aclose()
        link = RedisEdgeLink.connect(url, "press-1")
        with pytest.raises(LinkLost, match=f"WERKNETZ_REDIS{text}"):
            await link.read_run_id()
        await link.close()
        with pytest.raises(OperationalError, match=f"WERKNETZ_BROKER{text}"):
            await connect_celery(url)


async def test_a_server_without_tls_is_named(tmp_path: Path, redis_url: str) -> None:
    url = through(redis_url, port_of(redis_url), Authority(tmp_path).file)
    client = connect_redis(url, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    with pytest.raises(
        RedisConnectionError, match="does not answer over TLS: start it, or name its"
    ):
        await client.ping()
    await client.aclose()
