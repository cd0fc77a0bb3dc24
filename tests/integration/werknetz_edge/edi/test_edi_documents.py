"""Real processes: what is in force in PostgreSQL after corrections and cancellations."""

from pathlib import Path

import pytest

from plumbing.edges import Edges, running_edges
from plumbing.edi_documents import interchange_of

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
MAPPING = {"name": "edi", "version": 1, "time_zone": "UTC"}
IN_FORCE = """
SELECT kind, (body->>'quantity')::float AS quantity FROM business_events
WHERE withdrawn_at IS NULL ORDER BY 1, 2"""
BOOKS = """
SELECT taken - (stored + duplicates + revisions + withdrawn + ignored + quarantined) AS difference,
    withdrawn, duplicates, quarantined FROM connector_books WHERE connector_id = 'edi'"""
LAST = "SELECT count(*) FROM business_events WHERE source = 'edi/END{}/DESADV'"
CALL_OFF = ("LIN+1++M:IN", "QTY+113:100", "DTM+2:20260801:102", "QTY+113:50", "DTM+2:20260901:102")


class _Files:
    """Reads files one after the other; each ends with a line that is stored last."""

    def __init__(self, drop: Path, stage: Edges) -> None:
        self._drop, self._stage, self._count = drop, stage, 0

    async def read(self, kind: str, *segments: str) -> None:
        self._count += 1
        content = interchange_of((kind, segments), reference=f"R{self._count}")
        end = ("BGM+351+E+9", "DTM+11:20260101:102", "LIN+1++M:IN", "QTY+12:1")
        content += interchange_of(("DESADV", end), sender=f"END{self._count}")
        part = self._drop / f"{self._count}.part"
        part.write_bytes(content)
        part.rename(self._drop / f"{self._count}.edi")
        await self._stage.until(LAST.format(self._count), 1)

    async def in_force(self) -> list[tuple[str, float]]:
        rows = await self._stage.query(IN_FORCE)
        facts = [(row["kind"], row["quantity"]) for row in rows]
        return [fact for fact in facts if fact != ("shipment_announced", 1.0)]


async def test_corrections_and_cancellations_take_effect(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    with running_edges(tmp_path, database_url, redis_url) as stage:
        inbox = {"folder": str(drop), "settle_s": 0, "poll_s": 0.05}
        stage.write("edi", "edi", {"inbox": inbox, "zone": "UTC"}, MAPPING)
        stage.start("ingest", "edge")
        files = _Files(drop, stage)
        called_off = [("delivery_called_off", 50.0), ("delivery_called_off", 100.0)]

        await files.read("DELFOR:D:96A", "BGM+241+S1+9", *CALL_OFF)
        assert await files.in_force() == called_off
        replacement = ("LIN+1++M:IN", "QTY+113:70", "DTM+2:20260801:102")
        await files.read("DELFOR:D:96A", "BGM+241+S1+5", *replacement)
        assert await files.in_force() == [("delivery_called_off", 70.0)]
        await files.read("DELFOR:D:96A", "BGM+241+S1+9", *CALL_OFF)  # an old file again
        assert await files.in_force() == [("delivery_called_off", 70.0)]
        await files.read("DELFOR:D:96A", "BGM+241+S1+9", *replacement[:-1], "DTM+2:20261001:102")
        assert await files.in_force() == [("delivery_called_off", 70.0)]
        await files.read("DELFOR:D:96A", "BGM+241+S1+1")
        assert await files.in_force() == []

        count = ("LIN+1++M:IN", "QTY+145:9", "LOC+18+A1", "INV+2", "QTY+156:4")
        await files.read("INVRPT", "BGM+35+I1+9", *count)
        assert await files.in_force() == [("stock_counted", 9.0), ("stock_moved", 4.0)]
        await files.read("INVRPT", "BGM+35+I1+5", "LIN+1++M:IN", "INV+2", "QTY+156:3")
        assert await files.in_force() == [("stock_moved", 3.0)]

        (books,) = await stage.query(BOOKS)
        assert books["difference"] == 0
        assert (books["withdrawn"], books["duplicates"], books["quarantined"]) == (4, 1, 1)
