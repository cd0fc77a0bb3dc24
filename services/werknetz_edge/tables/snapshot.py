"""Distinguishes complete snapshots from those that may be cut off: these withdraw no rows.

A snapshot is doubtful where it lacks more than a share of the rows of the one before, or where its
last row has no line end although the one before had it. It is moved to `failed/`, and withdraws
nothing. The next snapshot confirms it, if it is doubtful, too; so does a person who puts the file
back into the inbox.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from werknetz_edge.files.connector import is_refused, key_of
from werknetz_edge.files.inbox import LocalFile
from werknetz_edge.files.ledger import Ledger
from werknetz_edge.tables.config import TableSource
from werknetz_edge.tables.row_keys import digest_of
from werknetz_edge.tables.sheet import SheetRow

MISSING_MIN: Final = 10  # fewer missing rows need no second snapshot
_PREFIX: Final = b"snapshot:"  # in the ledger
_CONFIRM: Final = (
    "its missing rows are not withdrawn; if it is complete, put it back into the inbox, or wait "
    "for the next snapshot"
)


class SnapshotState(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the snapshots of a source. `doubtful`: digest of one that may be cut off."""

    rows: int = 0  # of the last one that was complete
    has_line_end: bool = False
    doubtful: bytes = b""


@dataclass(slots=True)
class SnapshotCheck:
    """Judges one file of a source."""

    source: TableSource
    file: LocalFile
    ledger: Ledger
    before: SnapshotState = field(init=False)
    is_confirmed: bool = field(init=False)
    is_cut: bool = field(default=False, init=False)
    _has_line_end: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        stored = self.ledger.get(self._key)
        self.before = (
            SnapshotState()
            if stored is None
            else msgspec.msgpack.decode(stored, type=SnapshotState)
        )
        # The same file again is only confirmed once it was moved to `failed/`: the edge may also
        # have been killed while it read it.
        doubtful = self.before.doubtful
        self.is_confirmed = bool(doubtful) and (
            doubtful != self.file.digest
            or is_refused(self.ledger, key_of(self.file, self.source.name))
        )

    def reason_of(self, row: SheetRow) -> str:
        """Return why a row may be cut off; empty: it is not. It is the last one then."""
        self._has_line_end = not row.raw or row.raw.endswith(("\n", "\r"))
        if self._has_line_end or not self.before.has_line_end or self.is_confirmed:
            return ""
        self.is_cut = True
        return "it is the last row and has no line end: is the file cut off?"

    def doubt(self, rows: int) -> str:
        """Return why a snapshot of so many rows withdraws nothing; empty: it is complete."""
        if self.is_cut:
            return f"its last row has no line end, as if it were cut off: {_CONFIRM}"
        missing = self.before.rows - rows
        is_large = missing > self.source.missing_max * self.before.rows
        if self.is_confirmed or missing < MISSING_MIN or not is_large:
            return ""
        return f"it has {rows} rows, the snapshot before had {self.before.rows}: {_CONFIRM}"

    def update(self, rows: int, *, is_complete: bool) -> tuple[bytes, bytes]:
        """Return what to note in the ledger once the file is on disk."""
        state = (
            SnapshotState(rows, self._has_line_end)
            if is_complete
            else msgspec.structs.replace(self.before, doubtful=self.file.digest)
        )
        return self._key, msgspec.msgpack.encode(state)

    @property
    def _key(self) -> bytes:
        return _PREFIX + digest_of([self.source.name])
