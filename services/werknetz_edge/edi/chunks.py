"""Builds the chunks of a file: of bounded size, cut only by the file's bytes.

Rejects are limited per interchange: a file with ten thousand errors lists some and counts the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.contract import SourceGroupEnd, SourceMessage, SourceRecord
from werknetz.connector.quarantine import RAW_MAX
from werknetz.events.batch import Unmapped
from werknetz_edge.files.connector import Chunk

SEGMENTS: Final = 1_000  # of a chunk: each is at most one record
CHARACTERS: Final = 1_000_000
REJECTS_MAX: Final = 500  # listed individually, of each interchange


@dataclass(slots=True)
class ChunkBuilder:
    """Collects records and rejects; `advance` returns when a chunk is full."""

    at_us: int  # time of rejects: when the file was written
    _records: list[SourceRecord] = field(default_factory=list)
    _group_ends: list[SourceGroupEnd] = field(default_factory=list)
    _rejects: list[Unmapped] = field(default_factory=list)
    _messages: list[SourceMessage] = field(default_factory=list)
    _state_updates: list[tuple[bytes, bytes]] = field(default_factory=list)
    _duplicates: int = 0
    _segments: int = 0
    _characters: int = 0
    _reject_count: int = 0
    _unlisted: int = 0
    _last_unlisted: Unmapped | None = None

    def add_record(self, record: SourceRecord) -> None:
        self._records.append(record)

    def add_group_end(self, end: SourceGroupEnd) -> None:
        self._group_ends.append(end)

    def add_duplicate(self) -> None:
        """Count a message that is dropped because it came before."""
        self._duplicates += 1

    def add_message(self, message: SourceMessage) -> None:
        self._messages.append(message)

    def add_state_update(self, key: bytes, value: bytes) -> None:
        """Store a value in the ledger once this chunk is on disk."""
        self._state_updates.append((key, value))

    def reject(
        self, source: str, reason: str, raw: bytes, position: str, message: bytes = b"",
        count: int = 1,
    ) -> None:  # fmt: skip
        entry = Unmapped(
            source=source.encode(errors="replace").decode()[:4096],
            reason=reason.encode(errors="backslashreplace").decode(),
            raw=raw[:RAW_MAX], at_us=self.at_us, size=len(raw) if len(raw) > RAW_MAX else 0,
            item=position, raw_hash=message, count=count,
        )  # fmt: skip
        self._reject_count += 1
        if self._reject_count <= REJECTS_MAX:
            self._rejects.append(entry)
        else:
            self._unlisted, self._last_unlisted = self._unlisted + 1, entry

    @property
    def is_reject_limit_reached(self) -> bool:
        """Whether further rejects are only counted: bytes and positions are not stored."""
        return self._reject_count > REJECTS_MAX

    def end_interchange(self) -> None:
        """Add one reject with the number of those that are not listed."""
        last = self._last_unlisted
        if last is not None:
            self._rejects.append(
                Unmapped(
                    source=last.source,
                    reason=f"more like the {REJECTS_MAX} before; the last: {last.reason}",
                    raw=last.raw, at_us=self.at_us, size=last.size, item=last.item,
                    raw_hash=last.raw_hash, count=self._unlisted,
                )
            )  # fmt: skip
        self._reject_count, self._unlisted, self._last_unlisted = 0, 0, None

    def advance(self, segments: int, characters: int) -> bool:
        """Count what was read; return whether the chunk is full."""
        self._segments += segments
        self._characters += characters
        return self._segments >= SEGMENTS or self._characters >= CHARACTERS

    def take_chunk(self) -> Chunk:
        """Return the chunk so far, and start the next one."""
        chunk = Chunk(
            records=self._records, rejects=self._rejects, messages=self._messages,
            state_updates=self._state_updates, group_ends=self._group_ends,
            duplicates=self._duplicates,
        )  # fmt: skip
        self._group_ends, self._duplicates = [], 0
        self._records, self._rejects, self._messages = [], [], []
        self._state_updates, self._segments, self._characters = [], 0, 0
        return chunk

    @property
    def is_empty(self) -> bool:
        return not self._segments and not self._characters


def join_segments(segments: Sequence[str], terminator: str, limit: int) -> bytes:
    """Return segments as written in the message, up to `limit` bytes."""
    if len(segments) < 8 and sum(map(len, segments)) + 8 < limit:
        return (terminator.join(segments) + terminator).encode(errors="replace")
    out, size = [], 0
    for raw in segments:
        size += len(raw) + 1
        out.append(raw + terminator)
        if size >= limit:
            break
    return "".join(out)[:limit].encode(errors="replace")
