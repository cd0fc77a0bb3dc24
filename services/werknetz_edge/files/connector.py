"""The connector of all file protocols: list, copy, parse in chunks, deliver each, then move.

Each `Chunk` is a delivery with a mark: after a kill the marks in the spool show which chunks are
on disk already. A file leaves the inbox only when all of its chunks are on disk.
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
    CHECKPOINTS_MAX,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Reading,
    ReadingBlock,
    SourceGroupEnd,
    SourceMessage,
    SourceRecord,
)
from werknetz.events.batch import Unmapped
from werknetz_edge.files.file_system import InboxFile
from werknetz_edge.files.inbox import (
    HEAD_BYTES,
    FileRefused,
    Inbox,
    LocalFile,
    to_printable,
)
from werknetz_edge.files.ledger import Ledger

CLOSE_S: Final = 4.0
_REFUSED_NUMBER: Final = b"\xff\xff\xff\xff"  # instead of a chunk's number: the file was refused
_REFUSED_PREFIX: Final = b"refused:"
_KEY_BYTES: Final = 12  # of the file's key in a mark; with the chunk's number 16


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a file. The same bytes are always cut at the same rows: the marks rely on it.

    So the end of a chunk may depend on the file's rows and bytes, never on the mapping, the
    time or the options.
    """

    readings: Sequence[Reading] = ()
    records: Sequence[SourceRecord] = ()
    group_ends: Sequence[SourceGroupEnd] = ()  # applied after the records
    rejects: Sequence[Unmapped] = ()
    messages: Sequence[SourceMessage] = ()
    blocks: Sequence[ReadingBlock] = ()
    state_updates: Sequence[tuple[bytes, bytes]] = ()  # for the ledger, once this chunk is on disk
    lane: str = "live"  # "backfill": may contain rows that were delivered before
    ignored: int = 0  # rows dropped by a setting
    duplicates: int = 0  # messages dropped because they came before

    @property
    def size(self) -> int:
        """Number of readings and records."""
        in_blocks = sum(len(block.address) for block in self.blocks)
        return len(self.readings) + len(self.records) + in_blocks


class Parser(Protocol):
    """Reads files of one format. Runs in a thread; may block, must end."""

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        """Return the file's chunks, at most about 2 MB or 1,000 rows each, one at a time.

        Raises FileRefused where the file as a whole cannot be read; chunks before that stay.
        """


@dataclass(slots=True)
class _FileInProgress:
    """A file that is being delivered."""

    file: LocalFile
    key: bytes
    chunks: Iterator[Chunk]
    number: int = 0  # of the next chunk
    delivered: int = 0
    acknowledged: int = 0
    is_read: bool = False  # to its end
    pending_chunk: "asyncio.Future[Chunk | FileRefused | None] | None" = None

    @property
    def is_stored(self) -> bool:
        return self.is_read and self.delivered == self.acknowledged


