"""Durable buffer of accepted batches in one SQLite file, one commit per batch.

Sequence number and hash chain are updated in the same transaction as the batch; the spool's id
is created inside the file (R2). Used from one thread. Errors: `SpoolFull` (the input waits,
nothing is overwritten), `SpoolFailed` (a disk error: the process ends, nothing is retried).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast
from uuid import UUID, uuid4

import msgspec

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
from werknetz_edge.spool.batch_times import time_range_of, uptime_us
from werknetz_edge.spool.checkpoint_rows import load_checkpoints, store_checkpoints
from werknetz_edge.spool.errors import SpoolFull, to_spool_error
from werknetz_edge.spool.schema import prepare_tables

BYTES_MAX: Final = 4 * 1024**3
RESERVE: Final = 0.05  # share that stays free for gap records when the spool is full
OVERLAP_US: Final = 600_000_000
_TRIM_ROWS: Final = 2000
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_point_decoder: Final = msgspec.msgpack.Decoder(PointDefinition)


class Spool:
    """Uses an open connection in autocommit mode; `spool_file.open_spool` creates one."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        source: str,
        *,
        clock_us: Callable[[], int],
        uptime_us: Callable[[], int] = uptime_us,
        boot_id: str = "",
        new_id: Callable[[], UUID] = uuid4,
        bytes_max: int = BYTES_MAX,
        lane: LaneName = "live",
        on_change: Callable[["Spool"], None] = lambda _: None,
    ) -> None:
        """`on_change` is called after each commit that appends, trims or replaces batches."""
        self._on_change = on_change
        self.unacked_us = 0  # everything accepted before is at the core; 0: not known yet
        self._db = connection
        self._source = source
        self._clock_us = clock_us
        self._uptime_us = uptime_us
        self._new_id = new_id
        self._bytes_max = bytes_max
        self._lane: LaneName = lane
        # `_load` reads the following from the file.
        self.spool_id = UUID(int=0)
        self.last_seq = self.base_seq = self.confirmed_seq = 0
        self.last_hash = self._base_hash = GENESIS
        self.epoch = self.base_epoch = 0
        self.used = self.has_trimmed = False
        self._overlap_until_us = 0
        self.incarnation: UUID | None = None
        self._newest: SpooledBatch | None = None  # as it is on disk: mostly sent at once
        self._page_bytes = self._pragma("page_size")
        with self._transaction():
            self.is_new = prepare_tables(
                self._db, new_id(), now_us=clock_us(), up_us=uptime_us(), boot_id=boot_id
            )
        self._opened_us = uptime_us()
        self._age_us = int(self._db.execute("SELECT age_us FROM spool").fetchone()[0])
        self._load()

    def _load(self) -> None:
        row = self._db.execute(
            "SELECT spool_id, last_seq, last_hash, base_seq, base_hash, epoch, base_epoch, used,"
            " incarnation, trimmed_from_us IS NOT NULL, overlap_until_age_us,"
            " max(confirmed_seq, base_seq)"
            " FROM spool"
        ).fetchone()
        self.spool_id = UUID(bytes=row[0])
        self.last_seq, self.last_hash = int(row[1]), bytes(row[2])
        self.base_seq, self._base_hash = int(row[3]), bytes(row[4])
        self.epoch, self.base_epoch = int(row[5]), int(row[6])
        self.used = bool(row[7])
        self.incarnation = None if row[8] is None else UUID(bytes=row[8])
        self.has_trimmed = bool(row[9])
        self._overlap_until_us = int(row[10])
        self.confirmed_seq = int(row[11])
        self._newest = None

    @property
    def age_us(self) -> int:
        """How long the spool has been open in all, up to losses of a crash; never decreases."""
        return self._age_us + max(0, self._uptime_us() - self._opened_us)

    @property
    def bytes_used(self) -> int:
        return self._pragma("page_count") * self._page_bytes - self.bytes_free

    @property
    def bytes_free(self) -> int:
        """Pages freed by trimming: room in the file, independent of the disk."""
        return self._pragma("freelist_count") * self._page_bytes

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def append(
        self,
        records: Sequence[Record],
        checkpoints: Sequence[bytes] = (),
        *,
        reserved: bool = False,
    ) -> int:
        """Append the records as the next batch; on return they are on disk (R1).

        `reserved` may use the reserve: for gap records only. Raises SpoolFull, SpoolFailed.
        """
        payload = encode(Batch(list(records), self._lane))
        limit = self._bytes_max if reserved else int(self._bytes_max * (1 - RESERVE))
        if self.bytes_used + len(payload) > limit:
            raise SpoolFull(f"the spool holds {self.bytes_used} of {self._bytes_max} bytes")
        with self._transaction():
            seq, digest = self.last_seq + 1, chain_hash(self.last_hash, payload)
            is_doubtful = self.age_us < self._overlap_until_us
            lane: LaneName = "backfill" if is_doubtful else self._lane
            self._insert(seq, lane, digest, payload, records)
            self._db.execute("UPDATE spool SET last_seq = ?, last_hash = ?", (seq, digest))
            self._store_points(records)
            store_checkpoints(self._db, checkpoints)
        self._newest = SpooledBatch(seq, self.last_hash, digest, lane, payload)
        self.last_seq, self.last_hash = seq, digest
        self._on_change(self)
        return seq

    def read(self, from_seq: int, bytes_max: int) -> list[SpooledBatch]:
        """Return batches in order from `from_seq`, at least one if there is one."""
        if self._newest is not None and self._newest.seq == from_seq:
            return [self._newest]
        batches: list[SpooledBatch] = []
        previous = self.hash_at(from_seq - 1)
        if previous is None:
            return batches
        size = 0
        rows = self._db.execute(
            "SELECT seq, hash, lane, payload FROM batches WHERE seq >= ? ORDER BY seq", (from_seq,)
        )
        for seq, digest, lane, payload in rows:
            size += len(payload)
            if batches and size > bytes_max:
                break
            batches.append(SpooledBatch(seq, previous, digest, cast("LaneName", lane), payload))
            previous = digest
        rows.close()
        return batches

    def hash_at(self, seq: int) -> bytes | None:
        if seq == self.base_seq:
            return self._base_hash
        if seq == self.last_seq:
            return self.last_hash
        row = self._db.execute("SELECT hash FROM batches WHERE seq = ?", (seq,)).fetchone()
        return None if row is None else bytes(row[0])

    def trim(self, acked: int, *, retention_us: int) -> int:
        """Delete batches that are acknowledged and older than the retention.

        Returns their number. An unacknowledged batch is never deleted (R10). Only the time during
        which the spool is open counts, so a clock that jumps shortens no retention.
        """
        age_us = self.age_us
        self.unacked_us = self.unacked_since_us(acked)
        self._on_change(self)
        count, last, low, high = 0, 0, 0, 0
        for seq, from_us, to_us, stored_us, up_us in self._db.execute(
            "SELECT seq, coalesce(from_us, at_us), coalesce(to_us, at_us), coalesce(age_us, 0),"
            " up_us FROM batches WHERE seq <= ? ORDER BY seq LIMIT ?",
            (acked, _TRIM_ROWS),
        ):
            if stored_us > age_us - retention_us:
                break
            low, high = (min(low, from_us), max(high, to_us)) if count else (from_us, to_us)
            count, last, base_at_us, base_up_us = count + 1, seq, from_us, up_us
        if not count:
            return 0
        digest = self.hash_at(last)
        with self._transaction():
            self._db.execute("DELETE FROM batches WHERE seq <= ?", (last,))
            self._db.execute(
                "UPDATE spool SET base_seq = ?, base_hash = ?, base_at_us = ?, base_up_us = ?,"
                " age_us = ?,"
                " trimmed_from_us = min(coalesce(trimmed_from_us, ?), ?),"
                " trimmed_to_us = max(coalesce(trimmed_to_us, ?), ?)",
                (last, digest, base_at_us, base_up_us, age_us, low, low, high, high),
            )
        self._load()
        return count

    def keep_epoch(self, epoch: int, base: int) -> None:
        with self._transaction():
            self._db.execute("UPDATE spool SET epoch = ?, base_epoch = ?", (epoch, base))
        self._load()

    def confirm(self, incarnation: UUID, last_seq: int) -> None:
        """Note which database stores this chain, and up to which batch.

        What a restored database lacks is sent as backfill: another copy of the spool may have sent
        it under another id.
        """
        with self._transaction():
            if self.incarnation not in (None, incarnation) or last_seq < self.confirmed_seq:
                self._db.execute("UPDATE batches SET lane = 'backfill' WHERE seq > ?", (last_seq,))
            self._db.execute(
                "UPDATE spool SET used = 1, doubt_at_us = NULL, incarnation = ?, confirmed_seq = ?",
                (incarnation.bytes, last_seq),
            )
        self._load()

    def replace(self, cause: str, core_us: int = 0) -> None:
        """Become a new spool, in one transaction.

        The new spool starts with a gap record and all points. The stored batches follow as
        backfill, as they may overlap with what the core has. So do those of the next ten minutes: a
        source may repeat what another copy of the spool has accepted. The gap lasts until the later
        one of two clocks: the wall clock and `core_us`, that of the core (0: unknown).
        """
        # Its own bound must not keep a full spool from becoming a new one: small batches whose
        # sequence changes need up to twice the room.
        pages_max = self._pragma("max_page_count")
        self._db.execute(f"PRAGMA max_page_count = {2 * pages_max}")
        try:
            self._replace(cause, core_us)
        finally:
            self._db.execute(f"PRAGMA max_page_count = {pages_max}")
        self._load()
        self._on_change(self)

    def _replace(self, cause: str, core_us: int) -> None:
        with self._transaction():
            payload = encode(
                Batch([*self._gap_records(cause, core_us), Points(self.points())], self._lane)
            )
            digest = chain_hash(GENESIS, payload)
            seqs = [row[0] for row in self._db.execute("SELECT seq FROM batches ORDER BY seq")]
            self._db.execute("UPDATE batches SET seq = -seq, lane = 'backfill'")
            # The database may lack trimmed batches: values that the source re-sends are stored.
            self._db.execute("DELETE FROM last_values")
            self._insert(1, self._lane, digest, payload, ())
            for new, old in enumerate(seqs, start=2):
                (stored,) = self._db.execute(
                    "SELECT payload FROM batches WHERE seq = ?", (-old,)
                ).fetchone()
                digest = chain_hash(digest, stored)
                self._db.execute(
                    "UPDATE batches SET seq = ?, hash = ? WHERE seq = ?", (new, digest, -old)
                )
            self._db.execute(
                "UPDATE spool SET spool_id = ?, last_seq = ?, last_hash = ?, base_seq = 0,"
                " confirmed_seq = 0, base_hash = ?, doubt_at_us = NULL, overlap_until_age_us = ?",
                (self._new_id().bytes, len(seqs) + 1, digest, GENESIS, self.age_us + OVERLAP_US),
            )

    def points(self) -> list[PointDefinition]:
        """Return every point that this spool has introduced, by number."""
        rows = self._db.execute("SELECT definition FROM points ORDER BY number")
        return [_point_decoder.decode(row[0]) for row in rows]

    def checkpoints(self) -> list[bytes]:
        """Return the newest checkpoints of accepted source messages, oldest first."""
        return load_checkpoints(self._db)

    def save_last_values(self, rows: bytes) -> None:
        """Save the last stored values up to the newest batch. Raises SpoolFull, SpoolFailed."""
        if self.bytes_used + len(rows) > int(self._bytes_max * (1 - RESERVE)):
            raise SpoolFull(f"the spool holds {self.bytes_used} of {self._bytes_max} bytes")
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO last_values VALUES (1, ?, ?)", (self.last_seq, rows)
            )

    def load_last_values(self) -> tuple[int, bytes] | None:
        """Return the saved last values and the batch up to which they are complete."""
        row = self._db.execute("SELECT seq, rows FROM last_values").fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def oldest_at_us(self, after_seq: int) -> int | None:
        """Return when the oldest batch after `after_seq` was accepted."""
        times = self._times_of_next(after_seq)
        return None if times is None else times[0]

    def unacked_since_us(self, acked: int) -> int:
        """Return since when accepted batches are not acknowledged; now if all are."""
        times = self._times_of_next(acked)
        return self._clock_us() if times is None else times[1]

    def _times_of_next(self, after_seq: int) -> tuple[int, int] | None:
        """Return when the next batch was accepted, and the first time in it."""
        row = self._db.execute(
            "SELECT at_us, coalesce(from_us, at_us) FROM batches"
            " WHERE seq > ? ORDER BY seq LIMIT 1",
            (after_seq,),
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file. The log keeps its size, as room to write."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) not in _BUSY:
                raise to_spool_error(error) from error

    def close(self) -> None:
        self._db.close()

    def _gap_records(self, cause: str, core_us: int) -> list[Record]:
        trimmed_from_us, trimmed_to_us, doubt_us, doubt_up_us, base_at_us = self._db.execute(
            "SELECT trimmed_from_us, trimmed_to_us, doubt_at_us, doubt_up_us, base_at_us FROM spool"
        ).fetchone()
        gap_id = self._new_id()
        if cause == "unrecoverable" and trimmed_from_us is not None:
            from_us, to_us = trimmed_from_us, trimmed_to_us
        else:
            from_us, up_us = self._newest_times(doubt_us, doubt_up_us, base_at_us)
            if core_us and up_us is not None:  # the clock may have been ahead at that time
                from_us = min(from_us, core_us - (self._uptime_us() - up_us))
            to_us = max(from_us, self._clock_us(), core_us)
        detail = f"spool {self.spool_id} was replaced at its batch {self.last_seq}"
        return [
            GapOpened(gap_id, self._source, [], from_us, cause, detail),
            GapClosed(gap_id, to_us),
        ]

    def _newest_times(
        self, doubt_us: int | None, doubt_up_us: int | None, base_at_us: int
    ) -> tuple[int, int | None]:
        """Return since when batches are in doubt: wall clock, and uptime if known."""
        if doubt_us is not None:
            return doubt_us, doubt_up_us
        row = self._db.execute(
            "SELECT coalesce(from_us, at_us), up_us FROM batches ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return (base_at_us, None) if row is None else (int(row[0]), row[1])

    def _insert(
        self, seq: int, lane: LaneName, digest: bytes, payload: bytes, records: Sequence[Record]
    ) -> None:
        at_us = self._clock_us()
        self._db.execute(
            "INSERT INTO batches (seq, at_us, lane, hash, payload, from_us, to_us, age_us, up_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(seq, at_us, lane, digest, payload, *time_range_of(records, at_us)),
                *(self.age_us, self._uptime_us()),
            ),
        )

    def _store_points(self, records: Sequence[Record]) -> None:
        for record in records:
            if isinstance(record, Points):
                self._db.executemany(
                    "INSERT OR REPLACE INTO points VALUES (?, ?)",
                    [(point.number, msgspec.msgpack.encode(point)) for point in record.points],
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
            raise to_spool_error(error) from error
