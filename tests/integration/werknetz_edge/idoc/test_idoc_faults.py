"""IDocs through real processes: after kills within the file each line is stored once."""

from pathlib import Path

import pytest
import yaml

from plumbing.edges import running_edges
from plumbing.waiting import until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(900)]
EXAMPLE = Path(__file__).resolve().parents[4] / "deploy/edge/examples/idoc.yaml"
IDOCS, LINES = 1_500, 10
KILLS = 2
COUNT = "SELECT count(*) FROM business_events"
EXACT = """
SELECT count(*), count(DISTINCT (body->>'document', body->>'line')),
    sum((body->>'quantity')::float) FROM business_events WHERE kind = 'shipment_announced'"""


def _idoc(number: int) -> str:
    items = "".join(
        f"<E1EDL24><POSNR>{n:06}</POSNR><MATNR>S-{n}</MATNR><LFIMG>{n}.000</LFIMG>"
        f"<VRKME>PCE</VRKME></E1EDL24>"
        for n in range(1, LINES + 1)
    )
    control = (
        f"<EDI_DC40><DOCNUM>{number}</DOCNUM><IDOCTYP>DELVRY07</IDOCTYP>"
        "<SNDPRN>SUPPLIER1</SNDPRN><CREDAT>20261124</CREDAT><CRETIM>063000</CRETIM></EDI_DC40>"
    )
    return f"<IDOC>{control}<E1EDL20><VBELN>{number:010}</VBELN>{items}</E1EDL20></IDOC>"


async def test_every_line_is_stored_once_after_kills_within_the_file(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    content = f"<DELVRY07>{''.join(map(_idoc, range(1, IDOCS + 1)))}</DELVRY07>"
    (drop / "large.xml").write_text(content)
    with running_edges(tmp_path, database_url, redis_url) as stage:
        inbox = {"folder": str(drop), "pattern": "*.xml", "settle_s": 0.1, "poll_s": 0.2}
        mapping = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))["mapping"]
        stage.write("sap", "idoc", {"inbox": inbox}, mapping, bytes_max=1_000_000)
        await stage.kill_in_file(drop / "large.xml", COUNT, times=KILLS)
        stage.start("ingest", "edge")
        await stage.until(COUNT, IDOCS * LINES)
        # The same documents again under another name change nothing.
        part = tmp_path / "again.part"
        part.write_text(content.replace("<DELVRY07>", "<DELVRY07>\n", 1))
        part.rename(drop / "again.xml")
        await until((drop / "done" / "again.xml").exists, within_s=120)
        (row,) = await stage.query(EXACT)
        quantity_of_idoc = LINES * (LINES + 1) / 2
        assert tuple(row) == (IDOCS * LINES, IDOCS * LINES, IDOCS * quantity_of_idoc)
        assert await stage.until(COUNT, IDOCS * LINES) == IDOCS * LINES