@dataclass(slots=True)
class FileConnector:
    """`scope` names what a file is read as: the same content in another scope is another file.

    `document_of` returns the document of a file name whose content may change: a content that
    another one has replaced since is read again. None: each content is read once.
    """

    connector_id: str
    inbox: Inbox
    parser: Parser
    ledger: Ledger
    poll_s: float = 5.0
    scope: Callable[[str], str] = lambda _name: ""
    document_of: Callable[[str], bytes | None] = lambda _name: None
    status: ConnectorStatus = field(default_factory=ConnectorStatus)
    _stored: dict[bytes, int] = field(default_factory=dict)  # file key → last chunk on disk
    _current: _FileInProgress | None = None
    _unfinished: set[str] = field(default_factory=set)  # names delivered and not yet moved
    _threads: ThreadPoolExecutor | None = None
    _session: int = 0
    _last_refused: bytes = b""
    _counts: dict[str, int] = field(default_factory=dict)

    def restore_checkpoints(self, checkpoints: Sequence[bytes]) -> None:
        for checkpoint in checkpoints:
            self._note_mark(checkpoint)
        if checkpoints and checkpoints[-1][_KEY_BYTES:] == _REFUSED_NUMBER:
            self._last_refused = checkpoints[-1][:_KEY_BYTES]

    async def connect(self) -> None:
        await self.close()
        self.status.state = "connecting"
        self.status.begin("open the folder")
        await self.inbox.open()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"files-{self.connector_id}")
        self.status.state, self.status.detail = "running", ""

    async def read(self) -> Delivery:
        while True:
            if self._threads is None:
                raise ConnectionLost("not connected")
            if self._current is None:
                delivery = await self._next_file()
            else:
                delivery = await self._next_delivery(self._current)
            if delivery is not None:
                self.status.last_good_us, self.status.state = time.time_ns() // 1000, "running"
                return delivery

    async def close(self) -> None:
        """Wait for the chunk that is being parsed, but not for long."""
        self._session += 1
        current, self._current = self._current, None
        threads, self._threads = self._threads, None
        self._unfinished.clear()
        if current is not None and current.pending_chunk is not None:
            await asyncio.wait([current.pending_chunk], timeout=CLOSE_S)
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)
        if current is not None and (current.pending_chunk is None or current.pending_chunk.done()):
            _close_iterator(current.chunks)
        await self.inbox.close()
        await asyncio.to_thread(self.ledger.close)
        if self.status.state not in {"starting", "rejected"}:
            self.status.state = "stopped"

    async def _next_file(self) -> Delivery | None:
        """Open the oldest file; None after a pause where there is none."""
        waiting = [f for f in await self.inbox.list_ready() if f.name not in self._unfinished]
        self.status.details["waiting"] = str(len(waiting))
        for listed in waiting:
            try:
                file = await self.inbox.fetch(listed)
            except FileRefused as error:
                return self._refusal_of(listed, b"", str(error), b"")
            if file is None:
                continue  # changed or gone since the listing
            key = await asyncio.to_thread(self._key_of, file)
            first = await asyncio.to_thread(self.ledger.first_name_of, key)
            if first is not None:
                await self._move_duplicate(file, key, first)
                continue
            if await self._was_refused(file, key):
                continue
            self.status.details["reading"] = to_printable(file.name)
            self._unfinished.add(file.name)
            self._current = _FileInProgress(file, key, self.parser.parse(file))
            return None
        await asyncio.sleep(self.poll_s)
        return None

    def _key_of(self, file: LocalFile) -> bytes:
        """Return the file's key: a new one where its content was replaced and has come back."""
        scope = self.scope(file.name)
        key, document = key_of(file, scope), self.document_of(file.name)
        latest = None if document is None else self.ledger.latest_of(document)
        if latest is None:
            return key
        returns = 0
        while key != latest and self.ledger.first_name_of(key) is not None:
            returns += 1
            key = key_of(file, scope, returns)
        return key

    async def _move_duplicate(self, file: LocalFile, key: bytes, first: str) -> None:
        if await asyncio.to_thread(self.ledger.is_moved, key) or first != file.name:
            self._count("duplicates")
            self.status.details["last_duplicate"] = (
                f"{to_printable(file.name)} = {to_printable(first)}"
            )
        await self.inbox.move_to_done(file)
        await asyncio.to_thread(self.ledger.mark_moved, key)

    async def _was_refused(self, file: LocalFile, key: bytes) -> bool:
        """Whether we were killed between its refusal and the move: then only move it."""
        if key != self._last_refused:
            return False
        self._last_refused = b""
        if await asyncio.to_thread(self.ledger.get, _REFUSED_PREFIX + key) is not None:
            return False  # it was moved; somebody has put it back
        await self.inbox.move_to_failed(file, "cannot be read: its reason is in quarantine")
        return True

    async def _next_delivery(self, current: _FileInProgress) -> Delivery | None:
        last_stored = self._stored.get(current.key, -1)
        while True:
            chunk = await self._next_chunk(current)
            if not isinstance(chunk, Chunk):
                break
            number, current.number = current.number, current.number + 1
            if number > last_stored:
                self._read_ahead(current)
                return self._delivery(current, chunk, number)
            if chunk.state_updates:  # on disk, but killed before the ledger was written
                await asyncio.to_thread(self.ledger.store_all, chunk.state_updates)
        self._current = None
        if chunk is not None:
            suffix = "; what comes before it is stored" if current.number else ""
            head = await asyncio.to_thread(_read_head, current.file)
            return self._refusal_of(current.file, current.key, f"{chunk}{suffix}", head)
        current.is_read = True
        if current.is_stored:
            await self._finish(current)
        return None

    async def _next_chunk(self, current: _FileInProgress) -> Chunk | FileRefused | None:
        self._read_ahead(current)
        assert current.pending_chunk is not None  # noqa: S101  set by `_read_ahead`
        # A cancelled read leaves the thread running: the next read gets the chunk.
        chunk = await asyncio.shield(current.pending_chunk)
        current.pending_chunk = None
        return chunk

    def _read_ahead(self, current: _FileInProgress) -> None:
        """Parse one chunk while the one before is being stored: no more are in memory."""
        if current.pending_chunk is None and self._threads is not None:
            loop = asyncio.get_running_loop()
            current.pending_chunk = loop.run_in_executor(
                self._threads, _next_chunk_of, current.chunks
            )

    def _delivery(self, current: _FileInProgress, chunk: Chunk, number: int) -> Delivery:
        current.delivered += 1
        mark = current.key + struct.pack(">I", number)
        session = self._session

        async def acknowledge() -> None:
            self._note_mark(mark)
            if chunk.state_updates:
                await asyncio.to_thread(self.ledger.store_all, chunk.state_updates)
            current.acknowledged += 1
            self._count("stored", chunk.size)
            if current.is_stored and session == self._session:
                await self._finish(current)

        return Delivery(
            readings=chunk.readings, records=chunk.records, unreadable=chunk.rejects,
            messages=chunk.messages, blocks=chunk.blocks, lane=chunk.lane, checkpoints=(mark,),
            acknowledge=acknowledge, group_ends=chunk.group_ends, ignored=chunk.ignored,
            duplicates=chunk.duplicates, is_history=True,
        )  # fmt: skip

    async def _finish(self, current: _FileInProgress) -> None:
        """All is on disk: note it in the ledger, then move. After a kill in between: move later."""
        file = current.file
        document = self.document_of(file.name)
        await asyncio.to_thread(
            self.ledger.add_file, current.key, to_printable(file.name), document
        )
        await self.inbox.move_to_done(file)
        await asyncio.to_thread(self.ledger.mark_moved, current.key)
        self._stored.pop(current.key, None)
        self._unfinished.discard(file.name)
        self._count("files")
        self.status.details.pop("reading", None)

    def _refusal_of(
        self, file: InboxFile | LocalFile, key: bytes, reason: str, head: bytes
    ) -> Delivery:
        self._unfinished.add(file.name)

        async def acknowledge() -> None:
            await self.inbox.move_to_failed(file, reason)
            await asyncio.to_thread(self.ledger.store, _REFUSED_PREFIX + key, b"moved")
            self._unfinished.discard(file.name)
            self._count("refused")
            self.status.detail = f"{to_printable(file.name)}: {reason}"

        return Delivery(
            unreadable=[
                Unmapped(
                    source=to_printable(file.name), reason=reason, raw=head,
                    at_us=time.time_ns() // 1000, size=file.size, item="the whole file",
                )
            ],
            checkpoints=[key + _REFUSED_NUMBER] if key else [],
            acknowledge=acknowledge,
        )  # fmt: skip

    def _note_mark(self, mark: bytes) -> None:
        if len(mark) != _KEY_BYTES + 4 or mark.endswith(_REFUSED_NUMBER):
            return
        key, (number,) = mark[:_KEY_BYTES], struct.unpack(">I", mark[_KEY_BYTES:])
        self._stored[key] = max(number, self._stored.pop(key, -1))
        while len(self._stored) > CHECKPOINTS_MAX:
            del self._stored[next(iter(self._stored))]

    def _count(self, name: str, count: int = 1) -> None:
        self._counts[name] = self._counts.get(name, 0) + count
        self.status.details[name] = str(self._counts[name])


def is_refused(ledger: Ledger, key: bytes) -> bool:
    """Whether a file with this key was moved to `failed/`."""
    return ledger.get(_REFUSED_PREFIX + key) is not None


def key_of(file: LocalFile, scope: str, returns: int = 0) -> bytes:
    """Identify a file by its content and by what it is read as.

    `returns`: how often the content was replaced and has come back.
    """
    again = returns.to_bytes(4, "big") if returns else b""
    return blake2b(
        file.digest + again, digest_size=_KEY_BYTES, key=scope.encode(errors="replace")[:64]
    ).digest()


def _close_iterator(chunks: Iterator[Chunk]) -> None:
    if isinstance(chunks, Generator):
        chunks.close()  # closes the file, too


def _next_chunk_of(chunks: Iterator[Chunk]) -> Chunk | FileRefused | None:
    try:
        return next(chunks, None)
    except FileRefused as error:
        return error


def _read_head(file: LocalFile) -> bytes:
    with file.path.open("rb") as source:
        return source.read(HEAD_BYTES)
