"""A re-sent row is dropped if it equals the last stored row of its point, and only then."""

import sqlite3
from collections.abc import Sequence

import numpy as np
import pytest

from werknetz.events.batch import Points, Record, Samples
from werknetz.events.codec import SampleColumns, columns_of, samples_of
from werknetz_edge.spool import last_values as module
from werknetz_edge.spool.last_values import LastValues
from werknetz_edge.spool.spool import Spool

Row = tuple[int, int, float, int, str | None]  # point, time, value, status, text
A: Row = (1, 100, 1.5, 0, None)
B: Row = (2, 200, float("nan"), 0, "PO-1")
C: Row = (7, 300, 3.0, 0x4000_0000, None)


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


def spool_of(connection: sqlite3.Connection, bytes_max: int = 10_000_000) -> Spool:
    return Spool(connection, "plc", clock_us=lambda: 1_000_000, bytes_max=bytes_max)


def connect_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def begun(spool: Spool) -> LastValues:
    cache = LastValues(spool)
    assert cache.drop_repeats([]) == []
    return cache


def keep(spool: Spool, cache: LastValues, *records: Record) -> None:
    spool.append(records)
    cache.update(records)


def points(records: Sequence[Record]) -> list[int]:
    parts = [columns_of(record).point.tolist() for record in records if isinstance(record, Samples)]
    return [point for part in parts for point in part]


def test_a_row_is_known_by_all_of_it() -> None:
    spool = spool_of(connect_memory())
    cache = LastValues(spool)
    assert points(cache.drop_repeats([samples(A, B, C)])) == [1, 2, 7]
    assert cache.dropped == 0
    keep(spool, cache, samples(A, B, C))
    assert cache.drop_repeats([Points([]), samples(A, B, C)]) == [Points([])]
    assert cache.dropped == 3
    assert points(cache.drop_repeats([samples(A, (8, 1, 1.0, 0, None))])) == [8]
    assert cache.dropped == 4
    others: list[Row] = [
        (1, 101, 1.5, 0, None),
        (1, 100, 1.25, 0, None),
        (1, 100, 1.5, 0x4000_0000, None),
        (1, 100, 1.5, 0, "1.5"),
        (2, 200, float("nan"), 0, "PO-2"),
        (2, 200, float("nan"), 0, None),
        (3, 100, 1.5, 0, None),
        (9000, 100, 1.5, 0, None),
    ]
    assert cache.drop_repeats([samples(*others)]) == [samples(*others)]


def test_only_what_is_known_is_left_out_and_texts_stay_with_their_rows() -> None:
    spool = spool_of(connect_memory())
    cache = begun(spool)
    keep(spool, cache, samples(A))
    assert cache.drop_repeats([samples(A, B, C)]) == [samples(B, C)]


def test_the_last_row_of_a_point_counts() -> None:
    spool = spool_of(connect_memory())
    cache = begun(spool)
    newer: Row = (1, 150, 1.5, 0, None)
    keep(spool, cache, samples(A, newer))
    assert cache.drop_repeats([samples(newer)]) == []
    assert points(cache.drop_repeats([samples(A)])) == [1]
    assert cache.drop_repeats([samples(A)], ignore_time=True) == []
    assert points(cache.drop_repeats([samples((1, 100, 2.5, 0, None))], ignore_time=True)) == [1]


def test_a_value_that_returns_is_no_repeat() -> None:
    """Stored: 10. Sent again: 10, 20, 10 at one instant. The last 10 follows the 20."""
    spool = spool_of(connect_memory())
    cache = begun(spool)
    ten, twenty, other = (1, 100, 10.0, 0, None), (1, 100, 20.0, 0, None), (2, 100, 1.0, 0, None)
    keep(spool, cache, samples(ten, other))
    sent = samples(ten, other, twenty, other, ten, ten)
    (remaining,) = cache.drop_repeats([sent])
    assert isinstance(remaining, Samples)
    assert columns_of(remaining).value.tolist() == [20.0, 10.0, 10.0]
    parts = cache.drop_repeats([samples(ten, twenty), samples(ten, other)])
    assert [points([part]) for part in parts] == [[1], [1]]


def test_what_is_not_on_disk_is_not_known() -> None:
    cache = begun(spool_of(connect_memory()))
    remaining = cache.drop_repeats([samples(A)])
    assert cache.drop_repeats(remaining) == remaining


@pytest.mark.parametrize("closed", [True, False])
def test_a_restart_knows_it_again(closed: bool) -> None:
    connection = connect_memory()
    spool = spool_of(connection)
    cache = begun(spool)
    keep(spool, cache, samples(A, B))
    cache.save()
    keep(spool, cache, samples(C))
    spool.append([samples((2, 250, 1.0, 0, None))])  # by another way: read from the batches
    if closed:
        cache.save()
    again = LastValues(spool_of(connection))
    fresh = again.drop_repeats([samples(A, B, C)])
    assert points(fresh) == ([] if closed else [2])


def test_a_kill_before_anything_was_saved_forgets_nothing() -> None:
    connection = connect_memory()
    spool = spool_of(connection)
    keep(spool, begun(spool), samples(A, B))
    assert LastValues(spool_of(connection)).drop_repeats([samples(A, B)]) == []


def test_trimmed_batches_are_no_hindrance() -> None:
    connection = connect_memory()
    spool = spool_of(connection)
    cache = begun(spool)
    keep(spool, cache, samples(A))
    cache.save()
    keep(spool, cache, samples(B))
    spool.trim(2, retention_us=0)
    assert points(LastValues(spool_of(connection)).drop_repeats([samples(A, B)])) == [2]


def test_a_replaced_spool_stores_everything_again() -> None:
    connection = connect_memory()
    spool = spool_of(connection)
    cache = begun(spool)
    keep(spool, cache, samples(A))
    cache.save()
    spool.replace("unrecoverable")
    keep(spool, cache, samples(C))  # before any value is re-sent
    assert points(cache.drop_repeats([samples(A)])) == [1]
    keep(spool, cache, samples(A))
    assert cache.drop_repeats([samples(A)]) == []
    assert LastValues(spool_of(connection)).drop_repeats([samples(A)]) == []


def test_a_full_spool_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVE_EVERY_S", -1.0)
    connection = connect_memory()
    spool = spool_of(connection, bytes_max=400_000)
    cache = begun(spool)
    before = spool.load_last_values()
    many = samples(*((n, n, 0.0, 0, None) for n in range(8000)))
    keep(spool, cache, many)
    assert spool.load_last_values() == before
    assert cache.drop_repeats([many]) == []


def test_it_is_saved_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVE_EVERY_S", -1.0)
    spool = spool_of(connect_memory())
    keep(spool, begun(spool), samples(A))
    saved = spool.load_last_values()
    assert saved is not None
    assert (saved[0], len(saved[1])) == (1, module._STORED_ROW_BYTES)


def test_nothing_is_known_and_nothing_costs_until_a_source_repeats() -> None:
    spool = spool_of(connect_memory())
    cache = LastValues(spool)
    keep(spool, cache, samples(A))
    cache.save()
    assert spool.load_last_values() is None
