"""One connector for every kind of file: look, copy, parse in pieces, keep each, then move.

A piece (`Chunk`) is a delivery with a mark: after a kill the marks in the spool say which
pieces are on disk already. A file leaves the inbox only when all of them are.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol

from werknetz.connector.contract import (
    MARKS_KEPT,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Message,
    Reading,
    ReadingBlock,
    SourceRecord,
)
from werknetz.events.batch import Unmapped
from werknetz_edge.files.inbox import (
    HEAD_BYTES,
    FileRefused,
    FoundFile,
    Inbox,
    LocalFile,
    printable,
)
from werknetz_edge.files.ledger import Ledger

CLOSE_S: Final = 4.0
_REFUSED: Final = b"\xff\xff\xff\xff"  # in place of the piece's number: the file was refused
_REFUSED_KEY: Final = b"refused:"
_KEY: Final = 12  # bytes of the file's key in a mark; the piece's number makes it 16


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file. The same bytes are always cut the same: the marks count on it.

    So where a piece ends may depend on the file's rows and bytes, never on the mapping, the
    time or the options.
    """

    readings: Sequence[Reading] = ()
    records: Sequence[SourceRecord] = ()
    unreadable: Sequence[Unmapped] = ()
    messages: Sequence[Message] = ()
    blocks: Sequence[ReadingBlock] = ()
    remember: Sequence[tuple[bytes, bytes]] = ()  # for the ledger, once this piece is on disk
    lane: str = "live"  # "backfill": rows that were told before may be among them

    @property
    def size(self) -> int:
        """Readings and records in it."""
        in_blocks = sum(len(block.address) for block in self.blocks)
        return len(self.readings) + len(self.records) + in_blocks


class Parser(Protocol):
    """Reads files of one form. Runs in a thread; may block, must end."""

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        """Return the file's pieces, at most about 2 MB or 1,000 rows each, one at a time.

        Raises FileRefused where the file as a whole cannot be read; what came before stays.
        """


@dataclass(slots=True)
class _Reading:
    """A file that is being given out."""

    file: LocalFile
    key: bytes
    chunks: Iterator[Chunk]
    number: int = 0  # of the next piece
    given: int = 0
    acknowledged: int = 0
    is_read: bool = False  # to its end
    ahead: "asyncio.Future[Chunk | FileRefused | None] | None" = None

    @property
    def is_safe(self) -> bool:
        return self.is_read and self.given == self.acknowledged


