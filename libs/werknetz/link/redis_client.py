"""How every process opens Redis, so that a refused certificate is explained everywhere alike."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

import redis
from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from werknetz.link.redis_cluster import cluster_client_of, is_cluster_url
from werknetz.runtime.settings import SettingError
from werknetz.runtime.tls_refusal import TlsPeer, explain_refusal

SETTING: Final = "WERKNETZ_REDIS_URL"
BROKER_SETTING: Final = "WERKNETZ_BROKER_URL"
_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def connect_redis(url: str, **options: Any) -> Redis:
    """Return a client with these options of redis-py; it connects at its first command.

    TLS is set in the URL: `rediss://host:6380/0?ssl_ca_certs=/etc/werknetz/ca.pem`. Raises
    SettingError where a file that the URL names cannot be read. A URL of a cluster gives a
    `ClusterClient`, whose commands on one slot are the same.
    """
    check_tls_files(url, SETTING)
    if is_cluster_url(url):
        return cast("Redis", cluster_client_of(url, **options))
    pool = ConnectionPool.from_url(url, **options)
    if issubclass(pool.connection_class, SSLConnection):
        pool.connection_class = TlsConnection
    return Redis.from_pool(pool)


def check_tls_files(url: str, setting: str) -> None:
    """Raise SettingError for a file of certificates in the URL that cannot be read."""
    options = dict(parse_qsl(urlsplit(url).query))
    for name in _FILES:
        if (path := options.get(name)) is None:
            continue
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise SettingError(
                f"{setting}: {name} names {path}: {error.strerror}: correct the path"
            ) from error


class TlsConnection(SSLConnection):
    """A connection over TLS that explains a refusal."""

    async def _connect(self) -> None:
        connect: Callable[[], Awaitable[None]] = super()._connect
        try:
            await connect()
        except TimeoutError as error:
            raise _silent(SETTING, self.host, self.port) from error
        except OSError as error:
            _raise_refusal(error, SETTING, self.host, self.port)
            raise


class BrokerTlsConnection(redis.SSLConnection):
    """The same for Celery, whose client is not asynchronous."""

    def _connect(self) -> Any:
        connect: Callable[[], Any] = super()._connect
        try:
            return connect()
        except TimeoutError as error:
            raise _silent(BROKER_SETTING, self.host, self.port) from error
        except OSError as error:
            _raise_refusal(error, BROKER_SETTING, self.host, self.port)
            raise


def _silent(setting: str, host: str, port: int) -> RedisConnectionError:
    """Return what a server without TLS gives: it waits for the rest of a command."""
    return RedisConnectionError(
        f"{setting}: Redis at {host}:{port} does not answer over TLS: start it, or name its "
        "TLS port"
    )


def _raise_refusal(error: OSError, setting: str, host: str, port: int) -> None:
    peer = TlsPeer(
        server=f"Redis at {host}:{port}",
        setting=setting,
        authority=f"ssl_ca_certs of {setting}",
        own_certificate=f"ssl_certfile and ssl_keyfile of {setting}",
    )
    refusal = explain_refusal(error, peer)
    if refusal is not None:
        raise RedisConnectionError(str(refusal)) from error
