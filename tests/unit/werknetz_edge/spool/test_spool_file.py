"""The file of a spool: durable settings, no descriptor left open, losses in the log."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from plumbing.spools import Clock, zero_samples
from werknetz.events.batch import GapClosed, GapOpened
from werknetz.events.codec import decode
from werknetz_edge.spool import spool_file
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.position import PositionFile
from werknetz_edge.spool.spool import Spool
from werknetz_edge.spool.spool_file import clock_us, open_spool

NOW_US = 1_800_000_000_000_000
MEBIBYTE = 1024**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "press.spool"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    capture = LogCapture()
    logger = structlog.wrap_logger(None, processors=[capture])
    monkeypatch.setattr(spool_file, "_log", logger)
    return capture


def open_files_in(folder: Path) -> Iterator[str]:
    """Yield what this process has open there."""
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:  # that of the listing itself
            continue
        if target.startswith(str(folder)):
            yield target


def gap_of(spool: Spool) -> tuple[str, int, int]:
    opened, closed = decode(spool.read(1, 100_000)[0].payload).records[:2]
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    return opened.cause, opened.from_us, closed.to_us


def at(now_us: int) -> Clock:
    clock = Clock()
    clock.now_us = now_us
    return clock


@pytest.mark.parametrize(
    ("bytes_max", "pages"),
    [(4 * MEBIBYTE, 1024), (65 * 4096, 65), (64 * 4096, 64), (63 * 4096, 64), (0, 64)],
)
def test_a_file_is_durable_and_bounded(path: Path, bytes_max: int, pages: int) -> None:
    file = open_spool(path, "press", bytes_max=bytes_max)
    full = 2
    expected = {
        "journal_mode": "wal",
        "synchronous": full,
        "journal_size_limit": 64 * MEBIBYTE,
        "max_page_count": pages,
    }
    for name, value in expected.items():
        assert file.spool._db.execute(f"PRAGMA {name}").fetchone() == (value,), name
    file.close()


def test_it_is_created_with_its_folders_and_used_from_another_thread(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    file = open_spool(folder / "press.spool", "press")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(file.spool.append, [zero_samples()]).result() == 1
    file.close()
    assert list(open_files_in(tmp_path)) == []


def test_the_clock_counts_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_file.time, "time_ns", lambda: NOW_US * 1000 + 999)
    assert clock_us() == NOW_US


@pytest.mark.parametrize(("is_damaged", "syncs"), [(False, 1), (True, 2)])
def test_new_names_in_the_folder_are_on_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_damaged: bool, syncs: int
) -> None:
    """Of a new file, and of a damaged one before the new one gets its name."""
    synced: list[tuple[Path, bool]] = []
    if is_damaged:
        path.write_bytes(b"no database" * 1000)

    def note(descriptor: int) -> None:
        folder = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((folder, path.exists()))

    monkeypatch.setattr(spool_file.os, "fsync", note)
    open_spool(path, "press").close()
    assert synced == [(path.parent, number == syncs) for number in range(1, syncs + 1)]
    assert list(open_files_in(path.parent)) == []


def test_the_reserve_is_free_while_it_opens_and_taken_afterwards(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = path.with_suffix(".reserve")
    reserve.write_bytes(bytes(100))  # of a process that was killed
    connect = spool_file._connect
    before: list[bool] = []

    def note(*args: Any) -> sqlite3.Connection:
        before.append(reserve.exists())
        return connect(*args)

    monkeypatch.setattr(spool_file, "_connect", note)
    file = open_spool(path, "press")
    assert before == [False]
    assert file.reserve.is_held
    assert reserve.stat().st_size >= MEBIBYTE
    file.close()


def test_freeing_room_empties_the_log_of_the_database(path: Path) -> None:
    file = open_spool(path, "press")
    for _ in range(20):
        file.spool.append([zero_samples(1000)])
    size = path.stat().st_size
    file.free_room(0)
    assert path.stat().st_size > size  # what was in the log only is in the file now
    file.close()


def test_a_disk_that_has_no_room_even_to_trim_stays_as_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, logs: LogCapture
) -> None:
    file = open_spool(path, "press")
    file.spool.append([zero_samples()])

    def fail(*_: object, **__: object) -> int:
        raise SpoolFull("no room")

    monkeypatch.setattr(Spool, "trim", fail)
    file.free_room(1)
    assert not file.reserve.is_held
    assert [entry["event"] for entry in logs.entries] == ["spool not trimmed, disk full"]
    file.close()


def test_a_position_that_cannot_be_saved_stops_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, logs: LogCapture
) -> None:
    file = open_spool(path, "press")

    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(PositionFile, "save", fail)
    assert file.spool.append([zero_samples()]) == 1
    assert [entry["event"] for entry in logs.entries] == ["position not saved"]
    file.close()


def test_a_disk_without_room_for_a_new_file_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = spool_file._connect

    def connect_to_full_disk(*args: Any) -> sqlite3.Connection:
        connection = connect(*args)
        connection.execute("PRAGMA max_page_count = 2")
        return connection

    with monkeypatch.context() as context:
        context.setattr(spool_file, "_connect", connect_to_full_disk)
        with pytest.raises(SpoolFailed, match="free space on its disk") as failure:
            open_spool(path, "press")
    locks = [name for name in open_files_in(path.parent) if not name.startswith(str(path))]
    assert locks == []
    open_spool(path, "press").close()
    assert failure.value  # its traceback has the locals of what failed


def test_a_file_that_cannot_be_created_fails_the_spool(path: Path) -> None:
    path.symlink_to(path.parent / "missing" / "press.spool")
    with pytest.raises(SpoolFailed, match="unable to open") as failure:
        open_spool(path, "press")
    assert list(open_files_in(path.parent)) == []
    assert failure.value


def test_a_file_system_without_a_durable_journal_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    connections: list[sqlite3.Connection] = []

    def connect_to_memory(*_: object, **__: object) -> sqlite3.Connection:
        connections.append(connect(":memory:", isolation_level=None))
        return connections[-1]

    monkeypatch.setattr(spool_file.sqlite3, "connect", connect_to_memory)
    with pytest.raises(SpoolFailed, match="journal memory, synchronous 2; needs wal and 2"):
        open_spool(path, "press")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[-1].execute("SELECT 1")


@pytest.mark.parametrize(
    ("clock_of_file_us", "gap"),
    [
        pytest.param(NOW_US - 5, (NOW_US - 5, NOW_US), id="since it was written last"),
        pytest.param(NOW_US + 5, (NOW_US, NOW_US + 5), id="written by a clock that was ahead"),
    ],
)
def test_the_gap_of_a_damaged_file_without_a_position(
    path: Path, logs: LogCapture, clock_of_file_us: int, gap: tuple[int, int]
) -> None:
    path.write_bytes(b"no database" * 1000)
    os.utime(path, ns=(0, clock_of_file_us * 1000))
    file = open_spool(path, "press", clock=at(NOW_US))
    assert gap_of(file.spool) == ("spool_replaced", *gap)
    [entry] = logs.entries
    assert (entry["event"], entry["log_level"], entry["since_us"]) == (
        "spool lost", "error", clock_of_file_us,
    )  # fmt: skip
    file.close()


def test_the_gap_of_a_damaged_file_takes_the_room_of_the_reserve(path: Path) -> None:
    measured = open_spool(path, "press")
    used = measured.spool.bytes_used
    measured.close()
    path.write_bytes(b"no database" * 1000)
    for name in ("press.position", "press.spool-wal", "press.spool-shm"):
        (path.parent / name).unlink(missing_ok=True)
    limit = used + 1000  # less than 5 % is left
    file = open_spool(path, "press", bytes_max=limit)
    assert gap_of(file.spool)[0] == "spool_replaced"
    with pytest.raises(SpoolFull):
        file.spool.append([zero_samples()])
    file.close()


def test_what_is_unacknowledged_is_known_after_a_restart(path: Path) -> None:
    clock = at(NOW_US)
    file = open_spool(path, "press", clock=clock)
    file.spool.append([zero_samples()])
    clock.now_us += 10
    file.spool.append([zero_samples()])
    file.spool.trim(1, retention_us=10**15)
    file.close()
    clock.now_us += 10
    file = open_spool(path, "press", clock=clock)
    assert file.spool.unacked_us == NOW_US + 10
    file.spool.append([zero_samples()])  # it saves the position
    file.close()
    for part in path.parent.glob("press.spool*"):
        part.unlink()
    clock.now_us += 10
    file = open_spool(path, "press", clock=clock)
    assert gap_of(file.spool) == ("spool_replaced", NOW_US + 10, NOW_US + 30)
    file.close()


def test_without_a_position_everything_stored_is_unacknowledged(path: Path) -> None:
    clock = at(NOW_US)
    file = open_spool(path, "press", clock=clock)
    file.spool.append([zero_samples()])
    file.close()
    path.with_suffix(".position").unlink()
    clock.now_us += 10
    file = open_spool(path, "press", clock=clock)
    assert file.spool.unacked_us == NOW_US
    file.close()


def test_a_file_that_was_rolled_back_is_logged(path: Path, logs: LogCapture) -> None:
    file = open_spool(path, "press")
    file.spool.append([zero_samples()])
    file.close()
    earlier = path.with_name("earlier")
    shutil.copy(path, earlier)
    file = open_spool(path, "press")
    file.spool.append([zero_samples()])
    file.close()
    shutil.copy(earlier, path)
    file = open_spool(path, "press")
    assert gap_of(file.spool)[0] == "spool_rolled_back"
    [entry] = logs.entries
    assert (entry["event"], entry["batches"], entry["before"]) == ("the spool was cut off", 1, 2)
    file.close()
