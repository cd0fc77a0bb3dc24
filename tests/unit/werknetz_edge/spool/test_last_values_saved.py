"""What is saved of the last values, when, and what a new process makes of it."""

import sqlite3
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from structlog.testing import capture_logs

from werknetz.events.batch import Samples
from werknetz.events.codec import SampleColumns, UnreadableBatch, samples_of
from werknetz_edge.spool import last_values as module
from werknetz_edge.spool.last_values import SAVE_EVERY_S, LastValues
from werknetz_edge.spool.spool import Spool

HASH_OF_PO_2 = 5437684309464144401  # its lowest bit is set
Row = tuple[int, int, float, int, str | None]  # point, time, value, status, text
A: Row = (1, 100, 1.5, 0, None)
FAR: Row = (5000, 5, 2.0, 7, "PO-2")


def samples(*rows: Row) -> Samples:
    texts = [(n, row[4]) for n, row in enumerate(rows) if row[4] is not None]
    return samples_of(
        SampleColumns(
            point=np.array([row[0] for row in rows], np.int32),
            time=np.array([row[1] for row in rows], np.int64),
            value=np.array([row[2] for row in rows], np.float64),
            status=np.array([row[3] for row in rows], np.uint32),
            server_time=None,
            text_row=np.array([n for n, _ in texts], np.int32),
            text=[text for _, text in texts],
        )
    )


class Line:
    """A spool, its cache, and how often the cache was saved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.now_s = 1000.0
        clock = SimpleNamespace(monotonic=lambda: self.now_s)
        monkeypatch.setattr(module, "time", clock)
        self.reopen()
        self.cache.drop_repeats([])
        self.saved = 0  # the first load saves at once

    def reopen(self) -> None:
        self.saved = 0
        self.spool = Spool(self.connection, "plc", clock_us=lambda: 1_000_000)
        save = self.spool.save_last_values

        def count_saves(state: bytes) -> None:
            self.saved += 1
            save(state)

        self.spool.save_last_values = count_saves  # type: ignore[method-assign]  # counts the calls
        self.cache = LastValues(self.spool)

    def store(self, *rows: Row) -> None:
        self.spool.append([samples(*rows)])
        self.cache.update([samples(*rows)])


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


def test_the_saved_form_is_that_of_every_version(line: Line) -> None:
    line.store(A, FAR)
    line.cache.save()
    saved = line.spool.load_last_values()
    assert saved is not None
    bits = np.array([1.5, 2.0]).view(np.int64).tolist()
    assert np.frombuffer(saved[1], "<i8").reshape(-1, 5).tolist() == [
        [1, 100, bits[0], 0, 0],
        [5000, 5, bits[1], 7, HASH_OF_PO_2],
    ]


def test_a_new_process_knows_a_point_with_a_large_number(line: Line) -> None:
    line.store(A, FAR)
    line.cache.save()
    line.reopen()
    assert line.cache.drop_repeats([samples(A, FAR)]) == []


def test_a_point_with_a_larger_number_leaves_the_others_known(line: Line) -> None:
    line.store(A)
    line.store(FAR)
    assert line.cache.drop_repeats([samples(A, FAR)]) == []


def test_it_is_saved_once_an_interval_and_only_if_something_was_stored(line: Line) -> None:
    line.store(A)
    assert line.saved == 0
    line.now_s += SAVE_EVERY_S
    line.store(A)
    assert line.saved == 0  # at the interval's end, not above it
    line.now_s += 1
    line.store(A)
    assert line.saved == 1
    line.store(A)
    assert line.saved == 1
    line.cache.save()
    line.cache.save()
    assert line.saved == 2


def test_what_was_loaded_and_did_not_change_is_not_saved_again(line: Line) -> None:
    line.store(A)
    line.cache.save()
    line.reopen()
    line.cache.drop_repeats([])
    line.cache.save()
    assert line.saved == 0


def test_samples_without_rows_stay_as_they_are(line: Line) -> None:
    line.store(A)
    assert line.cache.drop_repeats([samples(), samples(A)]) == [samples()]
    other = samples((1, 101, 9.0, 0, None))
    assert line.cache.drop_repeats([other, samples()]) == [other, samples()]


def test_a_batch_that_cannot_be_decoded_is_named(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        line.spool.append([samples(A)])
    number, decode = count(1), module.decode

    def fail_at_the_second(payload: bytes) -> object:
        if next(number) == 2:
            raise UnreadableBatch("damaged")
        return decode(payload)

    monkeypatch.setattr(module, "decode", fail_at_the_second)
    monkeypatch.setattr(module, "_READ_BYTES", 1)
    line.reopen()
    with capture_logs() as entries:
        line.cache.drop_repeats([])
    [entry] = [entry for entry in entries if entry["log_level"] == "warning"]
    assert (entry["batch"], entry["reason"]) == (2, "damaged")


def test_a_spool_that_was_just_opened_knows_of_nothing_that_waits(line: Line) -> None:
    assert line.spool.unacked_us == 0
