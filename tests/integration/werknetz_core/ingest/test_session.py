"""The writer's connection: kept while it is open, replaced by one that is checked."""

from typing import Any

import asyncpg
import pytest

from plumbing.logs import capture_log
from werknetz.store.ingest.partitions import SAMPLES
from werknetz_core.ingest import session
from werknetz_core.ingest.durability import OtherIncarnation, UnsafeDatabase, load_incarnation
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_core.ingest.session import WriterConnection
from werknetz_demo.embedded.process import free_port

pytestmark = pytest.mark.asyncio
RESTORE = "UPDATE incarnations SET started_at = started_at"  # the row is another, as by a dump


class Session(WriterConnection):
    """A session that counts its new connections, with a clock of its own."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(url, PartitionMaker(ahead_days=0), self._count)
        self.news = 0
        self.now_s = 0.0
        monkeypatch.setattr(session, "monotonic", lambda: self.now_s)
        self.log = capture_log(monkeypatch, session)

    def _count(self) -> None:
        self.news += 1

    async def connect(self) -> Any:
        async def give_up(_: float) -> bool:
            return True

        connection = await self.get(give_up)
        assert connection is not None
        return connection


def socket_of(connection: Any) -> Any:
    return connection._transport.get_extra_info("socket")


async def test_a_connection_is_used_until_it_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(database_url, monkeypatch)
    with pytest.raises(RuntimeError, match="known once connected"):
        _ = session.incarnation
    first = await session.connect()
    assert await session.connect() is first
    assert session.news == 1
    assert session.incarnation == await load_incarnation(first)
    names = [row[0] for row in await first.fetch(SAMPLES.list_partitions)]
    assert any(map(SAMPLES.day_of, names))
    connected = {"event": "connected to PostgreSQL", "log_level": "info"}
    assert session.log == [connected | {"incarnation": str(session.incarnation)}]
    await first.close()
    second = await session.connect()
    assert second is not first
    assert not second.is_closed()
    assert session.news == 2
    socket = socket_of(second)
    await session.drop()
    assert second.is_closed()
    assert socket.fileno() == -1  # nothing of it is left for a later turn of the loop


async def test_a_restore_is_noticed_a_second_after_the_last_check(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(database_url, monkeypatch)
    session.now_s = 100.0
    connection = await session.connect()
    await connection.execute(RESTORE)
    session.now_s = 100.5
    await session.check_incarnation(connection)
    session.now_s = 101.0
    with pytest.raises(OtherIncarnation):
        await session.check_incarnation(connection)
    await session.drop()
    connection = await session.connect()
    session.now_s = 102.0
    await session.check_incarnation(connection)
    await connection.execute(RESTORE)
    session.now_s = 102.5
    await session.check_incarnation(connection)
    session.now_s = 103.0
    with pytest.raises(OtherIncarnation):
        await session.check_incarnation(connection)
    await session.drop()


async def test_an_unsafe_database_is_left(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    connect = asyncpg.connect

    async def record(*arguments: Any, **options: Any) -> Any:
        opened.append(await connect(*arguments, **options))
        return opened[-1]

    owner = await connect(database_url)
    await owner.execute("ALTER TABLE dirty_buckets SET UNLOGGED")
    await owner.close()
    monkeypatch.setattr(asyncpg, "connect", record)
    session = Session(database_url, monkeypatch)
    with pytest.raises(UnsafeDatabase):
        await session.connect()
    assert [connection.is_closed() for connection in opened] == [True]
    assert session.news == 0


async def test_a_server_that_is_not_there_is_logged_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Session(f"postgresql://werknetz:secret@127.0.0.1:{free_port()}/x", monkeypatch)
    logged_by: list[int] = []

    async def pause(_: float) -> bool:
        logged_by.append(len(session.log))
        session.now_s += 5.0
        return session.now_s > 10.0

    assert await session.get(pause) is None
    assert logged_by == [1, 1, 2]
    assert {event["event"] for event in session.log} == {"waiting for PostgreSQL"}
    assert "secret" not in str(session.log)
