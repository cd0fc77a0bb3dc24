"""The tally of the batches on disk balances with their records, whatever happens in between."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from werknetz.connector.conformance import outcomes_of
from werknetz.connector.contract import HEARTBEAT, Delivery, Reading
from werknetz.connector.mapping.constant import Constant
from werknetz.connector.mapping.mapping import STORE_AS_IS, Mapping, Rule
from werknetz.domain.role import Role
from werknetz.events.batch import Tally
from werknetz.events.codec import decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.errors import SpoolFull

pytestmark = pytest.mark.asyncio
MAPPING = Mapping(
    name="m",
    version=1,
    unmapped="store-as-is",
    rules=(Rule(source="skipped", ignore=True),),
)
NOW = 1_795_000_000_000_000


@pytest_asyncio.fixture
async def lane(tmp_path: Path) -> AsyncIterator[Lane]:
    lane = Lane("c", tmp_path, MAPPING, MemoryEdgeLink(MemoryServer(), "c"), bytes_max=200_000)
    yield lane
    await lane.close()


def _books(lane: Lane) -> tuple[Tally, int]:
    """Return the sum of the tallies on disk, and the outcomes of the records on disk."""
    records = [
        record
        for batch in lane.spool.read(lane.spool.base_seq + 1, 10_000_000)
        for record in decode(batch.payload).records
    ]
    tallies = [record for record in records if isinstance(record, Tally)]
    total = Tally(
        sum(t.taken for t in tallies),
        sum(t.ignored for t in tallies),
        sum(t.duplicates for t in tallies),
    )
    return total, sum(map(outcomes_of, records))


def _delivery(*sources: str, may_repeat: bool = False) -> Delivery:
    readings = [Reading(source, 1.0, source_time_us=NOW) for source in sources]
    return Delivery(readings, may_repeat=may_repeat)


async def _until_full(store: Callable[[], Awaitable[object]]) -> None:
    for _ in range(1_000):
        try:
            await store()
        except SpoolFull:
            return
    raise AssertionError("the spool is never full")


async def test_repeats_of_the_last_value_are_duplicates(lane: Lane) -> None:
    await lane.store(_delivery("a", "b", may_repeat=True))
    await lane.store(_delivery("a", "b", "c", may_repeat=True))
    assert _books(lane) == (Tally(5, duplicates=2), 3)


async def test_ignored_input_waits_for_the_next_batch(lane: Lane) -> None:
    await lane.store(_delivery("a"))
    before = lane.spool.last_seq
    await lane.store(_delivery("skipped", "skipped"))
    assert lane.spool.last_seq == before  # not worth a write to disk
    await lane.store(_delivery("a"))
    assert _books(lane) == (Tally(4, ignored=2), 2)


async def test_a_change_of_the_mapping_loses_no_count(lane: Lane) -> None:
    lane.change_mapping(Mapping(name="none", version=1))
    await lane.store(_delivery("a", "a", "a", "skipped"))
    lane.change_mapping(STORE_AS_IS)
    await lane.store(_delivery("b"))
    await lane.append_heartbeat(_delivery(HEARTBEAT))
    tally, outcomes = _books(lane)
    assert tally == Tally(6)
    assert outcomes == 6


async def test_a_heartbeat_without_room_is_not_taken(lane: Lane) -> None:
    large = Delivery([Reading("text", "x" * 20_000, source_time_us=NOW)])
    await _until_full(lambda: lane.store(large))
    await _until_full(lambda: lane.append_heartbeat(_delivery(HEARTBEAT)))
    tally, outcomes = _books(lane)
    assert tally.taken == outcomes


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["text"], id="stored"),
        pytest.param(["text", "skipped"], id="one ignored"),
        pytest.param(["text", "repeated"], id="one repeated"),
        pytest.param(["text", "skipped", "repeated"], id="one ignored, one repeated"),
    ],
)
async def test_every_batch_balances_though_a_heartbeat_overtakes_a_delivery_without_room(
    lane: Lane, names: list[str]
) -> None:
    text = "x" * 20_000
    await lane.store(_delivery("repeated", may_repeat=True))
    small = Reading("text", text, source_time_us=NOW)
    await _until_full(lambda: lane.store(Delivery([small])))
    others = [Reading(name, 1.0, source_time_us=NOW) for name in names if name != "text"]
    waiting = Delivery([Reading("text", text, source_time_us=NOW + 1), *others], may_repeat=True)
    with pytest.raises(SpoolFull):
        await lane.store(waiting)
    await lane.append_heartbeat(_delivery(HEARTBEAT))  # smaller: it has room
    _assert_balanced(lane)
    await _free(lane)
    await lane.store(waiting)
    await lane.append_heartbeat(_delivery(HEARTBEAT))
    _assert_balanced(lane)
    assert _books(lane) == (
        Tally(len(names) + 1, names.count("skipped"), names.count("repeated")),
        2,
    )


async def test_every_batch_balances_though_a_delivery_overtakes_constants_without_room(
    tmp_path: Path,
) -> None:
    constant = Constant(equipment="a/b/c/d/e", signal="s", role=Role.MODE, value="x" * 20_000)
    mapping = MAPPING.model_copy(update={"constants": (constant,)})
    link = MemoryEdgeLink(MemoryServer(), "c")
    lane = Lane("c", tmp_path, mapping, link, bytes_max=200_000)
    await _until_full(
        lambda: lane.store(Delivery([Reading("text", "x" * 20_000, source_time_us=NOW)]))
    )
    with pytest.raises(SpoolFull):
        await lane.append_heartbeat(_delivery(HEARTBEAT))
    await lane.store(_delivery("a"))
    _assert_balanced(lane)
    await _free(lane)
    await lane.append_heartbeat(_delivery(HEARTBEAT))
    _assert_balanced(lane)
    assert _books(lane) == (Tally(2), 2)
    await lane.close()


async def _free(lane: Lane) -> None:
    """Trim as if the core had acknowledged all."""
    await lane.on_disk(lambda: lane.file.free_room(lane.spool.last_seq))


def _assert_balanced(lane: Lane) -> None:
    """Each batch for itself: where a tally is missing, the core counts the records."""
    for batch in lane.spool.read(lane.spool.base_seq + 1, 10_000_000):
        records = decode(batch.payload).records
        taken = sum(r.taken - r.ignored - r.duplicates for r in records if isinstance(r, Tally))
        assert taken == sum(map(outcomes_of, records)), records
