"""What was accepted and is not yet safe elsewhere: one SQLite file, a commit an acceptance.

Sequence and hash chain live in a counter row in the same transaction as the batch; the
identity is made inside the file (R2). Used from one thread. Errors: `SpoolFull` (the input
waits, nothing is overwritten), `SpoolFailed` (the disk; the process ends, never a retry).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast
from uuid import UUID, uuid4

import msgspec

from werknetz.connector.contract import CHECKPOINTS_MAX
from werknetz.events.batch import (
    Batch,
    GapClosed,
    GapOpened,
    LaneName,
    PointDefinition,
    Points,
    Record,
)
from werknetz.events.codec import GENESIS, chain_hash, encode
from werknetz.link.sender import SpooledBatch

BYTES_MAX: Final = 4 * 1024**3
RESERVE: Final = 0.05  # for gap records and the like, when it is full
_TRIM_ROWS: Final = 2000
_LATER: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spool (
  one INTEGER PRIMARY KEY CHECK (one = 1), spool_id BLOB NOT NULL, last_seq INTEGER NOT NULL,
  last_hash BLOB NOT NULL, base_seq INTEGER NOT NULL, base_hash BLOB NOT NULL,
  base_at_us INTEGER NOT NULL, created_at_us INTEGER NOT NULL, epoch INTEGER NOT NULL,
  base_epoch INTEGER NOT NULL, used INTEGER NOT NULL, doubt_at_us INTEGER, incarnation BLOB);
CREATE TABLE IF NOT EXISTS batches (
  seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, lane TEXT NOT NULL, hash BLOB NOT NULL,
  payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS points (number INTEGER PRIMARY KEY, definition BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS marks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, mark BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS told (
  one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, rows BLOB NOT NULL);
"""
_point_decoder: Final = msgspec.msgpack.Decoder(PointDefinition)


class SpoolFull(Exception):
    """No room for facts; the reserve still takes gap records."""


class SpoolFailed(Exception):
    """The disk does not do what it is told: end the process, keep the file."""


