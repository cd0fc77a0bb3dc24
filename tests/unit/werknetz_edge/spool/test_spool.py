"""The spool keeps its promises over commit, crash, trim, fullness, damage and a second process."""

from pathlib import Path
from uuid import UUID

import pytest

from plumbing.spools import HOUR_US, Clock, memory_spool, zero_samples
from werknetz.connector.contract import CHECKPOINTS_MAX, CheckpointColumn
from werknetz.events.batch import GapOpened, PointDefinition, Points
from werknetz.events.codec import GENESIS, chain_hash, decode
from werknetz_edge.spool.errors import SpoolFailed, SpoolFull
from werknetz_edge.spool.spool import Spool
from werknetz_edge.spool.spool_file import SpoolLocked, open_spool


def point(number: int) -> Points:
    return Points([
        PointDefinition(number, f"a/b:{number}", "a/b", str(number), "mode", None, "s", "m@1")
    ])  # fmt: skip


def test_batches_are_chained_andmarks_of() -> None:
    spool, connection, _ = memory_spool()
    assert [spool.append([zero_samples()]) for _ in range(3)] == [1, 2, 3]
    digest = GENESIS
    for batches in spool.read(1, 10_000):
        assert batches.prev_hash == digest
        digest = chain_hash(digest, batches.payload)
        assert batches.hash == digest
    again = Spool(connection, "press", clock_us=Clock())
    assert (again.spool_id, again.last_seq, again.last_hash) == (spool.spool_id, 3, digest)


def test_reading_is_bounded_but_gives_at_least_one() -> None:
    spool, _, _ = memory_spool()
    for _ in range(3):
        spool.append([zero_samples(100)])
    assert [batches.seq for batches in spool.read(2, 1)] == [2]
    assert spool.read(4, 1000) == []


def test_an_emptied_spool_goes_on_counting() -> None:
    spool, connection, clock = memory_spool()
    spool.append([zero_samples()])
    clock.now_us += 80 * HOUR_US
    assert spool.trim(1, retention_us=72 * HOUR_US) == 1
    assert Spool(connection, "press", clock_us=clock).append([zero_samples()]) == 2


def test_trim_needs_the_ack_and_the_age() -> None:
    spool, _, clock = memory_spool()
    spool.append([zero_samples()])
    assert spool.trim(1, retention_us=HOUR_US) == 0
    clock.now_us += 2 * HOUR_US
    spool.append([zero_samples()])
    assert spool.trim(0, retention_us=HOUR_US) == 0
    assert spool.trim(2, retention_us=HOUR_US) == 1
    assert spool.base_seq == 1
    assert spool.trim(2, retention_us=0) == 1


def test_a_clock_that_went_back_does_not_drop_what_is_young() -> None:
    spool, _, clock = memory_spool()
    clock.now_us = 10 * HOUR_US
    spool.append([zero_samples()])
    clock.now_us = HOUR_US
    spool.append([zero_samples()])
    clock.now_us = 4 * HOUR_US
    assert spool.trim(2, retention_us=2 * HOUR_US) == 0


def test_full_takes_only_what_is_reserved() -> None:
    spool, _, _ = memory_spool(bytes_max=300_000)
    while spool.bytes_used < 300_000 * 0.95 - 8000:
        spool.append([zero_samples(200)])
    with pytest.raises(SpoolFull):
        spool.append([zero_samples(700)])
    batches = spool.last_seq
    gap = GapOpened(UUID(int=1), "press", [], 5, "spool_full")
    assert spool.append([gap], reserved=True) == batches + 1


def test_a_replaced_spool_starts_with_the_gap_and_all_points() -> None:
    spool, _, clock = memory_spool()
    spool.append([point(1), zero_samples()])
    clock.now_us += 10
    spool.append([point(2), zero_samples()], [b"m" * 16])
    old = spool.spool_id
    spool.replace("fork")
    batches = spool.read(1, 100_000)
    first = decode(batches[0].payload).records
    assert spool.spool_id != old
    assert [batches.lane for batches in batches] == ["live", "backfill", "backfill"]
    assert isinstance(first[0], GapOpened)
    assert first[0].cause == "fork"
    assert [p.number for record in first if isinstance(record, Points) for p in record.points] == [
        1,
        2,
    ]
    assert spool.checkpoints() == [b"m" * 16]
    assert spool.append([zero_samples()]) == 4
    assert spool.read(4, 100)[0].prev_hash == batches[-1].hash


def marks_of(numbers: range, width: int = 16) -> list[bytes]:
    return [n.to_bytes(width, "big") for n in numbers]


