"""Weeks as columns: complete, in order, and resumed where the spool had them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.mapping.pattern import Pattern
from werknetz.connector.normalize import Normalizer
from werknetz.domain.status import GOOD
from werknetz.events.batch import GapClosed, GapOpened, Samples
from werknetz.events.codec import columns_of
from werknetz_edge.config import load_config
from werknetz_simulator.edge_file import history_edge_of, live_edge_of, mapping_of
from werknetz_simulator.plants.history import HistoryConnector, create
from werknetz_simulator.plants.plan import DAY_US, us_of
from werknetz_simulator.plants.plant import PLANTS, Plant
from werknetz_simulator.plants.truth import Truth
from werknetz_simulator.protocols.names.profile import PlantAddress, signals_of
from werknetz_simulator.protocols.names.profiles import profile_of

START = us_of(datetime(2026, 11, 9, 23, tzinfo=UTC))
EACH = pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.name)


def _connector(plant: Plant) -> HistoryConnector:
    options = {"plant": plant.name, "since_us": START, "start_us": START, "end_us": START + DAY_US}
    return create("history", options, Path())


async def _next(connector: HistoryConnector) -> Delivery | None:
    """Return the next delivery; None at the end, after which nothing comes."""
    read = asyncio.ensure_future(connector.read())
    async with asyncio.timeout(60):
        while not read.done() and connector.status.state != "finished":
            await asyncio.wait([read], timeout=0.02)
    if read.done():
        return await read
    read.cancel()
    await asyncio.gather(read, return_exceptions=True)
    return None


@EACH
@pytest.mark.asyncio
async def test_every_part_is_delivered(plant: Plant) -> None:
    connector = _connector(plant)
    await connector.connect()
    counts: dict[str, int] = {}
    before = 0
    while (delivery := await _next(connector)) is not None:
        for block in delivery.blocks:
            assert np.all(np.diff(block.source_time_us) >= 0)
            assert block.source_time_us[0] >= before
            before = int(block.source_time_us[-1])
            for number in block.address:
                counts[block.addresses[number]] = counts.get(block.addresses[number], 0) + 1
    assert connector.status.state == "finished"
    truth = Truth(plant, since_us=START)
    for machine in plant.machines:
        parts = truth.parts(machine, START + 1, START + DAY_US + 1)["good"]
        delivered = counts[profile_of(plant).address(machine, "good")]
        assert (
            0 <= delivered - len(parts) <= 5
        )  # both ends, and the counters that begin with a shift
    await connector.close()
    assert connector.status.state == "finished"


@pytest.mark.asyncio
async def test_the_age_of_stored_values_is_no_sign_of_a_wrong_clock() -> None:
    plant = next(iter(PLANTS.values()))
    connector = _connector(plant)
    await connector.connect()
    delivery = await connector.read()
    normalizer = Normalizer(Mapping.model_validate(mapping_of(plant, history=True)), "history")
    records = normalizer.normalize(delivery, START + 7 * DAY_US)
    statuses = {
        int(status)
        for record in records
        if isinstance(record, Samples)
        for status in columns_of(record).status
    }
    assert statuses == {GOOD}
    await connector.close()


@pytest.mark.asyncio
async def test_one_that_was_killed_goes_on_where_the_spool_had_it() -> None:
    plant = PLANTS["zwick-2"]
    connector = _connector(plant)
    await connector.connect()
    first = await connector.read()
    second = await connector.read()  # not stored: delivered again
    again = _connector(plant)
    again.restore_checkpoints([b"1/2", *first.checkpoints])
    await again.connect()
    delivered = await again.read()
    assert np.array_equal(delivered.blocks[0].source_time_us, second.blocks[0].source_time_us)


@pytest.mark.asyncio
async def test_history_older_than_the_buffer_is_a_gap() -> None:
    options = {"plant": "zwick-2", "since_us": START, "start_us": START, "end_us": START + DAY_US}
    connector = create("history", {**options, "gap_from_us": START - DAY_US}, Path())
    await connector.connect()
    opened, closed = (await connector.read()).gaps
    assert isinstance(opened, GapOpened)
    assert isinstance(closed, GapClosed)
    assert (opened.from_us, closed.to_us) == (START - DAY_US, START)
    assert not (await connector.read()).gaps


@EACH
def test_edge_files_map_every_address(plant: Plant, tmp_path: Path) -> None:
    where = PlantAddress("opc.tcp://x", port=1, key_file=str(tmp_path / "key"))
    for tree in (live_edge_of(plant, where, "./spool"), history_edge_of(plant, {}, "./spool")):
        file = tmp_path / f"{tree['protocol']}.yaml"
        file.write_text(yaml.safe_dump(tree, allow_unicode=True))
        config = load_config(file)
        assert config.connector == f"{plant.name}-{tree['protocol']}"
        patterns = [Pattern.parse(rule.source) for rule in config.mapping.rules]
        for machine in plant.machines:
            for signal in signals_of(plant):
                address = profile_of(plant).address(machine, signal)
                assert any(pattern.match(address) is not None for pattern in patterns), address
