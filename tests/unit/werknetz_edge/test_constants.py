"""A constant of the mapping is one row in a spool, whatever restarts; a new value is a new row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from werknetz.connector.contract import HEARTBEAT, Delivery, Reading
from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import PointDefinition, Points, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.errors import SpoolFull

SINCE_US = 1_793_509_200_000_000
MAPPING = """
mapping:
  name: m
  version: 1
  time_zone: Europe/Berlin
  equipment: n/p/a/l/cell-7
  constants:
    - {signal: planned, role: planned_run_time, value: 2.5, unit: s}
    - {signal: speed, role: process_value, value: 1.5, since: 2026-11-01T06:00:00}
    - {signal: way, role: mode, value: manual}
"""
Row = tuple[str, int | None, float, str | None]  # signal, since, value, text


@contextmanager
def lane(folder: Path, text: str = MAPPING, bytes_max: int = 50_000_000) -> Iterator[Lane]:
    link = MemoryEdgeLink(MemoryServer(down=True), "cell")
    result = Lane("cell", folder, mapping(text), link, bytes_max=bytes_max)
    try:
        yield result
        result.last_values.save()
    finally:
        result._disk.shutdown()
        result.file.close()


def mapping(text: str) -> Mapping:
    return parse_mapping(parse_yaml(text, file="cell.yaml"))


def beat() -> Delivery:
    return Delivery(readings=[Reading(HEARTBEAT, 1.0, source_time_us=1)])


def rows(lane: Lane) -> list[Row]:
    """All of the constants' rows in the spool; the time only where it was given."""
    points: dict[int, PointDefinition] = {}
    result: list[Row] = []
    for batch in lane.spool.read(lane.spool.base_seq + 1, 10**9):
        for record in decode(batch.payload).records:
            if isinstance(record, Points):
                points |= {point.number: point for point in record.points}
            if isinstance(record, Samples):
                columns = columns_of(record)
                texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
                for n, number in enumerate(columns.point.tolist()):
                    at = int(columns.time[n])
                    since = None if abs(at - lane._started_us) < 60_000_000 else at
                    value = 0.0 if n in texts else float(columns.value[n])
                    result.append((points[number].signal, since, value, texts.get(n)))
    return [row for row in result if row[0] != "heartbeat"]


EACH: list[Row] = [
    ("speed", SINCE_US, 1.5, None), ("planned", None, 2.5, None), ("way", None, 0.0, "manual"),
]  # fmt: skip


def test_once_a_spool_and_value(tmp_path: Path) -> None:
    for _ in range(3):
        with lane(tmp_path) as running:
            running._store_heartbeat(beat())
            running._store_heartbeat(beat())
            assert rows(running) == EACH
            (planned,) = [p for p in running.spool.points() if p.signal == "planned"]
            assert (planned.role, planned.unit, planned.key) == (
                "planned_run_time", "s", "n/p/a/l/cell-7:planned",
            )  # fmt: skip
    faster = MAPPING.replace("2.5, unit: s", "2000, unit: ms")
    for _ in range(2):
        with lane(tmp_path, faster) as running:
            running._store_heartbeat(beat())
            assert rows(running) == [*EACH, ("planned", None, 2.0, None)]
    dated = faster.replace("unit: ms}", "unit: ms, since: 2026-11-01T06:00:00}")
    for _ in range(2):
        with lane(tmp_path, dated) as running:
            running._store_heartbeat(beat())
            assert rows(running)[4:] == [("planned", SINCE_US, 2.0, None)]


def test_a_crash_does_not_repeat_it(tmp_path: Path) -> None:
    for _ in range(3):
        with lane(tmp_path) as running:
            running._store_heartbeat(beat())
            running.last_values = type(running.last_values)(
                running.spool
            )  # nothing is saved at the end
            assert rows(running) == EACH


def test_a_full_spool_stores_it_when_there_is_room(tmp_path: Path) -> None:
    with lane(tmp_path, bytes_max=1_000_000) as running:
        many = Samples(
            point=bytes(40_000), time=bytes(80_000), value=bytes(80_000), status=bytes(40_000)
        )
        try:
            while True:
                running.spool.append([many])
        except SpoolFull:
            pass
        running.spool._bytes_max = 1000
        for _ in range(2):
            with pytest.raises(SpoolFull):
                running._store_heartbeat(beat())
        running.spool._bytes_max = 2_000_000
        running.spool._db.execute("PRAGMA max_page_count = 1000")
        running.spool.trim(running.spool.last_seq, retention_us=0)
        running._store_heartbeat(beat())
        assert rows(running) == EACH


def test_a_replaced_spool_stores_it(tmp_path: Path) -> None:
    with lane(tmp_path) as running:
        running._store_heartbeat(beat())
        running.spool.replace("unrecoverable")
        running._store_heartbeat(beat())
        running._store_heartbeat(beat())
        assert rows(running) == EACH * 2