class Spool:
    """Over an open connection in autocommit mode; `spoolfile.open_spool` makes one."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        source: str,
        *,
        clock_us: Callable[[], int],
        new_id: Callable[[], UUID] = uuid4,
        bytes_max: int = BYTES_MAX,
        lane: LaneName = "live",
    ) -> None:
        self._db = connection
        self._source = source
        self._clock_us = clock_us
        self._new_id = new_id
        self._bytes_max = bytes_max
        self._lane: LaneName = lane
        self._page_bytes = self._pragma("page_size")
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(
                "INSERT OR IGNORE INTO spool VALUES (1, ?, 0, ?, 0, ?, ?, ?, 0, 0, 0, NULL, NULL)",
                (new_id().bytes, GENESIS, GENESIS, clock_us(), clock_us()),
            )
            # A file is copied or rolled back while no process has it open: what was last known
            # then is where doubt begins, until the core has confirmed the chain.
            self._db.execute(
                "UPDATE spool SET doubt_at_us = coalesce(doubt_at_us,"
                " (SELECT max(at_us) FROM batches), base_at_us)"
            )
        self._load()

    def _load(self) -> None:
        row = self._db.execute(
            "SELECT spool_id, last_seq, last_hash, base_seq, base_hash, epoch, base_epoch, used,"
            " incarnation, base_at_us > created_at_us FROM spool"
        ).fetchone()
        self.spool_id = UUID(bytes=row[0])
        self.last_seq: int = row[1]
        self.last_hash: bytes = row[2]
        self.base_seq: int = row[3]
        self._base_hash: bytes = row[4]
        self.epoch: int = row[5]
        self.base_epoch: int = row[6]
        self.used = bool(row[7])
        self.incarnation = None if row[8] is None else UUID(bytes=row[8])
        self.has_trimmed = bool(row[9])

    @property
    def bytes_used(self) -> int:
        return self._pragma("page_count") * self._page_bytes - self.bytes_free

    @property
    def bytes_free(self) -> int:
        """What was trimmed: room in the file, whatever the disk has."""
        return self._pragma("freelist_count") * self._page_bytes

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def append(
        self, records: Sequence[Record], marks: Sequence[bytes] = (), *, reserved: bool = False
    ) -> int:
        """Keep the records as the next batch; when this returns, they are on disk (R1).

        `reserved` may use the reserve: for gap records only. Raises SpoolFull, SpoolFailed.
        """
        payload = encode(Batch(list(records), self._lane))
        limit = self._bytes_max if reserved else int(self._bytes_max * (1 - RESERVE))
        if self.bytes_used + len(payload) > limit:
            raise SpoolFull(f"the spool holds {self.bytes_used} of {self._bytes_max} bytes")
        with self._transaction():
            seq, digest = self.last_seq + 1, chain_hash(self.last_hash, payload)
            self._insert(seq, self._lane, digest, payload)
            self._db.execute("UPDATE spool SET last_seq = ?, last_hash = ?", (seq, digest))
            self._keep_points(records)
            self._keep_marks(marks)
        self.last_seq, self.last_hash = seq, digest
        return seq

    def read(self, from_seq: int, bytes_max: int) -> list[SpooledBatch]:
        """Batches in order from there, at least one if there is one."""
        found: list[SpooledBatch] = []
        previous = self.hash_at(from_seq - 1)
        if previous is None:
            return found
        size = 0
        rows = self._db.execute(
            "SELECT seq, hash, lane, payload FROM batches WHERE seq >= ? ORDER BY seq", (from_seq,)
        )
        for seq, digest, lane, payload in rows:
            size += len(payload)
            if found and size > bytes_max:
                break
            found.append(SpooledBatch(seq, previous, digest, cast("LaneName", lane), payload))
            previous = digest
        rows.close()
        return found

    def hash_at(self, seq: int) -> bytes | None:
        if seq == self.base_seq:
            return self._base_hash
        row = self._db.execute("SELECT hash FROM batches WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else bytes(row[0])

    def trim(self, acked: int, *, retention_us: int) -> int:
        """Drop batches that are acked and older than the retention (0: under pressure).

        Returns how many. Never an unacked one (R10).
        """
        before_us = self._clock_us() - retention_us
        count, last, at_us = 0, 0, 0
        for row in self._db.execute(
            "SELECT seq, at_us FROM batches WHERE seq <= ? ORDER BY seq LIMIT ?",
            (acked, _TRIM_ROWS),
        ):
            if row[1] > before_us:
                break
            count, last, at_us = count + 1, row[0], max(at_us, row[1])
        if not count:
            return 0
        digest = self.hash_at(last)
        with self._transaction():
            self._db.execute("DELETE FROM batches WHERE seq <= ?", (last,))
            self._db.execute(
                "UPDATE spool SET base_seq = ?, base_hash = ?, base_at_us = ?",
                (last, digest, at_us),
            )
        self._load()
        return count

    def keep_epoch(self, epoch: int, base: int) -> None:
        with self._transaction():
            self._db.execute("UPDATE spool SET epoch = ?, base_epoch = ?", (epoch, base))
        self._load()

    def confirm(self, incarnation: UUID) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE spool SET used = 1, doubt_at_us = NULL, incarnation = ?",
                (incarnation.bytes,),
            )
        self._load()

    def replace(self, cause: str) -> None:
        """Become a new spool in one transaction.

        A gap record and all points come first, then everything that is kept, to be applied
        as what may overlap.
        """
        with self._transaction():
            payload = encode(Batch([*self._gap(cause), Points(self.points())], self._lane))
            digest = chain_hash(GENESIS, payload)
            seqs = [row[0] for row in self._db.execute("SELECT seq FROM batches ORDER BY seq")]
            self._db.execute("UPDATE batches SET seq = -seq, lane = 'backfill'")
            # The database may lack what was trimmed: let the source tell it again.
            self._db.execute("DELETE FROM told")
            self._insert(1, self._lane, digest, payload)
            for new, old in enumerate(seqs, start=2):
                (kept,) = self._db.execute(
                    "SELECT payload FROM batches WHERE seq = ?", (-old,)
                ).fetchone()
                digest = chain_hash(digest, kept)
                self._db.execute(
                    "UPDATE batches SET seq = ?, hash = ? WHERE seq = ?", (new, digest, -old)
                )
            self._db.execute(
                "UPDATE spool SET spool_id = ?, last_seq = ?, last_hash = ?, base_seq = 0,"
                " base_hash = ?, doubt_at_us = NULL",
                (self._new_id().bytes, len(seqs) + 1, digest, GENESIS),
            )
        self._load()

    def points(self) -> list[PointDefinition]:
        """Every point this spool has introduced, by number."""
        rows = self._db.execute("SELECT definition FROM points ORDER BY number")
        return [_point_decoder.decode(row[0]) for row in rows]

    def marks(self) -> list[bytes]:
        """The newest marks of accepted source messages, oldest first."""
        return [row[0] for row in self._db.execute("SELECT mark FROM marks ORDER BY number")]

    def save_last_values(self, rows: bytes) -> None:
        """Keep what `told.Told` knows of the batches so far. Raises SpoolFull, SpoolFailed."""
        if self.bytes_used + len(rows) > int(self._bytes_max * (1 - RESERVE)):
            raise SpoolFull(f"the spool holds {self.bytes_used} of {self._bytes_max} bytes")
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO told VALUES (1, ?, ?)", (self.last_seq, rows))

    def load_last_values(self) -> tuple[int, bytes] | None:
        """Up to which batch `keep_told` was called last, and with what."""
        row = self._db.execute("SELECT seq, rows FROM told").fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def oldest_at_us(self, after_seq: int) -> int | None:
        """When the oldest batch after that one was accepted."""
        row = self._db.execute(
            "SELECT at_us FROM batches WHERE seq > ? ORDER BY seq LIMIT 1", (after_seq,)
        ).fetchone()
        return None if row is None else int(row[0])

    def checkpoint(self) -> None:
        """Fold the log into the file. The log's own room is kept, for what is said next."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) not in _LATER:
                raise _meaning(error) from error

    def close(self) -> None:
        self._db.close()

    def _gap(self, cause: str) -> list[Record]:
        base_at_us, created_at_us, doubt_at_us, last_at_us = self._db.execute(
            "SELECT base_at_us, created_at_us, doubt_at_us, (SELECT max(at_us) FROM batches)"
            " FROM spool"
        ).fetchone()
        gap_id = self._new_id()
        if cause == "unrecoverable":
            from_us, to_us = created_at_us, base_at_us
        else:
            from_us, to_us = doubt_at_us or last_at_us or base_at_us, self._clock_us()
        detail = f"spool {self.spool_id} was replaced at its batch {self.last_seq}"
        return [
            GapOpened(gap_id, self._source, [], from_us, cause, detail),
            GapClosed(gap_id, max(from_us, to_us)),
        ]

    def _insert(self, seq: int, lane: LaneName, digest: bytes, payload: bytes) -> None:
        self._db.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?)",
            (seq, self._clock_us(), lane, digest, payload),
        )

    def _keep_points(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Points):
                self._db.executemany(
                    "INSERT OR REPLACE INTO points VALUES (?, ?)",
                    [(point.number, msgspec.msgpack.encode(point)) for point in record.points],
                )

    def _keep_marks(self, marks: Sequence[bytes]) -> None:
        if marks:
            self._db.executemany("INSERT INTO marks (mark) VALUES (?)", [(m,) for m in marks])
            self._db.execute(
                "DELETE FROM marks WHERE number <= (SELECT max(number) FROM marks) - ?",
                (CHECKPOINTS_MAX,),
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.rollback()
            raise _meaning(error) from error


def _meaning(error: sqlite3.Error) -> SpoolFull | SpoolFailed:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return SpoolFull(str(error))
    return SpoolFailed(f"{type(error).__name__}: {error}")
