"""The pump changes its mapping between two deliveries, and goes back where the new one fails."""

import asyncio
from pathlib import Path

import pytest

from plumbing.pumping import MAPPING, Core, CountingConnector, make_pump, run_until
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import Points, Record
from werknetz.events.codec import decode
from werknetz.link.memory import MemoryServer
from werknetz.link.wire import DesiredMapping
from werknetz_edge.pipeline import lane as lane_module
from werknetz_edge.pipeline import pump as pump_module


class Slow(CountingConnector):
    """Gives a value every few milliseconds, of an address that the mapping scales."""

    async def read(self) -> Delivery:
        await asyncio.sleep(0.005)
        value = self.acknowledged + 1
        reading = Reading("scaled", float(value), source_time_us=value)
        return Delivery([reading], acknowledge=self._acknowledge, is_history=True)


def desired_mapping(version: int, scale: float) -> DesiredMapping:
    document = MAPPING.format(version, scale)
    digest = parse_mapping(parse_yaml(document, file="m"), ()).digest
    return DesiredMapping("m", version, digest, document)


@pytest.mark.asyncio
async def test_a_new_mapping_is_used_between_two_deliveries_and_no_value_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "STATUS_EVERY_S", 0.05)
    server = MemoryServer()
    core, source = Core(server), Slow(0)
    pump, _ = make_pump(source, server, tmp_path)

    def both() -> bool:
        values = core.values()
        if len(values) > 10:
            server.desired_mappings["press"] = desired_mapping(2, 1000.0)
        is_stored = (tmp_path / "press.mapping.yaml").exists()
        return is_stored and max(values, default=0.0) >= 1000.0 and min(values) < 1000.0

    await run_until(both, pump, core.serve())
    base = [v / 1000.0 if v >= 1000.0 else v for v in core.values()]
    assert base == [float(n) for n in range(1, len(base) + 1)]
    labels = [
        record.mapping.rpartition("@")[2]
        for envelope in core.applied
        for record in decode(envelope.payload).records
        if isinstance(record, Points)
        for record in record.points
        if record.signal == "scaled"
    ]
    assert labels == ["1", "2"]


@pytest.mark.asyncio
async def test_a_mapping_that_fails_at_its_first_delivery_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(lane_module.Normalizer):
        def normalize(self, delivery: Delivery, arrival_us: int) -> list[Record]:
            named = delivery.readings[0].source == "scaled"
            if self.mapping.version == 2 and named:
                raise ZeroDivisionError("a bug that only this mapping meets")
            return super().normalize(delivery, arrival_us)

    monkeypatch.setattr(lane_module, "Normalizer", Broken)
    monkeypatch.setattr(pump_module, "STATUS_EVERY_S", 0.05)
    server = MemoryServer(desired_mappings={"press": desired_mapping(2, 1000.0)})
    core, source = Core(server), Slow(0)
    pump, _ = make_pump(source, server, tmp_path)

    def is_rolled_back() -> bool:
        status = server.statuses.get("press")
        return status is not None and status.mapping_state == "failed" and len(core.values()) > 30

    await run_until(is_rolled_back, pump, core.serve())
    status = server.statuses["press"]
    assert "ZeroDivisionError" in status.mapping_detail
    assert status.mapping == "m@1"
    assert core.values() == [float(n) for n in range(1, len(core.values()) + 1)]
    assert not (tmp_path / "press.mapping.yaml").exists()
