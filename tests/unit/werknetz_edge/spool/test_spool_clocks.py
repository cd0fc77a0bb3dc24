"""The spool while the wall clock is wrong: retention, gap records, what was trimmed."""

import sqlite3
import time
from uuid import UUID

import numpy as np
import pytest

from plumbing.spools import HOUR_US, Clock, zero_samples
from werknetz.events.batch import BusinessEvent, GapClosed, GapOpened, Record, Samples
from werknetz.events.codec import GENESIS, decode
from werknetz.events.facts import StockMoved
from werknetz_edge.spool.batch_times import SOURCE_TIME_MAX_US, time_range_of, uptime_us
from werknetz_edge.spool.schema import _RENAMED_TABLES
from werknetz_edge.spool.spool import OVERLAP_US, Spool

NOW_US = 1_800_000_000_000_000
INCARNATION = UUID(int=5)


def samples_at(*times_us: int) -> Samples:
    count = len(times_us)
    return Samples(
        point=bytes(4 * count),
        time=np.array(times_us, "<i8").tobytes(),
        value=bytes(8 * count),
        status=bytes(4 * count),
    )


class Machine:
    """A wall clock that can be set, an uptime that cannot, and a disk."""

    def __init__(self) -> None:
        self.clock, self.uptime = Clock(), Clock()
        self.clock.now_us, self.uptime.now_us = NOW_US, 1_000_000
        self.boot_id = "first"
        self.disk = sqlite3.connect(":memory:", isolation_level=None)

    def open(self) -> Spool:
        return Spool(
            self.disk,
            "press",
            clock_us=self.clock,
            uptime_us=self.uptime,
            boot_id=self.boot_id,
        )

    def wait(self, us: int) -> None:
        self.clock.now_us += us
        self.uptime.now_us += us


def gap_of(spool: Spool) -> tuple[str, int, int]:
    opened, closed = decode(spool.read(1, 100_000)[0].payload).records[:2]
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    return opened.cause, opened.from_us, closed.to_us


@pytest.mark.parametrize("jump_us", [-1000 * HOUR_US, 0, 1000 * HOUR_US])
def test_a_jump_of_the_clock_changes_no_retention(jump_us: int) -> None:
    machine = Machine()
    spool = machine.open()
    spool.append([zero_samples()])
    machine.clock.now_us += jump_us
    machine.wait(HOUR_US - 1)
    assert spool.trim(1, retention_us=HOUR_US) == 0
    machine.wait(1)
    assert spool.trim(1, retention_us=HOUR_US) == 1
    assert spool.has_trimmed


def test_only_the_time_in_which_it_is_open_counts_as_retention() -> None:
    machine = Machine()
    spool = machine.open()
    machine.wait(HOUR_US)
    spool.append([zero_samples()])
    machine.uptime.now_us = 5  # the machine was off and has started again
    machine.boot_id = "second"
    spool = machine.open()
    assert spool.age_us == HOUR_US
    machine.wait(HOUR_US - 1)
    assert spool.trim(1, retention_us=HOUR_US) == 0
    machine.wait(1)
    assert spool.trim(1, retention_us=HOUR_US) == 1


def test_a_clock_that_goes_back_hides_no_trimmed_batch() -> None:
    machine = Machine()
    spool = machine.open()
    machine.clock.now_us -= 3 * HOUR_US
    spool.append([samples_at(NOW_US + 10, NOW_US + 30)])  # the source's clock is right
    machine.clock.now_us -= HOUR_US
    spool.append([samples_at(NOW_US + 40)])
    assert spool.trim(2, retention_us=0) == 2
    spool.replace("unrecoverable")
    assert gap_of(spool) == ("unrecoverable", NOW_US - 4 * HOUR_US, NOW_US + 40)
    assert spool.has_trimmed


