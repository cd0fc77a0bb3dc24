"""The reserve takes its room, gives it up, and is not there where the disk has none."""

import os
from pathlib import Path

import pytest

from werknetz_edge.spool.reserve import BYTES_MIN, Reserve
from werknetz_edge.spool.spool_file import open_spool


@pytest.mark.parametrize(
    ("spool_bytes_max", "size"),
    [(1_000_000, BYTES_MIN), (100 * 1024**2, 5 * 1024**2), (4 * 1024**3, 8 * 1024**2)],
)
def test_it_takes_its_room(tmp_path: Path, spool_bytes_max: int, size: int) -> None:
    reserve = Reserve(tmp_path / "press.reserve", spool_bytes_max)
    assert reserve.acquire()
    assert reserve.acquire()
    assert (tmp_path / "press.reserve").stat().st_size == size
    assert (tmp_path / "press.reserve").stat().st_blocks * 512 >= size
    reserve.release()
    reserve.release()
    assert not reserve.is_held
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_room_there_is_none(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "missing" / "press.reserve", 1_000_000)
    assert not reserve.acquire()
    assert not reserve.is_held


def test_a_disk_that_becomes_full_has_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    reserve = Reserve(tmp_path / "press.reserve", 1_000_000)
    assert not reserve.acquire()
    assert list(tmp_path.iterdir()) == []


def test_zeros_that_are_written_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise their room may be given to another file."""
    monkeypatch.delattr(os, "posix_fallocate")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    reserve = Reserve(tmp_path / "press.reserve", 1_000_000)
    assert reserve.acquire()
    assert synced == [BYTES_MIN]


def test_it_exists_beside_an_open_spool_and_is_created_again(tmp_path: Path) -> None:
    for _ in range(2):
        file = open_spool(tmp_path / "press.spool", "press")
        assert file.has_room()
        assert file.reserve.is_held
        file.free_room(0)
        assert not (tmp_path / "press.reserve").exists()
        assert file.has_room()
        file.close()
