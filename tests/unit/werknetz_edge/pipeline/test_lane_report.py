from pathlib import Path

import pytest

from plumbing.hooks import lane_of
from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.events.batch import Record, Unmapped


@pytest.mark.asyncio
async def test_a_waiting_source_gets_its_stored_records_after_the_commit(tmp_path: Path) -> None:
    lane = lane_of(tmp_path)
    reported: list[Record] = []
    before = lane.spool.last_seq

    def report(stored: object) -> None:
        assert lane.spool.last_seq == before + 1
        assert isinstance(stored, list)
        reported.extend(stored)

    record = SourceRecord("hooks/wms", {"sku": "M1", "qty": "many"}, b"1", item="[0]")
    await lane.store(Delivery(records=[record], on_stored=report))
    assert [r.reason for r in reported if isinstance(r, Unmapped)] == [
        "quantity: 'many' is not a number"
    ]
    await lane.close()
