"""Open a spool's file: one process at a time, durable settings, damaged files renamed."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from werknetz.events.batch import GapClosed, GapOpened, LaneName, Record
from werknetz.runtime.log import get_logger
from werknetz.runtime.moment import read_boot_id
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.position import Position, PositionFile
from werknetz_edge.spool.reserve import BYTES_MIN, Reserve
from werknetz_edge.spool.spool import BYTES_MAX, Spool

_log = get_logger("edge.spool")
_PAGE_BYTES: Final = 4096
_PAGES_MIN: Final = 64
_BUSY_S: Final = 5.0
_WAL_BYTES_MAX: Final = 64 * 1024 * 1024


class SpoolLocked(Exception):
    """Another process on this machine has the spool open."""


@dataclass(slots=True)
class SpoolFile:
    """An open spool with the lock that excludes other processes."""

    spool: Spool
    path: Path
    damaged_path: Path | None  # the new name of a damaged file
    reserve: Reserve
    _lock: IO[bytes]
    _position: PositionFile

    def has_room(self) -> bool:
        """Whether records may be stored without using the reserve."""
        return self.reserve.acquire() or self.spool.bytes_free >= BYTES_MIN

    def free_room(self, acked: int) -> None:
        """Release the reserve and trim everything up to `acked`: the disk or the spool is full."""
        self.reserve.release()
        try:
            self.spool.trim(acked, retention_us=0)
            self.spool.checkpoint()
        except SpoolFull as error:
            _log.debug("spool not trimmed, disk full", reason=str(error))

    def close(self) -> None:
        self.spool.close()
        self._position.close()
        self._lock.close()


def clock_us() -> int:
    return time.time_ns() // 1000


def open_spool(
    path: Path,
    source: str,
    *,
    bytes_max: int = BYTES_MAX,
    lane: LaneName = "live",
    clock: Callable[[], int] = clock_us,
) -> SpoolFile:
    """Open or create the spool. Raises SpoolLocked, SpoolFailed.

    A damaged file is renamed, and the new spool begins with a gap record.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(path.with_suffix(".lock"))
    try:
        position = PositionFile(path.with_suffix(".position"))
    except OSError as error:
        lock.close()
        raise SpoolFailed(f"{path}: {error}") from error
    reserve = Reserve(path.with_suffix(".reserve"), bytes_max)
    try:
        reserve.release()  # opening writes, too: it must succeed on a full disk
        before = position.load()
        damaged_path = None if _is_intact(path) else _rename_damaged(path, clock())
        spool = Spool(
            _connect(path, bytes_max),
            source,
            clock_us=clock,
            boot_id=read_boot_id(),
            bytes_max=bytes_max,
            lane=lane,
            on_change=partial(_save_position, position),
        )
        _record_loss(spool, source, damaged_path, before, clock())
        reserve.acquire()
        _sync_folder(path.parent)
    except SpoolFull as error:
        position.close()
        lock.close()
        raise SpoolFailed(f"{path}: {error}: free space on its disk") from error
    except BaseException:
        position.close()
        lock.close()
        raise
    return SpoolFile(spool, path, damaged_path, reserve, lock, position)


def _record_loss(
    spool: Spool, source: str, damaged_path: Path | None, before: Position | None, now_us: int
) -> None:
    """Begin with a gap record, or as a new spool, where batches that were on disk are missing."""
    unacked_us = spool.unacked_since_us(spool.base_seq)
    spool.unacked_us = unacked_us if before is None else before.unacked_us
    if damaged_path is not None or (spool.is_new and before is not None):
        spool.append(_loss_of(source, damaged_path, before, now_us), reserved=True)
    elif before is not None and _is_cut_off(spool, before):
        _log.error("the spool was cut off", batches=spool.last_seq, before=before.last_seq)
        spool.replace("spool_rolled_back")


def _save_position(file: PositionFile, spool: Spool) -> None:
    try:
        file.save(Position(spool.spool_id, spool.last_seq, spool.unacked_us))
    except OSError as error:  # the batch itself is on disk
        _log.debug("position not saved", reason=str(error))


def _is_cut_off(spool: Spool, before: Position) -> bool:
    return spool.spool_id == before.spool_id and spool.last_seq < before.last_seq


def _loss_of(
    source: str, damaged_path: Path | None, before: Position | None, now_us: int
) -> list[Record]:
    """Return the gap of a spool that is gone: since the oldest batch that the core did not have."""
    gap_id, from_us = uuid4(), now_us
    detail = "the file of the spool is missing or empty"
    if damaged_path is not None:
        from_us = damaged_path.stat().st_mtime_ns // 1000
        detail = f"the spool was damaged and renamed to {damaged_path}"
    if before is not None:
        from_us = min(from_us, before.unacked_us)
    _log.error("spool lost", detail=detail, since_us=from_us)
    opened = GapOpened(gap_id, source, [], min(from_us, now_us), "spool_replaced", detail)
    return [opened, GapClosed(gap_id, max(from_us, now_us))]


def _connect(path: Path, bytes_max: int) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_MAX}")
        db.execute(f"PRAGMA max_page_count = {max(_PAGES_MIN, bytes_max // _PAGE_BYTES)}")
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
        level = db.execute("PRAGMA synchronous").fetchone()[0]
    except sqlite3.Error as error:
        raise SpoolFailed(f"{path}: {error}") from error
    if (mode, level) != ("wal", 2):
        db.close()
        raise SpoolFailed(f"{path}: journal {mode}, synchronous {level}; needs wal and 2 (FULL)")
    return db


def _is_intact(path: Path) -> bool:
    if not path.exists():
        return True
    try:
        db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    except sqlite3.OperationalError as error:
        raise SpoolFailed(f"{path}: {error}") from error
    try:
        return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError as error:
        raise SpoolFailed(f"{path}: {error}") from error  # the disk or a lock, not the content
    except sqlite3.DatabaseError:
        return False
    finally:
        db.close()


def _rename_damaged(path: Path, now_us: int) -> Path:
    damaged_path = path.with_name(f"{path.name}.damaged-{now_us // 1_000_000}")
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(damaged_path.with_name(damaged_path.name + suffix))
    _sync_folder(path.parent)
    return damaged_path


def _lock(path: Path) -> IO[bytes]:
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SpoolLocked(
            f"{path} is locked: another process runs this connector; stop it first"
        ) from error
    return lock


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
