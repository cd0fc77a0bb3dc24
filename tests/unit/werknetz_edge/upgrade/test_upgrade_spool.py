"""A spool with unsent batches that the version before has written is sent unchanged.

`version_before/` was generated with the commit before the renames (d9aff5a): spools of a live and a
backfill lane with points, values, a gap, quarantine, business events, raw input, checkpoints and
saved last values; `spool.json` has what that version read from them.
"""

import asyncio
import json
import math
import shutil
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest

from plumbing.pumping import Core
from werknetz.connector.contract import Delivery, Reading, ReadingBlock
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import load_yaml
from werknetz.events.batch import GapClosed, GapOpened, LaneName, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz.link.watermark import Watermark
from werknetz.link.wire import link_name_of
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.spool_file import open_spool

BEFORE = Path(__file__).parent / "version_before"
EXPECTED: dict[str, Any] = json.loads((BEFORE / "spool.json").read_text(encoding="utf-8"))
ADDED_DEFAULTS = (None, False, True, "", "0x", [], {})
LANES: dict[str, LaneName] = {"press": "live", "press~backfill": "backfill"}
SAMPLE_US = 1_793_509_200_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(BEFORE / "spool", tmp_path, dirs_exist_ok=True)
    return tmp_path


def _plain(value: Any) -> Any:
    """As `spool.json` writes it."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _records(payload: bytes) -> Any:
    return _plain(msgspec.to_builtins(decode(payload).records, builtin_types=(bytes,)))


def _as_before(value: Any, expected: Any) -> Any:
    """Drop the fields that a later version has added, where they hold their defaults."""
    if isinstance(value, dict) and isinstance(expected, dict):
        return {key: _as_before(item, expected.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(expected, list):
        added = [] if value and isinstance(value[0], list) else value[len(expected) :]
        if added and all(item in ADDED_DEFAULTS for item in added):
            value = value[: len(expected)]
        pairs = zip_longest(value, expected)
        return [_as_before(item, before) for item, before in pairs][: len(value)]
    return value


def _lane(folder: Path, server: MemoryServer, name: LaneName = "live") -> Lane:
    document = load_yaml(BEFORE / "edges" / "press.yaml")
    link = MemoryEdgeLink(server, link_name_of("press", name))
    mapping = parse_mapping(document, ("mapping",))
    return Lane("press", folder, mapping, link, lane=name, bytes_max=50_000_000)


@pytest.mark.parametrize("name", LANES)
def test_every_batch_reads_as_the_version_before_read_it(folder: Path, name: str) -> None:
    expected = EXPECTED[name]
    file = open_spool(folder / f"{name}.spool", "press", lane=LANES[name])
    spool = file.spool
    assert file.damaged_path is None
    assert str(spool.spool_id) == expected["spool_id"]
    assert (spool.base_seq, spool.last_seq) == (expected["base_seq"], expected["last_seq"])
    assert (spool.epoch, spool.base_epoch, spool.used) == (
        expected["epoch"], expected["base_epoch"], expected["used"],
    )  # fmt: skip
    assert spool.last_hash.hex() == expected["last_hash"]
    incarnation = expected["incarnation"]
    assert spool.incarnation == (None if incarnation is None else UUID(incarnation))
    assert [checkpoint.hex() for checkpoint in spool.checkpoints()] == expected["marks"]
    points = msgspec.to_builtins(spool.points(), builtin_types=(bytes,))
    assert _as_before(_plain(points), expected["points"]) == expected["points"]
    batches = [
        {
            "seq": batch.seq,
            "lane": batch.lane,
            "prev_hash": batch.prev_hash.hex(),
            "hash": batch.hash.hex(),
            "records": _records(batch.payload),
        }
        for batch in spool.read(spool.base_seq + 1, 10**9)
    ]
    assert _as_before(batches, expected["batches"]) == expected["batches"]
    file.close()


def test_retention_and_gaps_continue_after_the_upgrade(folder: Path) -> None:
    """The version before stored neither the age of a batch nor the times that it stands for."""
    file = open_spool(folder / "press.spool", "press")
    spool = file.spool
    assert spool.base_seq > 0
    assert spool.has_trimmed
    assert spool.trim(spool.last_seq, retention_us=3_600_000_000) == 0  # counted from now on
    oldest_us = spool.oldest_at_us(0)
    assert oldest_us is not None
    assert spool.unacked_since_us(0) == oldest_us
    batch_count = spool.last_seq - spool.base_seq
    spool.replace("unrecoverable")
    opened, closed = decode(spool.read(1, 1)[0].payload).records[:2]
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert opened.from_us < closed.to_us <= oldest_us
    assert spool.last_seq == batch_count + 1
    file.close()


@pytest.mark.asyncio
async def test_unsent_batches_arrive_once_in_order_and_new_ones_follow(folder: Path) -> None:
    server = MemoryServer()
    core = Core(server)
    lanes = [_lane(folder, server, name) for name in LANES.values()]
    live = lanes[0].spool  # its first batch is acknowledged and trimmed
    base_hash = live.hash_at(live.base_seq)
    assert base_hash is not None
    core.rows["press"] = Watermark(live.spool_id, live.epoch, live.base_seq, base_hash)
    for lane in lanes:
        await lane.store(Delivery(readings=[Reading("press/good", 99, source_time_us=SAMPLE_US)]))
    total = sum(len(expected["batches"]) for expected in EXPECTED.values()) + len(lanes)
    await _transfer_until(lambda: len(core.applied) >= total, core, lanes)
    for lane in lanes:
        envelopes = [envelope for envelope in core.applied if envelope.connector == lane.name]
        expected = EXPECTED[lane.name]["batches"]
        assert [envelope.hash.hex() for envelope in envelopes[:-1]] == [
            batch["hash"] for batch in expected
        ]
        assert envelopes[-1].prev_hash == envelopes[-2].hash
        assert envelopes[-1].seq == expected[-1]["seq"] + 1


async def _transfer_until(is_done: Callable[[], bool], core: Core, lanes: list[Lane]) -> None:
    """Run the lanes against the core, then stop both."""
    work = [core.serve(), *(part for lane in lanes for part in (lane.send(), lane.receive()))]
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        async with asyncio.timeout(60):
            while not is_done():  # noqa: ASYNC110  the core has no event to wait for
                await asyncio.sleep(0.02)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in lanes:
            await lane.close()


def test_saved_last_values_still_drop_repeats(folder: Path) -> None:
    lane = _lane(folder, MemoryServer(down=True))
    times = np.array([SAMPLE_US + 20, SAMPLE_US + 7, SAMPLE_US + 21], np.int64)
    block = ReadingBlock(
        addresses=["press/temp", "press/good"],
        address=np.array([0, 1, 0], np.int32),
        value=np.array([22.0, 2.0, 22.0]),  # the first two are the last stored values
        status=np.zeros(3, np.uint32),
        source_time_us=times,
    )
    stored = lane._store(Delivery(blocks=[block], may_repeat=True))
    rows = [columns_of(record).time.tolist() for record in stored if isinstance(record, Samples)]
    assert rows == [[SAMPLE_US + 21]]
    lane._disk.shutdown()
    lane.file.close()
