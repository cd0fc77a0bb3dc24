"""Files in a folder and on a real SFTP server: each is delivered once, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.sftp import SftpServer
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost, Delivery, Reading
from werknetz_edge.files.build import create_file_connector, open_ledger
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.connector import Chunk, FileConnector
from werknetz_edge.files.inbox import FileRefused, LocalFile

ROWS = 10  # of a chunk


class NumberParser:
    """Each line is a number; a file with the line `broken` cannot be read beyond it."""

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        rows: list[Reading] = []
        for number, line in enumerate(file.path.read_text().splitlines()):
            if line == "broken":
                raise FileRefused(f"line {number + 1} is broken: write a number")
            rows.append(Reading("n", int(line), source_time_us=int(line)))
            if len(rows) == ROWS:
                yield Chunk(readings=rows, state_updates=[(b"last", line.encode())])
                rows = []
        if rows:
            yield Chunk(readings=rows)


@dataclass
class DropFolder:
    """A drop folder, local or on SFTP, and what a spool would have stored of it."""

    path: Path
    state: Path
    options: dict[str, object]
    server: SftpServer | None = None
    marks: list[bytes] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def connector(self, **more: object) -> FileConnector:
        config = InboxConfig.model_validate(
            {"pattern": "*.txt", "settle_s": 0, "poll_s": 0.02, **self.options, **more}
        )
        connector = create_file_connector("files", config, self.state, NumberParser())
        connector.restore_checkpoints(self.marks)
        return connector

    def write(self, name: str, first: int, count: int, *, end: str = "") -> Path:
        path = self.path / name
        path.write_text("".join(f"{n}\n" for n in range(first, first + count)) + end)
        return path

    def store(self, delivery: Delivery) -> None:
        self.values += [int(reading.value) for reading in delivery.readings]
        self.refused += [f"{bad.source}: {bad.reason}" for bad in delivery.unreadable]
        self.marks += delivery.checkpoints

    async def run(self, connector: FileConnector, *, until: int) -> None:
        """Read and acknowledge until `until` files have left the inbox."""
        async with asyncio.timeout(60):
            await connector.connect()
            while True:
                read = asyncio.ensure_future(connector.read())
                while not read.done():
                    await asyncio.wait([read], timeout=0.02)
                    is_moved = len(self.list_moved()) >= until and not connector._unfinished
                    if is_moved and not read.done():
                        read.cancel()
                        await asyncio.gather(read, return_exceptions=True)
                        await connector.close()
                        return
                delivery = await read
                self.store(delivery)
                await delivery.acknowledge()

    def list_moved(self) -> list[str]:
        names = [p.name for f in ("done", "failed") for p in (self.path / f).glob("*")]
        return sorted(name for name in names if not name.endswith(".reason.txt"))


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def drop_folder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DropFolder]:
    drop, state = tmp_path / "drop", tmp_path / "state"
    drop.mkdir()
    if request.param == "folder":
        yield DropFolder(drop, state, {"folder": str(drop)})
        return
    server = SftpServer(drop)
    await server.start()
    yield DropFolder(drop, state, {"sftp": server.inbox()}, server)
    await server.stop()


@pytest.mark.asyncio
async def test_files_are_delivered_in_chunks_and_moved(drop_folder: DropFolder) -> None:
    drop_folder.write("a.txt", 0, 25)
    drop_folder.write("b.txt", 25, 10)
    drop_folder.write("c.csv", 900, 3)
    connector = drop_folder.connector()
    await drop_folder.run(connector, until=2)
    assert sorted(drop_folder.values) == list(range(35))
    assert drop_folder.list_moved() == ["a.txt", "b.txt"]
    assert (drop_folder.path / "c.csv").exists()
    assert connector.status.details["files"] == "2"
    assert open_ledger("files", drop_folder.state).get(b"last") is not None
    assert not list(drop_folder.state.glob("*.work/*.copy"))


@pytest.mark.asyncio
async def test_a_kill_after_each_chunk_loses_and_repeats_nothing(drop_folder: DropFolder) -> None:
    """The edge is killed before the acknowledgement of each chunk."""
    drop_folder.write("a.txt", 0, 35)
    for _ in range(4):
        connector = drop_folder.connector()
        await connector.connect()
        async with asyncio.timeout(60):
            drop_folder.store(await connector.read())  # on disk, then killed
        await connector.close()
        assert drop_folder.list_moved() == []
    assert drop_folder.values == list(range(35))
    await drop_folder.run(drop_folder.connector(), until=1)
    assert drop_folder.values == list(range(35))
    assert open_ledger("files", drop_folder.state).get(b"last") == b"29"


@pytest.mark.asyncio
async def test_a_file_with_known_content_is_moved_and_not_read(drop_folder: DropFolder) -> None:
    drop_folder.write("a.txt", 0, 25)
    await drop_folder.run(drop_folder.connector(), until=1)
    drop_folder.write("again.txt", 0, 25)
    drop_folder.write("a.txt", 0, 25)
    connector = drop_folder.connector()
    await drop_folder.run(connector, until=3)
    assert drop_folder.values == list(range(25))
    assert drop_folder.list_moved() == ["a.1.txt", "a.txt", "again.txt"]
    assert connector.status.details["duplicates"] == "2"


@pytest.mark.asyncio
async def test_a_kill_between_ledger_and_move_is_no_duplicate(drop_folder: DropFolder) -> None:
    drop_folder.write("a.txt", 0, 5)
    connector = drop_folder.connector()
    await connector.connect()
    delivery = await connector.read()
    drop_folder.store(delivery)
    current = connector._current
    assert current is not None
    connector.ledger.add_file(current.key, "a.txt")
    await connector.close()
    restarted = drop_folder.connector()
    await drop_folder.run(restarted, until=1)
    assert drop_folder.values == list(range(5))
    assert "duplicates" not in restarted.status.details


@pytest.mark.asyncio
async def test_a_broken_file_goes_to_failed_with_its_reason(drop_folder: DropFolder) -> None:
    drop_folder.write("bad.txt", 0, 15, end="broken\n")
    drop_folder.write("good.txt", 100, 5)
    await drop_folder.run(drop_folder.connector(), until=2)
    assert sorted(drop_folder.values) == [*range(10), *range(100, 105)]
    assert drop_folder.refused == [
        "bad.txt: line 16 is broken: write a number; what comes before it is stored"
    ]
    assert (drop_folder.path / "failed" / "bad.txt").exists()
    assert "line 16" in (drop_folder.path / "failed" / "bad.txt.reason.txt").read_text()
    # Put back as it is after a change of configuration, it is read again.
    (drop_folder.path / "failed" / "bad.txt").rename(drop_folder.path / "bad.txt")
    await drop_folder.run(drop_folder.connector(), until=2)
    assert len(drop_folder.refused) == 2


@pytest.mark.asyncio
async def test_a_kill_between_refusal_and_move_reports_once(drop_folder: DropFolder) -> None:
    drop_folder.write("bad.txt", 0, 0, end="broken\n")
    connector = drop_folder.connector()
    await connector.connect()
    drop_folder.store(await connector.read())
    await connector.close()
    await drop_folder.run(drop_folder.connector(), until=1)
    assert len(drop_folder.refused) == 1
    assert (drop_folder.path / "failed" / "bad.txt").exists()


@pytest.mark.asyncio
async def test_a_file_that_is_too_large_is_not_fetched(drop_folder: DropFolder) -> None:
    drop_folder.write("large.txt", 0, 1_000)
    await drop_folder.run(drop_folder.connector(bytes_max=1_000), until=1)
    assert drop_folder.values == []
    assert "bytes_max" in drop_folder.refused[0]


@pytest.mark.asyncio
async def test_a_file_that_changes_after_it_was_read_is_read_again(drop_folder: DropFolder) -> None:
    path = drop_folder.write("a.txt", 0, 5)
    connector = drop_folder.connector()
    await connector.connect()
    delivery = await connector.read()
    drop_folder.store(delivery)
    path.write_text("0\n1\n2\n3\n4\n5\n")
    await delivery.acknowledge()
    await connector.close()
    await drop_folder.run(drop_folder.connector(), until=1)
    assert drop_folder.values == [*range(5), *range(6)]
    assert (drop_folder.path / "done" / "a.txt").read_text().count("\n") == 6


@pytest.mark.asyncio
async def test_links_are_not_followed(drop_folder: DropFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("42\n")
    (drop_folder.path / "link.txt").symlink_to(secret)
    drop_folder.write("a.txt", 0, 5)
    await drop_folder.run(drop_folder.connector(), until=1)
    assert drop_folder.values == list(range(5))
    assert secret.read_text() == "42\n"


@pytest.mark.asyncio
async def test_after_a_broken_connection_the_file_is_read_completely(
    tmp_path: Path,
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    server = SftpServer(drop)
    await server.start()
    drop_folder = DropFolder(drop, tmp_path / "state", {"sftp": server.inbox()}, server)
    drop_folder.write("a.txt", 0, 100_000)  # 588,890 bytes
    server.break_after = 300_000
    connector = drop_folder.connector()
    await connector.connect()
    with pytest.raises(ConnectionLost):
        async with asyncio.timeout(60):
            await connector.read()
    assert server.broken == 1
    await drop_folder.run(connector, until=1)
    assert drop_folder.values == list(range(100_000))
    await server.stop()


@pytest.mark.asyncio
async def test_an_unknown_host_key_is_rejected_with_the_line_to_write(tmp_path: Path) -> None:
    server = SftpServer(tmp_path)
    await server.start()
    try:
        for changed in ({"fingerprint": None}, {"fingerprint": "SHA256:of-another"}):
            options = {"sftp": server.inbox(**changed)}
            connector = DropFolder(tmp_path, tmp_path / "state", options).connector()
            with pytest.raises(ConfigurationRejected, match=r"write `fingerprint: SHA256:") as info:
                await connector.connect()
            assert server.fingerprint in str(info.value)
            await connector.close()
        wrong = {"sftp": server.inbox(password="wrong")}
        connector = DropFolder(tmp_path, tmp_path / "state", wrong).connector()
        with pytest.raises(ConfigurationRejected, match="refuses user"):
            await connector.connect()
        await connector.close()
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(
            f"[127.0.0.1]:{server.port} {server.key.export_public_key().decode().strip()}\n"
        )
        options = {"sftp": server.inbox(fingerprint=None, known_hosts=str(known_hosts))}
        connector = DropFolder(tmp_path, tmp_path / "state", options).connector()
        await connector.connect()
        await connector.close()
    finally:
        await server.stop()