@pytest.mark.parametrize(
    ("times_us", "expected"),
    [
        ([NOW_US - 5, NOW_US + 7], (NOW_US - 5, NOW_US + 7)),
        ([NOW_US], (NOW_US, NOW_US)),
        ([NOW_US - SOURCE_TIME_MAX_US], (NOW_US - SOURCE_TIME_MAX_US, NOW_US)),
        ([NOW_US - SOURCE_TIME_MAX_US - 1, NOW_US - 3], (NOW_US - 3, NOW_US)),  # a default date
        ([NOW_US + SOURCE_TIME_MAX_US], (NOW_US, NOW_US + SOURCE_TIME_MAX_US)),
        ([NOW_US + SOURCE_TIME_MAX_US + 1], (NOW_US, NOW_US)),
        ([], (NOW_US, NOW_US)),
    ],
)
def test_the_range_of_a_batch(times_us: list[int], expected: tuple[int, int]) -> None:
    assert time_range_of([samples_at(*times_us)], NOW_US) == expected


def test_events_count_in_the_range() -> None:
    def event(at_us: int) -> Record:
        fact = StockMoved(material="M1", quantity=1.0)
        return BusinessEvent(UUID(int=1), "wms", "1", at_us, "m@1", b"", fact)

    assert time_range_of([event(NOW_US - 9)], NOW_US) == (NOW_US - 9, NOW_US)
    assert time_range_of([event(NOW_US + 9), samples_at(NOW_US - 1)], NOW_US) == (
        NOW_US - 1, NOW_US + 9,
    )  # fmt: skip
    assert time_range_of([event(5)], NOW_US) == (NOW_US, NOW_US)
    low, high = NOW_US - SOURCE_TIME_MAX_US, NOW_US + SOURCE_TIME_MAX_US
    assert time_range_of([event(low), event(high)], NOW_US) == (low, high)
    assert time_range_of([event(low - 1), event(high + 1)], NOW_US) == (NOW_US, NOW_US)


def test_the_uptime_is_in_microseconds() -> None:
    before = time.monotonic_ns()
    assert before // 1000 <= uptime_us() <= time.monotonic_ns() // 1000


@pytest.mark.parametrize(
    ("core_us", "expected_us"), [(0, NOW_US - 2 * HOUR_US + 3), (NOW_US + 3, NOW_US + 3)]
)
def test_a_gap_lasts_until_the_later_clock(core_us: int, expected_us: int) -> None:
    machine = Machine()
    spool = machine.open()
    spool.confirm(INCARNATION, 0)
    machine.clock.now_us -= 3 * HOUR_US
    spool.append([zero_samples()])
    machine.clock.now_us += HOUR_US
    machine.wait(3)
    spool.replace("fork", core_us)
    assert gap_of(spool) == ("fork", NOW_US - 3 * HOUR_US, expected_us)


def test_a_gap_begins_at_the_true_time_of_the_newest_batch() -> None:
    """Its clock was an hour ahead; the uptime shows when that was."""
    machine = Machine()
    machine.clock.now_us += HOUR_US
    machine.open().append([zero_samples()])
    machine.clock.now_us -= HOUR_US
    machine.wait(60)
    spool = machine.open()
    spool.replace("spool_rolled_back", NOW_US + 60)
    assert gap_of(spool)[1:] == (NOW_US, NOW_US + 60)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_after_a_reboot_the_uptime_counts_for_nothing(*, is_confirmed: bool) -> None:
    machine = Machine()
    machine.clock.now_us += HOUR_US
    spool = machine.open()
    spool.append([zero_samples()])
    if is_confirmed:
        spool.confirm(INCARNATION, 1)
    machine.clock.now_us -= HOUR_US
    machine.boot_id = "second"
    spool = machine.open()
    spool.replace("spool_rolled_back", NOW_US)
    assert gap_of(spool)[1] == NOW_US + HOUR_US


def test_new_batches_of_a_replaced_spool_may_overlap_for_a_while() -> None:
    machine = Machine()
    spool = machine.open()
    spool.append([zero_samples()])
    assert spool.read(1, 1)[0].lane == "live"
    spool.replace("fork")
    machine.wait(OVERLAP_US - 1)
    spool.append([zero_samples()])
    spool = machine.open()  # also after a restart
    machine.wait(1)
    spool.append([zero_samples()])
    assert [batch.lane for batch in spool.read(3, 10_000)] == ["backfill", "live"]


