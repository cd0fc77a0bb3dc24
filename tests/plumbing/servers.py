"""PostgreSQL, Valkey and the MQTT broker of one session: the servers that the demo uses, too.

Each starts when the first test asks for it. A test of faults may kill or stop one: the next test
finds it up again, on the same port.
"""

import asyncio
import importlib
import importlib.util
import secrets
from collections.abc import Coroutine, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis import Redis

from plumbing.memory_folder import memory_folder
from werknetz.store.access.rows_key import RowsKey
from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.server import EmbeddedServer
from werknetz_demo.embedded.valkey import Valkey

TEMPLATE = "template_werknetz"
OWNER = "werknetz"
API, INGEST, WORKER, GRAFANA = "wn_api", "wn_ingest", "wn_worker", "wn_grafana"
"""Login roles of the services: each has the rights of its service alone."""
ROWS_KEY = RowsKey.generate()
"""The key with which the API of a test signs whose rows it sees."""
SESSION_SERVERS: list[EmbeddedServer] = []

Answer = TypeVar("Answer")
Started = TypeVar("Started", bound=EmbeddedServer)


def run(work: Coroutine[object, object, Answer]) -> Answer:
    """Run on a loop of its own and leave the current loop, pytest-asyncio's, as it is."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with memory_folder(tmp_path_factory.mktemp("postgres")) as folder:
        yield from _during_session(Postgres(folder, throwaway=True))


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    yield from _during_session(Valkey(tmp_path_factory.mktemp("valkey"), maxmemory_mb=256))


@pytest.fixture(scope="session")
def mqtt_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from _during_session(Broker(tmp_path_factory.mktemp("mqtt")))


@pytest.fixture(scope="session")
def database_template(postgres_server: Postgres) -> str:
    """Migrate once: a copy of the outcome takes a tenth of the time."""
    _up(postgres_server)
    run(_execute(postgres_server.url, f"CREATE DATABASE {TEMPLATE}"))
    if importlib.util.find_spec("werknetz_core.migrate") is not None:
        _migrate(_url_of(postgres_server, TEMPLATE))
    return TEMPLATE


def _migrate(url: str) -> None:
    roles = importlib.import_module("werknetz_core.database_roles")
    password = urlsplit(url).password
    logins = [
        roles.LoginRole(role, name, password)
        for role, name in zip(roles.DatabaseRole, (API, INGEST, WORKER, GRAFANA), strict=True)
    ]
    importlib.import_module("werknetz_core.migrate").upgrade(url, logins, rows_key=ROWS_KEY)


def url_as(url: str, login: str) -> str:
    """Return the URL of the same database for the login role of a service, or for the owner."""
    parts = urlsplit(url)
    _, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}:{parts.password}@{host}").geturl()


@pytest.fixture
def database_url(postgres_server: Postgres, database_template: str) -> Iterator[str]:
    """A migrated database that this test alone has."""
    _up(postgres_server)
    name = f"test_{secrets.token_hex(6)}"
    run(_execute(postgres_server.url, f"CREATE DATABASE {name} TEMPLATE {database_template}"))
    yield _url_of(postgres_server, name)
    _up(postgres_server)
    run(_drop_database(postgres_server.url, name))


@pytest.fixture
def redis_url(valkey_server: Valkey) -> str:
    """A Valkey with nothing in it."""
    _up(valkey_server)
    with Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
def mqtt_url(mqtt_broker: Broker) -> str:
    """The broker. Retained messages and sessions of other tests stay: take topics of your own."""
    _up(mqtt_broker)
    return mqtt_broker.url


def _during_session(server: Started) -> Iterator[Started]:
    SESSION_SERVERS.append(server)
    try:
        run(server.start())
        yield server
    finally:
        run(server.stop())
        SESSION_SERVERS.remove(server)


def _up(server: EmbeddedServer) -> None:
    if server.is_running:
        server.resume()
    else:
        run(server.start())


def _url_of(server: Postgres, database: str) -> str:
    return f"{server.url.rpartition('/')[0]}/{database}"


async def _drop_database(url: str, name: str) -> None:
    """End the clients of a database, then drop it.

    `WITH (FORCE)` would also end an autovacuum worker, which only a superuser may do. PostgreSQL
    itself ends it for a plain DROP.
    """
    await _execute(url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await _execute(
        url,
        f"""SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = '{name}' AND backend_type = 'client backend' AND pid <> pg_backend_pid()""",
    )
    await _execute(url, f"DROP DATABASE {name}")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=60)
    try:
        await connection.execute(statement)
    finally:
        await connection.close(timeout=60)
