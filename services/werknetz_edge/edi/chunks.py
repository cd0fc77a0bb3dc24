"""From what was read to pieces of a file: bounded ones, cut by the file's bytes alone.

Also the way to quarantine: a file that is wrong in ten thousand places says so in some, and counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.contract import SourceMessage, SourceRecord
from werknetz.connector.quarantine import RAW_MAX
from werknetz.events.batch import Unmapped
from werknetz_edge.files.connector import Chunk

SEGMENTS: Final = 1_000  # of a piece: each is one record at most
CHARACTERS: Final = 1_000_000
REFUSED_MAX: Final = 500  # told one by one, of each interchange


@dataclass(slots=True)
class Cut:
    """Collects; `advance` says when a piece is full."""

    at_us: int  # of what goes to quarantine: when the file was written
    _records: list[SourceRecord] = field(default_factory=list)
    _unreadable: list[Unmapped] = field(default_factory=list)
    _messages: list[SourceMessage] = field(default_factory=list)
    _remember: list[tuple[bytes, bytes]] = field(default_factory=list)
    _segments: int = 0
    _characters: int = 0
    _refused: int = 0
    _more: int = 0
    _last: Unmapped | None = None

    def add(self, record: SourceRecord) -> None:
        self._records.append(record)

    def keep(self, message: SourceMessage) -> None:
        self._messages.append(message)

    def remember(self, key: bytes, value: bytes) -> None:
        """In the ledger, once this piece is on disk."""
        self._remember.append((key, value))

    def refuse(
        self, source: str, reason: str, raw: bytes, place: str, message: bytes = b""
    ) -> None:
        entry = Unmapped(
            source=source.encode(errors="replace").decode()[:4096],
            reason=reason.encode(errors="backslashreplace").decode(),
            raw=raw[:RAW_MAX], at_us=self.at_us, size=len(raw) if len(raw) > RAW_MAX else 0,
            item=place, raw_hash=message,
        )  # fmt: skip
        self._refused += 1
        if self._refused <= REFUSED_MAX:
            self._unreadable.append(entry)
        else:
            self._more, self._last = self._more + 1, entry

    @property
    def is_flooded(self) -> bool:
        """Nobody will see the bytes and the place of what is refused now."""
        return self._refused > REFUSED_MAX

    def end_interchange(self) -> None:
        """Count what was not told one by one."""
        last = self._last
        if last is not None:
            self._unreadable.append(
                Unmapped(
                    source=last.source,
                    reason=f"more like the {REFUSED_MAX} before; the last: {last.reason}",
                    raw=last.raw, at_us=self.at_us, size=last.size, item=last.item,
                    raw_hash=last.raw_hash, count=self._more,
                )
            )  # fmt: skip
        self._refused, self._more, self._last = 0, 0, None

    def advance(self, segments: int, characters: int) -> bool:
        """Take note of how far the file was read."""
        self._segments += segments
        self._characters += characters
        return self._segments >= SEGMENTS or self._characters >= CHARACTERS

    def take(self) -> Chunk:
        """The piece so far."""
        chunk = Chunk(
            records=self._records, rejects=self._unreadable, messages=self._messages,
            state_updates=self._remember,
        )  # fmt: skip
        self._records, self._unreadable, self._messages = [], [], []
        self._remember, self._segments, self._characters = [], 0, 0
        return chunk

    @property
    def is_empty(self) -> bool:
        return not self._segments and not self._characters


def raw_of(segments: Sequence[str], terminator: str, limit: int) -> bytes:
    """Segments as they stand in the message, as far as they fit."""
    if len(segments) < 8 and sum(map(len, segments)) + 8 < limit:
        return (terminator.join(segments) + terminator).encode(errors="replace")
    out, size = [], 0
    for raw in segments:
        size += len(raw) + 1
        out.append(raw + terminator)
        if size >= limit:
            break
    return "".join(out)[:limit].encode(errors="replace")