def test_checkpoints_are_bounded() -> None:
    spool, _, _ = memory_spool()
    spool.append([zero_samples()], marks_of(range(CHECKPOINTS_MAX + 5)))
    assert len(spool.checkpoints()) == CHECKPOINTS_MAX
    assert spool.checkpoints()[0] == (5).to_bytes(16, "big")


@pytest.mark.parametrize("after", [CHECKPOINTS_MAX - 1, CHECKPOINTS_MAX, CHECKPOINTS_MAX + 1])
def test_the_newest_checkpoints_stay_over_many_batches(after: int) -> None:
    """A row is dropped with its last checkpoint, neither earlier nor later."""
    spool, connection, _ = memory_spool()
    spool.append([zero_samples()], marks_of(range(10)))
    spool.append([zero_samples()], marks_of(range(10, 10 + after)))
    stored = marks_of(range(10 + after))[-CHECKPOINTS_MAX:]
    assert spool.checkpoints() == stored
    (rows,) = connection.execute("SELECT count(*) FROM checkpoints").fetchone()
    assert rows == (2 if after < CHECKPOINTS_MAX else 1)


def test_checkpoints_of_any_length_are_a_row_for_each_length() -> None:
    spool, connection, _ = memory_spool()
    column = CheckpointColumn(16, b"".join(marks_of(range(3))))
    spool.append([zero_samples()], column)
    spool.append([zero_samples()], [b"a", b"b", b"1/25", b"c"])
    assert spool.checkpoints() == [*marks_of(range(3)), b"a", b"b", b"1/25", b"c"]
    (rows,) = connection.execute("SELECT count(*) FROM checkpoints").fetchone()
    assert rows == 4


def test_a_file_with_a_checkpoint_a_row_is_upgraded() -> None:
    """As version 0.1 has it: read, bounded and continued as before."""
    _, connection, clock = memory_spool()
    connection.execute("DROP TABLE checkpoints")
    connection.execute(
        "CREATE TABLE marks (number INTEGER PRIMARY KEY AUTOINCREMENT, mark BLOB NOT NULL)"
    )
    former = marks_of(range(CHECKPOINTS_MAX))
    connection.executemany("INSERT INTO marks (mark) VALUES (?)", [(mark,) for mark in former])
    spool = Spool(connection, "press", clock_us=clock, uptime_us=clock)
    assert spool.checkpoints() == former
    spool.append([zero_samples()], [b"new", b"newer"])
    assert spool.checkpoints() == [*former[2:], b"new", b"newer"]
    (rows,) = connection.execute("SELECT count(*) FROM checkpoints").fetchone()
    assert rows == CHECKPOINTS_MAX - 2 + 2
    again = Spool(connection, "press", clock_us=clock, uptime_us=clock)
    assert again.checkpoints() == spool.checkpoints()


def test_a_failed_commit_keeps_nothing() -> None:
    spool, connection, _ = memory_spool()
    spool.append([zero_samples()])
    connection.execute("DROP TABLE checkpoints")
    with pytest.raises(SpoolFailed):
        spool.append([zero_samples()], [b"x" * 16])
    assert spool.last_seq == 1
    assert len(spool.read(1, 1000)) == 1


def test_a_file_has_one_process_and_survives_it(tmp_path: Path) -> None:
    file = open_spool(tmp_path / "press.spool", "press")
    file.spool.append([zero_samples()])
    with pytest.raises(SpoolLocked, match="stop it first"):
        open_spool(tmp_path / "press.spool", "press")
    spool_id = file.spool.spool_id
    file.close()
    again = open_spool(tmp_path / "press.spool", "press")
    assert (again.spool.spool_id, again.spool.last_seq) == (spool_id, 1)
    again.close()


@pytest.mark.parametrize("start", [0, 4096])
def test_a_damaged_file_is_renamed_and_recorded(tmp_path: Path, start: int) -> None:
    path = tmp_path / "press.spool"
    file = open_spool(path, "press")
    for _ in range(50):
        file.spool.append([zero_samples(100)])
    spool_id = file.spool.spool_id
    file.close()
    content = bytearray(path.read_bytes())
    content[start : start + 8192] = b"\xff" * 8192
    path.write_bytes(content)
    again = open_spool(path, "press")
    assert again.spool.spool_id != spool_id
    assert again.damaged_path is not None
    assert again.damaged_path.exists()
    first = decode(again.spool.read(1, 1000)[0].payload).records[0]
    assert isinstance(first, GapOpened)
    assert first.cause == "spool_replaced"
    again.close()
