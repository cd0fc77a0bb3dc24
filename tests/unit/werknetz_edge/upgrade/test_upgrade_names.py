"""Points that a spool has under a name of version 0.1 keep it after the upgrade."""

from collections.abc import Mapping as Table
from pathlib import Path

import pytest

from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping import names
from werknetz.connector.mapping.mapping import Mapping, Rule
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz_edge.pipeline.lane import Lane

NOW = 1_795_000_000_000_000
MAPPING = Mapping(
    name="m",
    version=1,
    rules=(Rule(source="t/{line}", equipment="e/p/{line}", signal="v"),),
)


async def _points_after(folder: Path, *addresses: str) -> Table[str, str]:
    lane = Lane("c", folder, MAPPING, MemoryEdgeLink(MemoryServer(), "c"), bytes_max=10_000_000)
    try:
        for address in addresses:
            await lane.store(Delivery([Reading(address, 1.0, source_time_us=NOW)]))
        return {point.source: point.key for point in lane.spool.points()}
    finally:
        await lane.close()


@pytest.mark.asyncio
async def test_a_stored_point_keeps_its_name_over_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as former:
        former.setattr("werknetz.connector.points.to_slug", names.plain_slug)
        assert await _points_after(tmp_path, "t/Linka_č._2", "t/Presse 3") == {
            "t/Linka_č._2": "e/p/linka_-_2:v",
            "t/Presse 3": "e/p/presse-3:v",
        }
    addresses = ("t/Linka_č._2", "t/Linka_š._2", "t/Presse 3")
    for _ in range(2):
        assert await _points_after(tmp_path, *addresses) == {
            "t/Linka_č._2": "e/p/linka_-_2:v",
            "t/Linka_š._2": "e/p/linka_s-_2-ckuh:v",
            "t/Presse 3": "e/p/presse-3:v",
        }
