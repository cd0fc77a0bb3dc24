"""The spool at its exact limits: each comparison decides between two neighbouring values."""

import os
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from plumbing.spools import HOUR_US, memory_spool, zero_samples
from werknetz.events.batch import Batch, GapClosed, GapOpened, Samples
from werknetz.events.codec import decode, encode
from werknetz_edge.spool import last_values as module
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.last_values import SAVE_EVERY_S, LastValues
from werknetz_edge.spool.reserve import BYTES_MIN, Reserve
from werknetz_edge.spool.spool import RESERVE, Spool
from werknetz_edge.spool.spool_file import open_spool


def _sample(point: int, time_us: int) -> Samples:
    return Samples(
        point=np.array([point], "<i4").tobytes(),
        time=np.array([time_us], "<i8").tobytes(),
        value=bytes(8),
        status=bytes(4),
    )


def _limit_for(size: int) -> int:
    """The smallest `bytes_max` whose unreserved share is `size`."""
    bytes_max = int(size / (1 - RESERVE)) - 2
    while int(bytes_max * (1 - RESERVE)) < size:
        bytes_max += 1
    return bytes_max


def test_a_batch_fits_to_the_last_byte() -> None:
    spool, _, _ = memory_spool()
    size = spool.bytes_used + len(encode(Batch([zero_samples()], "live")))
    spool._bytes_max = _limit_for(size) - 1
    with pytest.raises(SpoolFull):
        spool.append([zero_samples()])
    spool._bytes_max = _limit_for(size)
    assert spool.append([zero_samples()]) == 1


def test_a_reserved_batch_fits_to_the_last_byte() -> None:
    spool, _, _ = memory_spool()
    gap = GapOpened(UUID(int=1), "press", [], 5, "spool_full")
    size = spool.bytes_used + len(encode(Batch([gap], "live")))
    spool._bytes_max = size - 1
    with pytest.raises(SpoolFull):
        spool.append([gap], reserved=True)
    spool._bytes_max = size
    assert spool.append([gap], reserved=True) == 1


def test_last_values_fit_to_the_last_byte() -> None:
    spool, _, _ = memory_spool()
    size = spool.bytes_used + 100
    spool._bytes_max = _limit_for(size) - 1
    with pytest.raises(SpoolFull):
        spool.save_last_values(bytes(100))
    spool._bytes_max = _limit_for(size)
    spool.save_last_values(bytes(100))
    assert spool.load_last_values() == (0, bytes(100))


def test_reading_takes_batches_up_to_the_last_byte() -> None:
    spool, _, _ = memory_spool()
    for _ in range(3):
        spool.append([zero_samples()])
    size = len(spool.read(1, 0)[0].payload)
    assert [batch.seq for batch in spool.read(1, 2 * size)] == [1, 2]
    assert [batch.seq for batch in spool.read(1, 2 * size - 1)] == [1]
    assert [batch.seq for batch in spool.read(3, 10_000)] == [3]


def test_a_batch_is_trimmed_at_the_instant_of_its_retention() -> None:
    spool, _, clock = memory_spool()
    spool.append([zero_samples()])
    clock.now_us += HOUR_US - 1
    assert spool.trim(1, retention_us=HOUR_US) == 0
    clock.now_us += 1
    assert spool.trim(1, retention_us=HOUR_US) == 1


def test_the_acknowledged_batch_is_trimmed_and_the_next_is_not() -> None:
    spool, _, _ = memory_spool()
    for _ in range(3):
        spool.append([zero_samples()])
    assert spool.trim(2, retention_us=0) == 2
    assert (spool.base_seq, [batch.seq for batch in spool.read(3, 1_000)]) == (2, [3])


def test_a_spool_has_trimmed_only_what_is_younger_than_itself() -> None:
    spool, _, clock = memory_spool()
    assert not spool.has_trimmed
    clock.now_us += 1
    spool.append([zero_samples()])
    assert not spool.has_trimmed
    spool.trim(1, retention_us=0)
    assert spool.has_trimmed