@dataclass(slots=True)
class FileConnector:
    """`scope` names what a file is read as: equal content for another scope is another file."""

    connector_id: str
    inbox: Inbox
    parser: Parser
    ledger: Ledger
    poll_s: float = 5.0
    scope: Callable[[str], str] = lambda _name: ""
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _taken: dict[bytes, int] = field(default_factory=dict)  # key → last piece on disk
    _reading: _Reading | None = None
    _unfinished: set[str] = field(default_factory=set)  # names given out and not yet moved
    _threads: ThreadPoolExecutor | None = None
    _session: int = 0
    _refused_last: bytes = b""
    _counts: dict[str, int] = field(default_factory=dict)

    def seen(self, marks: Sequence[bytes]) -> None:
        for mark in marks:
            self._take(mark)
        if marks and marks[-1][_KEY:] == _REFUSED:
            self._refused_last = marks[-1][:_KEY]

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        await self.inbox.open()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"files-{self.connector_id}")
        self.status.state, self.status.detail = "running", ""

    async def read(self) -> Delivery:
        while True:
            if self._threads is None:
                raise ConnectionLost("not connected")
            if self._reading is None:
                delivery = await self._next_file()
            else:
                delivery = await self._next_piece(self._reading)
            if delivery is not None:
                self.status.last_good_us, self.status.state = time.time_ns() // 1000, "running"
                return delivery

    async def close(self) -> None:
        """Let the piece that is being read end, as far as that does not take long."""
        self._session += 1
        reading, self._reading = self._reading, None
        threads, self._threads = self._threads, None
        self._unfinished.clear()
        if reading is not None and reading.ahead is not None:
            await asyncio.wait([reading.ahead], timeout=CLOSE_S)
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        if reading is not None and (reading.ahead is None or reading.ahead.done()):
            _end(reading.chunks)
        await self.inbox.close()
        await asyncio.to_thread(self.ledger.close)
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _next_file(self) -> Delivery | None:
        """Begin with the oldest file; None after a pause where there is none."""
        waiting = [f for f in await self.inbox.look() if f.name not in self._unfinished]
        self.status.details["waiting"] = str(len(waiting))
        for found in waiting:
            try:
                file = await self.inbox.fetch(found)
            except FileRefused as error:
                return self._refusal(found, b"", str(error), b"")
            if file is None:
                continue  # changed or gone since the look
            key = key_of(file, self.scope(file.name))
            first = await asyncio.to_thread(self.ledger.name_of, key)
            if first is not None:
                await self._again(file, key, first)
                continue
            if await self._was_refused(file, key):
                continue
            self.status.details["reading"] = printable(file.name)
            self._unfinished.add(file.name)
            self._reading = _Reading(file, key, self.parser.parse(file))
            return None
        await asyncio.sleep(self.poll_s)
        return None

    async def _again(self, file: LocalFile, key: bytes, first: str) -> None:
        if await asyncio.to_thread(self.ledger.is_moved, key) or first != file.name:
            self._count("duplicates")
            self.status.details["last_duplicate"] = f"{printable(file.name)} = {printable(first)}"
        await self.inbox.done(file)
        await asyncio.to_thread(self.ledger.moved, key)

    async def _was_refused(self, file: LocalFile, key: bytes) -> bool:
        """Whether we were killed between its refusal and the move: then move it, say nothing."""
        if key != self._refused_last:
            return False
        self._refused_last = b""
        if await asyncio.to_thread(self.ledger.seen, _REFUSED_KEY + key) is not None:
            return False  # it was moved then; somebody has put it here anew
        await self.inbox.refuse(file, "cannot be read: its reason is in quarantine")
        return True

    async def _next_piece(self, reading: _Reading) -> Delivery | None:
        taken = self._taken.get(reading.key, -1)
        while True:
            piece = await self._piece(reading)
            if not isinstance(piece, Chunk):
                break
            number, reading.number = reading.number, reading.number + 1
            if number > taken:
                self._read_ahead(reading)
                return self._delivery(reading, piece, number)
            if piece.remember:  # on disk, but killed before the ledger knew
                await asyncio.to_thread(self.ledger.remember_all, piece.remember)
        self._reading = None
        if piece is not None:
            kept = "; what comes before it is kept" if reading.number else ""
            head = await asyncio.to_thread(_head, reading.file)
            return self._refusal(reading.file, reading.key, f"{piece}{kept}", head)
        reading.is_read = True
        if reading.is_safe:
            await self._finish(reading)
        return None

    async def _piece(self, reading: _Reading) -> Chunk | FileRefused | None:
        self._read_ahead(reading)
        assert reading.ahead is not None  # noqa: S101  made the line before
        # A read that is cancelled leaves the thread at work: the piece is there the next time.
        piece = await asyncio.shield(reading.ahead)
        reading.ahead = None
        return piece

    def _read_ahead(self, reading: _Reading) -> None:
        """One piece is read while the one before is being kept: no more are in memory."""
        if reading.ahead is None and self._threads is not None:
            loop = asyncio.get_running_loop()
            reading.ahead = loop.run_in_executor(self._threads, _step, reading.chunks)

    def _delivery(self, reading: _Reading, piece: Chunk, number: int) -> Delivery:
        reading.given += 1
        mark = reading.key + struct.pack(">I", number)
        session = self._session

        async def acknowledge() -> None:
            self._take(mark)
            if piece.remember:
                await asyncio.to_thread(self.ledger.remember_all, piece.remember)
            reading.acknowledged += 1
            self._count("taken", piece.size)
            if reading.is_safe and session == self._session:
                await self._finish(reading)

        return Delivery(
            readings=piece.readings, records=piece.records, unreadable=piece.unreadable,
            messages=piece.messages, blocks=piece.blocks, lane=piece.lane, marks=(mark,),
            acknowledge=acknowledge,
        )  # fmt: skip

    async def _finish(self, reading: _Reading) -> None:
        """All is on disk: say so in the ledger, then move. Killed in between, it is moved later."""
        file = reading.file
        await asyncio.to_thread(self.ledger.keep, reading.key, printable(file.name))
        await self.inbox.done(file)
        await asyncio.to_thread(self.ledger.moved, reading.key)
        self._taken.pop(reading.key, None)
        self._unfinished.discard(file.name)
        self._count("files")
        self.status.details.pop("reading", None)

    def _refusal(
        self, file: FoundFile | LocalFile, key: bytes, reason: str, head: bytes
    ) -> Delivery:
        self._unfinished.add(file.name)

        async def acknowledge() -> None:
            await self.inbox.refuse(file, reason)
            await asyncio.to_thread(self.ledger.remember, _REFUSED_KEY + key, b"moved")
            self._unfinished.discard(file.name)
            self._count("refused")
            self.status.detail = f"{printable(file.name)}: {reason}"

        return Delivery(
            unreadable=[
                Unmapped(
                    source=printable(file.name), reason=reason, raw=head,
                    at_us=time.time_ns() // 1000, size=file.size, place="the whole file",
                )
            ],
            marks=[key + _REFUSED] if key else [],
            acknowledge=acknowledge,
        )  # fmt: skip

    def _take(self, mark: bytes) -> None:
        if len(mark) != _KEY + 4 or mark.endswith(_REFUSED):
            return
        key, (number,) = mark[:_KEY], struct.unpack(">I", mark[_KEY:])
        self._taken[key] = max(number, self._taken.pop(key, -1))
        while len(self._taken) > MARKS_KEPT:
            del self._taken[next(iter(self._taken))]

    def _count(self, name: str, count: int = 1) -> None:
        self._counts[name] = self._counts.get(name, 0) + count
        self.status.details[name] = str(self._counts[name])


def key_of(file: LocalFile, scope: str) -> bytes:
    """What makes a file the same: its content, and what it is read as."""
    return blake2b(file.digest, digest_size=_KEY, key=scope.encode(errors="replace")[:64]).digest()


def _end(chunks: Iterator[Chunk]) -> None:
    if isinstance(chunks, Generator):
        chunks.close()  # and with it the file


def _step(chunks: Iterator[Chunk]) -> Chunk | FileRefused | None:
    try:
        return next(chunks, None)
    except FileRefused as error:
        return error


def _head(file: LocalFile) -> bytes:
    with file.path.open("rb") as source:
        return source.read(HEAD_BYTES)