@pytest.mark.parametrize(("batches", "samples"), [(20, 400), (1500, 1)])
def test_a_full_spool_can_be_replaced(batches: int, samples: int) -> None:
    limits: list[int] = []
    disk = sqlite3.connect(":memory:", isolation_level=None)

    def new_id() -> UUID:
        limits.append(pragma("max_page_count"))
        return UUID(int=len(limits))

    def pragma(name: str) -> int:
        return int(disk.execute(f"PRAGMA {name}").fetchone()[0])

    spool = Spool(disk, "press", clock_us=Clock(), new_id=new_id)
    for _ in range(batches):
        spool.append([zero_samples(samples)])
    pages = pragma("page_count")
    disk.execute(f"PRAGMA max_page_count = {pages}")
    limits.clear()
    spool.replace("spool_rolled_back")
    assert gap_of(spool)[0] == "spool_rolled_back"
    assert spool.last_seq == batches + 1
    assert set(limits) == {2 * pages}
    assert pragma("max_page_count") == max(pages, pragma("page_count"))


def test_without_the_clock_of_the_core_a_gap_begins_at_the_newest_batch() -> None:
    machine = Machine()
    machine.open().append([zero_samples()])
    machine.wait(60)
    spool = machine.open()
    spool.replace("fork")
    assert gap_of(spool)[1:] == (NOW_US, NOW_US + 60)


OLD_TABLES = """
CREATE TABLE spool (
  one INTEGER PRIMARY KEY CHECK (one = 1), spool_id BLOB NOT NULL, last_seq INTEGER NOT NULL,
  last_hash BLOB NOT NULL, base_seq INTEGER NOT NULL, base_hash BLOB NOT NULL,
  base_at_us INTEGER NOT NULL, created_at_us INTEGER NOT NULL, epoch INTEGER NOT NULL,
  base_epoch INTEGER NOT NULL, used INTEGER NOT NULL, doubt_at_us INTEGER, incarnation BLOB);
CREATE TABLE batches (
  seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, lane TEXT NOT NULL, hash BLOB NOT NULL,
  payload BLOB NOT NULL);
"""


@pytest.mark.parametrize(("base_at_us", "has_trimmed"), [(NOW_US, False), (NOW_US + 1, True)])
def test_a_file_of_version_0_1_is_upgraded(base_at_us: int, *, has_trimmed: bool) -> None:
    machine = Machine()
    for statement in OLD_TABLES.split(";"):
        machine.disk.execute(statement)
    for old in _RENAMED_TABLES:
        machine.disk.execute(f"CREATE TABLE {old} (one INTEGER, seq INTEGER, rows BLOB)")
    machine.disk.execute(
        "INSERT INTO spool VALUES (1, ?, 1, ?, 0, ?, ?, ?, 5, 5, 1, NULL, NULL)",
        (UUID(int=9).bytes, b"h", GENESIS, base_at_us, NOW_US),
    )
    machine.disk.execute(
        "INSERT INTO batches VALUES (1, ?, 'live', ?, ?)", (NOW_US + 3, b"h", b"p")
    )
    spool = machine.open()
    assert (spool.spool_id, spool.last_seq, spool.epoch) == (UUID(int=9), 1, 5)
    assert (spool.has_trimmed, spool.is_new) == (has_trimmed, False)
    assert machine.open().has_trimmed == has_trimmed  # once: a second start changes nothing
    assert spool.trim(1, retention_us=1) == 0
    spool.replace("unrecoverable")
    expected = (NOW_US, base_at_us) if has_trimmed else (NOW_US + 3, NOW_US + 3)
    assert gap_of(spool)[1:] == expected
    names = {name for (name,) in machine.disk.execute("SELECT name FROM sqlite_master")}
    assert names >= set(_RENAMED_TABLES.values())
    assert not names & _RENAMED_TABLES.keys()