def test_the_oldest_batch_is_the_one_after_the_acknowledged() -> None:
    spool, _, clock = memory_spool()
    instants = []
    for _ in range(2):
        clock.now_us += 10
        instants.append(clock.now_us)
        spool.append([zero_samples()])
    assert [spool.oldest_at_us(seq) for seq in range(3)] == [*instants, None]


def test_a_gap_of_a_replaced_spool_never_ends_before_it_begins() -> None:
    spool, _, clock = memory_spool()
    created_us = clock.now_us
    spool.append([zero_samples()])
    clock.now_us -= 50
    spool.replace("fork")
    opened, closed = decode(spool.read(1, 1_000)[0].payload).records[:2]
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert opened.from_us == closed.to_us == created_us


@pytest.mark.parametrize("point", [0, 1, 1023, 1024, 1025])
def test_a_point_at_the_end_of_the_cache_is_stored(point: int) -> None:
    spool, _, _ = memory_spool()
    cache = LastValues(spool)
    for number in sorted({0, point}):
        sample = _sample(number, 5)
        assert cache.drop_repeats([sample]) == [sample]
        spool.append([sample])
        cache.update([sample])
        assert cache.drop_repeats([sample]) == []


@pytest.mark.parametrize(("elapsed_s", "is_saved"), [(SAVE_EVERY_S, False), (61.0, True)])
def test_the_cache_is_saved_after_its_interval(
    monkeypatch: pytest.MonkeyPatch, elapsed_s: float, is_saved: bool
) -> None:
    now_s = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s[0])
    spool, _, _ = memory_spool()
    cache = LastValues(spool)
    cache.drop_repeats([])
    now_s[0] += elapsed_s
    spool.append([_sample(1, 5)])
    cache.update([_sample(1, 5)])
    saved = spool.load_last_values()
    assert saved is not None
    assert (saved[0] == 1) == is_saved


@pytest.mark.parametrize("size", [BYTES_MIN, BYTES_MIN + 1])
def test_without_posix_fallocate_the_reserve_has_its_exact_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    reserve = Reserve(tmp_path / "press.reserve", 20 * size)
    assert reserve.acquire()
    assert (tmp_path / "press.reserve").stat().st_size == size


@pytest.mark.parametrize(("free", "has_room"), [(BYTES_MIN - 1, False), (BYTES_MIN, True)])
def test_without_a_reserve_freed_pages_are_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, has_room: bool
) -> None:
    file = open_spool(tmp_path / "press.spool", "press")
    file.reserve.release()
    monkeypatch.setattr(Reserve, "acquire", lambda _: False)
    monkeypatch.setattr(Spool, "bytes_free", property(lambda _: free))
    assert file.has_room() is has_room
    file.close()


def test_a_full_spool_frees_whatever_is_acknowledged(tmp_path: Path) -> None:
    """However young: batches of this very moment, too."""
    file = open_spool(tmp_path / "press.spool", "press")
    file.spool._uptime_us = lambda: 10**12
    for _ in range(2):
        file.spool.append([zero_samples()])
    file.free_room(1)
    assert (file.spool.base_seq, file.spool.last_seq) == (1, 2)
    file.close()


def test_a_disk_without_room_is_a_full_spool() -> None:
    spool, connection, _ = memory_spool()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolFull, match="full"):
        spool.append([zero_samples(5000)])
    assert spool.last_seq == 0


def test_a_damaged_file_is_named_by_the_second(tmp_path: Path) -> None:
    path = tmp_path / "press.spool"
    path.write_bytes(b"no database" * 1000)
    file = open_spool(path, "press", clock=lambda: 1_800_000_000_999_999)
    assert file.damaged_path == tmp_path / "press.spool.damaged-1800000000"
    file.close()


def test_a_spool_that_could_not_be_opened_is_not_locked(tmp_path: Path) -> None:
    path = tmp_path / "press.spool"
    path.mkdir()
    with pytest.raises(SpoolFailed) as first:  # its traceback keeps what was opened
        open_spool(path, "press")
    path.rmdir()
    open_spool(path, "press").close()
    assert first.value
