"""Real processes: EDI files through edge, link and writer into PostgreSQL, with kills."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from plumbing.edges import Edges, running_edges
from plumbing.shared import find_shared_file
from plumbing.waiting import until

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
MAPPING = {"name": "edi", "version": 1, "time_zone": "Europe/Berlin"}
COUNT = "SELECT count(*) FROM business_events"
LINES = 30_000
KILLS = 2


def _prepare(stage: Edges, drop: Path, **spool: Any) -> None:
    inbox = {"folder": str(drop), "settle_s": 0.1, "poll_s": 0.2}
    stage.write("edi", "edi", {"inbox": inbox, "zone": "Europe/Berlin"}, MAPPING, **spool)


async def test_shared_files_become_events_once(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    names = sorted(p.name for p in find_shared_file("edi/04_desadv_96a_books.edi").parent.iterdir())
    with running_edges(tmp_path, database_url, redis_url) as stage:
        _prepare(stage, drop)
        for name in names:
            shutil.copyfile(find_shared_file(f"edi/{name}"), drop / name)
        stage.start("ingest", "edge")
        await until(lambda: len(_done_files(drop)) == len(names), within_s=120)
        await stage.until(COUNT, 18)
        await stage.until("SELECT count(*) FROM quarantine", 7)
        kinds = await stage.query(
            "SELECT kind, count(*), sum((body->>'quantity')::float) FROM business_events"
            " GROUP BY kind ORDER BY kind"
        )
        assert [tuple(row) for row in kinds] == [
            ("delivery_called_off", 1, 0.0),
            ("goods_received", 1, 200.0),
            ("shipment_announced", 16, 2.0 + 2000.0 + 240.0 + 492.0 + 123.0 + 12.0),
        ]
        reasons = await stage.query("SELECT source, reason FROM quarantine ORDER BY id")
        assert sum("is not supported" in row["reason"] for row in reasons) == 2
        assert sum("trailer 719" in row["reason"] for row in reasons) == 1
        # A later line is stored: so everything before it was processed.
        _drop(drop, "first.edi", _interchange("FIRST", 1))
        await stage.until(COUNT, 19)
        raw_inputs = await stage.query("SELECT count(*) FROM raw_inputs")
        before = (19, len(reasons), raw_inputs[0][0])
        for name in names:  # again, and again under other names
            content = find_shared_file(f"edi/{name}").read_bytes()
            _drop(drop, name, content)
            _drop(drop, f"again-{name}", content)
        await until(lambda: not [p for p in drop.iterdir() if p.is_file()], within_s=120)
        _drop(drop, "last.edi", _interchange("LAST", 1))
        await stage.until(COUNT, 20)
        after = await stage.query(
            "SELECT (SELECT count(*) FROM business_events),"
            " (SELECT count(*) FROM quarantine), (SELECT count(*) FROM raw_inputs)"
        )
        assert tuple(after[0]) == (before[0] + 1, before[1], before[2] + 1)


async def test_lines_are_stored_once_while_the_edge_is_killed(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    part = drop / "large.part"
    part.write_text(_interchange("LARGE", LINES, wrong_every=1000))
    part.rename(drop / "large.edi")
    with running_edges(tmp_path, database_url, redis_url) as stage:
        _prepare(stage, drop, bytes_max=1_000_000)
        wrong = LINES // 1000
        await stage.kill_in_file(drop / "large.edi", COUNT, times=KILLS)
        stage.start("ingest", "edge")
        await stage.until(COUNT, LINES - wrong)
        await until((drop / "done" / "large.edi").exists, within_s=120)
        (row,) = await stage.query(
            "SELECT count(*), count(DISTINCT body->>'line'), sum((body->>'quantity')::float)"
            " FROM business_events"
        )
        total = sum(n for n in range(1, LINES + 1) if n % 1000)
        assert tuple(row) == (LINES - wrong, LINES - wrong, float(total))
        await stage.until("SELECT count(*) FROM quarantine", wrong)
        (row,) = await stage.query("SELECT count(*), count(DISTINCT position) FROM quarantine")
        assert tuple(row) == (wrong, wrong)


def _drop(folder: Path, name: str, content: str | bytes) -> None:
    """Write a file at once: an edge that polls the folder never sees a part of it."""
    part = folder.with_name(f"{name}.part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.rename(folder / name)


def _done_files(drop: Path) -> list[Path]:
    return [*(drop / "done").iterdir()] if (drop / "done").exists() else []


def _interchange(document: str, lines: int, wrong_every: int = 0) -> str:
    body = "".join(
        f"LIN+{n}++P-{n}:IN'QTY+12:{n if not wrong_every or n % wrong_every else 'x'}:PCE'\n"
        for n in range(1, lines + 1)
    )
    return (
        f"UNB+UNOC:3+S+R+260101:0101+{document}'\nUNH+1+DESADV:D:96A:UN'\nBGM+351+{document}'\n"
        f"{body}UNT+{2 * lines + 3}+1'\nUNZ+1+{document}'\n"
    )
