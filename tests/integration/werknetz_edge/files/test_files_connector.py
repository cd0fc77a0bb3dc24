"""Files through a folder and a real SFTP server: each once, whatever breaks off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from plumbing.sftp import SftpServer
from werknetz.connector.contract import ConfigurationRejected, ConnectionLost, Delivery, Reading
from werknetz_edge.files.build import file_connector, ledger_of
from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.connector import Chunk, FileConnector
from werknetz_edge.files.inbox import FileRefused, LocalFile

ROWS = 10  # of a piece


class Lines:
    """A line is a number; a file with the line `broken` cannot be read beyond it."""

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        piece: list[Reading] = []
        for number, line in enumerate(file.path.read_text().splitlines()):
            if line == "broken":
                raise FileRefused(f"line {number + 1} is broken: write a number")
            piece.append(Reading("n", int(line), source_time_us=int(line)))
            if len(piece) == ROWS:
                yield Chunk(readings=piece, remember=[(b"last", line.encode())])
                piece = []
        if piece:
            yield Chunk(readings=piece)


@dataclass
class Place:
    """A drop folder, here or behind SFTP, and what a spool would have of it."""

    drop: Path
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
        made = file_connector("files", config, self.state, Lines())
        made.seen(self.marks)
        return made

    def put(self, name: str, first: int, count: int, *, end: str = "") -> Path:
        path = self.drop / name
        path.write_text("".join(f"{n}\n" for n in range(first, first + count)) + end)
        return path

    def keep(self, delivery: Delivery) -> None:
        self.values += [int(reading.value) for reading in delivery.readings]
        self.refused += [f"{bad.source}: {bad.reason}" for bad in delivery.unreadable]
        self.marks += delivery.marks

    async def run(self, connector: FileConnector, *, until: int) -> None:
        """Read and acknowledge until so many files have left the inbox."""
        async with asyncio.timeout(20):
            await connector.connect()
            while True:
                read = asyncio.ensure_future(connector.read())
                while not read.done():
                    await asyncio.wait([read], timeout=0.02)
                    if len(self.gone()) >= until and not read.done():
                        read.cancel()
                        await asyncio.gather(read, return_exceptions=True)
                        await connector.close()
                        return
                delivery = await read
                self.keep(delivery)
                await delivery.acknowledge()

    def gone(self) -> list[str]:
        names = [p.name for f in ("done", "failed") for p in (self.drop / f).glob("*")]
        return sorted(name for name in names if not name.endswith(".reason.txt"))


@pytest_asyncio.fixture(params=["folder", "sftp"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    drop, state = tmp_path / "drop", tmp_path / "state"
    drop.mkdir()
    if request.param == "folder":
        yield Place(drop, state, {"folder": str(drop)})
        return
    server = SftpServer(drop)
    await server.show()
    yield Place(drop, state, {"sftp": server.inbox()}, server)
    await server.hide()


@pytest.mark.asyncio
async def test_files_are_given_in_pieces_and_moved(place: Place) -> None:
    place.put("a.txt", 0, 25)
    place.put("b.txt", 25, 10)
    place.put("c.csv", 900, 3)
    connector = place.connector()
    await place.run(connector, until=2)
    assert sorted(place.values) == list(range(35))
    assert place.gone() == ["a.txt", "b.txt"]
    assert (place.drop / "c.csv").exists()
    assert connector.status.details["files"] == "2"
    assert ledger_of("files", place.state).seen(b"last") is not None
    assert not list(place.state.glob("*.work/*.copy"))


@pytest.mark.asyncio
async def test_a_kill_after_each_piece_loses_and_doubles_nothing(place: Place) -> None:
    """The edge is killed before each acknowledgement, as often as there are pieces."""
    place.put("a.txt", 0, 35)
    for _ in range(4):
        connector = place.connector()
        await connector.connect()
        async with asyncio.timeout(10):
            place.keep(await connector.read())  # on disk, and killed before anything else
        await connector.close()
        assert place.gone() == []
    assert place.values == list(range(35))
    await place.run(place.connector(), until=1)
    assert place.values == list(range(35))
    assert ledger_of("files", place.state).seen(b"last") == b"29"


@pytest.mark.asyncio
async def test_the_same_content_again_is_moved_and_not_read(place: Place) -> None:
    place.put("a.txt", 0, 25)
    await place.run(place.connector(), until=1)
    place.put("again.txt", 0, 25)
    place.put("a.txt", 0, 25)
    connector = place.connector()
    await place.run(connector, until=3)
    assert place.values == list(range(25))
    assert place.gone() == ["a.1.txt", "a.txt", "again.txt"]
    assert connector.status.details["duplicates"] == "2"


@pytest.mark.asyncio
async def test_a_kill_between_ledger_and_move_is_no_duplicate(place: Place) -> None:
    place.put("a.txt", 0, 5)
    connector = place.connector()
    await connector.connect()
    delivery = await connector.read()
    place.keep(delivery)
    reading = connector._reading
    assert reading is not None
    connector.ledger.keep(reading.key, "a.txt")
    await connector.close()
    again = place.connector()
    await place.run(again, until=1)
    assert place.values == list(range(5))
    assert "duplicates" not in again.status.details


@pytest.mark.asyncio
async def test_a_broken_file_goes_to_failed_with_its_reason(place: Place) -> None:
    place.put("bad.txt", 0, 15, end="broken\n")
    place.put("good.txt", 100, 5)
    await place.run(place.connector(), until=2)
    assert sorted(place.values) == [*range(10), *range(100, 105)]
    assert place.refused == [
        "bad.txt: line 16 is broken: write a number; what comes before it is kept"
    ]
    assert (place.drop / "failed" / "bad.txt").exists()
    assert "line 16" in (place.drop / "failed" / "bad.txt.reason.txt").read_text()
    # Put back as it is after a change of configuration, it is read again.
    (place.drop / "failed" / "bad.txt").rename(place.drop / "bad.txt")
    await place.run(place.connector(), until=2)
    assert len(place.refused) == 2


@pytest.mark.asyncio
async def test_a_kill_between_refusal_and_move_says_it_once(place: Place) -> None:
    place.put("bad.txt", 0, 0, end="broken\n")
    connector = place.connector()
    await connector.connect()
    place.keep(await connector.read())
    await connector.close()
    await place.run(place.connector(), until=1)
    assert len(place.refused) == 1
    assert (place.drop / "failed" / "bad.txt").exists()


@pytest.mark.asyncio
async def test_a_file_too_large_is_not_even_fetched(place: Place) -> None:
    place.put("large.txt", 0, 1_000)
    await place.run(place.connector(bytes_max=1_000), until=1)
    assert place.values == []
    assert "bytes_max" in place.refused[0]


@pytest.mark.asyncio
async def test_a_file_that_changes_after_it_was_read_is_read_anew(place: Place) -> None:
    path = place.put("a.txt", 0, 5)
    connector = place.connector()
    await connector.connect()
    delivery = await connector.read()
    place.keep(delivery)
    path.write_text("0\n1\n2\n3\n4\n5\n")
    await delivery.acknowledge()
    await connector.close()
    await place.run(place.connector(), until=1)
    assert place.values == [*range(5), *range(6)]
    assert (place.drop / "done" / "a.txt").read_text().count("\n") == 6


@pytest.mark.asyncio
async def test_links_are_not_followed(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("42\n")
    (place.drop / "link.txt").symlink_to(secret)
    place.put("a.txt", 0, 5)
    await place.run(place.connector(), until=1)
    assert place.values == list(range(5))
    assert secret.read_text() == "42\n"


@pytest.mark.asyncio
async def test_a_server_that_breaks_off_is_lost_and_the_file_comes_whole_later(
    tmp_path: Path,
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    server = SftpServer(drop)
    await server.show()
    place = Place(drop, tmp_path / "state", {"sftp": server.inbox()}, server)
    place.put("a.txt", 0, 100_000)  # 588,890 bytes
    server.break_after = 300_000
    connector = place.connector()
    await connector.connect()
    with pytest.raises(ConnectionLost):
        async with asyncio.timeout(10):
            await connector.read()
    assert server.broken == 1
    await place.run(connector, until=1)
    assert place.values == list(range(100_000))
    await server.hide()


@pytest.mark.asyncio
async def test_an_unknown_host_key_is_rejected_with_what_to_write(tmp_path: Path) -> None:
    server = SftpServer(tmp_path)
    await server.show()
    try:
        for changed in ({"fingerprint": None}, {"fingerprint": "SHA256:of-another"}):
            options = {"sftp": server.inbox(**changed)}
            connector = Place(tmp_path, tmp_path / "state", options).connector()
            with pytest.raises(ConfigurationRejected, match=r"write `fingerprint: SHA256:") as said:
                await connector.connect()
            assert server.fingerprint in str(said.value)
            await connector.close()
        wrong = {"sftp": server.inbox(password="wrong")}
        connector = Place(tmp_path, tmp_path / "state", wrong).connector()
        with pytest.raises(ConfigurationRejected, match="refuses user"):
            await connector.connect()
        await connector.close()
        known = tmp_path / "known_hosts"
        known.write_text(
            f"[127.0.0.1]:{server.port} {server.key.export_public_key().decode().strip()}\n"
        )
        options = {"sftp": server.inbox(fingerprint=None, known_hosts=str(known))}
        connector = Place(tmp_path, tmp_path / "state", options).connector()
        await connector.connect()
        await connector.close()
    finally:
        await server.hide()
