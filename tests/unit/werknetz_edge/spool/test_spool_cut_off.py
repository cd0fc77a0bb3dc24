"""A spool whose file or write-ahead log is cut off at any length: a gap covers the loss."""

import shutil
from pathlib import Path
from uuid import UUID

import pytest

from plumbing.spools import Clock, zero_samples
from werknetz.events.batch import GapClosed, GapOpened
from werknetz.events.codec import decode
from werknetz_edge.spool.errors import SpoolFailed
from werknetz_edge.spool.position import Position, PositionFile
from werknetz_edge.spool.spool import Spool
from werknetz_edge.spool.spool_file import open_spool

BATCHES, ACKED = 40, 10
SECOND_US = 1_000_000
FRACTIONS = [0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]


def at_us(seq: int) -> int:
    return (1_800_000_000 + seq) * SECOND_US


def write(folder: Path, *, checkpoint: bool) -> None:
    """Leave the files as a killed process does: the log is not merged."""
    clock = Clock()
    clock.now_us = at_us(0)
    source = folder / "running"
    file = open_spool(source / "press.spool", "press", clock=clock)
    for seq in range(1, BATCHES + 1):
        clock.now_us = at_us(seq)
        file.spool.append([zero_samples(50 + seq)])
    file.spool.trim(ACKED, retention_us=10**15)
    if checkpoint:
        file.spool.checkpoint()
    file.spool.append([zero_samples(1)])
    for path in source.iterdir():
        shutil.copy(path, folder / path.name)
    file.close()


def gaps_of(spool: Spool) -> list[tuple[int, int]]:
    opened: dict[object, int] = {}
    gaps = []
    for batch in spool.read(1, 10**9):
        for record in decode(batch.payload).records:
            match record:
                case GapOpened():
                    opened[record.gap_id] = record.from_us
                case GapClosed():
                    gaps.append((opened[record.gap_id], record.to_us))
    return gaps


def payload_sizes_of(spool: Spool) -> set[int]:
    return {len(batch.payload) for batch in spool.read(1, 10**9)}


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_a_cut_loses_nothing_without_a_gap(
    tmp_path: Path, fraction: float, suffix: str, *, checkpoint: bool
) -> None:
    write(tmp_path, checkpoint=checkpoint)
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path / "running", whole)
    complete = open_spool(whole / "press.spool", "press")
    sizes = {batch.seq: len(batch.payload) for batch in complete.spool.read(1, 10**9)}
    complete.close()
    path = tmp_path / f"press.spool{suffix}"
    with path.open("r+b") as content:
        content.truncate(int(path.stat().st_size * fraction))
    clock = Clock()
    clock.now_us = at_us(BATCHES + 60)
    file = open_spool(tmp_path / "press.spool", "press", clock=clock)
    rest, gaps = payload_sizes_of(file.spool), gaps_of(file.spool)
    for seq in range(ACKED + 1, BATCHES + 1):
        is_covered = any(low <= at_us(seq) <= high for low, high in gaps)
        assert sizes[seq] in rest or is_covered, (seq, gaps, file.damaged_path)
    if fraction == 1.0:
        assert gaps == []
    file.spool.append([zero_samples(1)])  # it goes on
    file.close()


def test_a_missing_file_is_a_gap_since_the_oldest_batch_that_the_core_did_not_have(
    tmp_path: Path,
) -> None:
    write(tmp_path, checkpoint=True)
    for path in tmp_path.glob("press.spool*"):
        path.unlink()
    clock = Clock()
    clock.now_us = at_us(500)
    file = open_spool(tmp_path / "press.spool", "press", clock=clock)
    assert gaps_of(file.spool) == [(at_us(ACKED + 1), at_us(500))]
    file.close()


def test_a_position_of_another_spool_or_of_an_older_moment_is_no_loss(tmp_path: Path) -> None:
    path = tmp_path / "press.spool"
    file = open_spool(path, "press")
    file.spool.append([zero_samples()])
    former = file.spool.spool_id
    file.close()
    (tmp_path / "press.position").unlink()
    file = open_spool(path, "press")
    file.spool.append([zero_samples()])
    assert (file.spool.spool_id, gaps_of(file.spool)) == (former, [])
    file.spool.replace("fork")
    file.close()
    other = PositionFile(tmp_path / "press.position")
    other.save(Position(former, 99, 5))
    other.close()
    file = open_spool(path, "press")
    assert len(gaps_of(file.spool)) == 1  # that of the fork
    file.close()


@pytest.mark.parametrize("length", [0, 3, 31, 32, 39])
def test_a_damaged_position_is_none(tmp_path: Path, length: int) -> None:
    file = PositionFile(tmp_path / "p")
    position = Position(UUID(int=4), 7, 9)
    assert file.load() is None
    file.save(position)
    assert file.load() == position
    content = (tmp_path / "p").read_bytes()
    (tmp_path / "p").write_bytes(content[:length])
    assert file.load() is None
    (tmp_path / "p").write_bytes(content[:20] + b"\x01" + content[21:])
    assert file.load() is None
    file.close()


def test_a_position_is_read_by_its_owner_only(tmp_path: Path) -> None:
    PositionFile(tmp_path / "p").close()
    assert (tmp_path / "p").stat().st_mode & 0o777 == 0o600


def test_a_position_that_cannot_be_opened_fails_the_spool(tmp_path: Path) -> None:
    (tmp_path / "press.position").mkdir()
    with pytest.raises(SpoolFailed, match="Is a directory"):
        open_spool(tmp_path / "press.spool", "press")
    (tmp_path / "press.position").rmdir()
    open_spool(tmp_path / "press.spool", "press").close()  # the lock was released
