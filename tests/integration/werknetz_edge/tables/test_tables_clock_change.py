"""The log of a real machine whose clock was set back: no row is merged or lost."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from plumbing.edges import running_edges
from plumbing.shared import find_shared_file
from plumbing.tables import parse
from werknetz.domain.status import GOOD, UNCERTAIN_TIME

ROWS = 22_695
STEP_US = 300_000_000
LOG = {"as": "readings", "name": "machine"}
SET_BACK = {"at": "2014-01-07 03:00:00", "to": "2014-01-07 02:00:00"}
CLOCK = {"column": "timestamp", "offset": "+01:00", "changes": [SET_BACK]}


def _copy(folder: Path) -> Path:
    name = "machine_temperature_system_failure.csv"
    return Path(shutil.copyfile(find_shared_file(f"machines/{name}"), folder / name))


def test_a_configured_clock_change_is_resolved(tmp_path: Path) -> None:
    table = parse(_copy(tmp_path), **LOG, time=CLOCK)
    times = [at_us for _, _, at_us, _ in table.samples]
    assert len(times) == len(set(times)) == ROWS
    assert {after - before for before, after in pairwise(times)} == {STEP_US}
    assert {status for *_, status in table.samples} == {GOOD}
    assert not table.rejects
    assert not table.readings


def test_without_configuration_the_repeated_hour_is_uncertain(tmp_path: Path) -> None:
    """No time zone changed its clocks that night: nothing is guessed or dropped."""
    table = parse(_copy(tmp_path), **LOG, time={"column": "timestamp", "zone": "Europe/Berlin"})
    assert len(table.samples) == ROWS
    uncertain = [at_us for _, _, at_us, status in table.samples if status == UNCERTAIN_TIME]
    assert len(uncertain) == 11, "from 02:00 to before 02:55, which the clock had shown before"


@pytest.mark.asyncio
@pytest.mark.slow
async def test_the_log_arrives_in_the_database(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    _copy(drop)
    with running_edges(tmp_path, database_url, redis_url) as stage:
        inbox = {"folder": str(drop), "pattern": "*.csv", "settle_s": 0.1, "poll_s": 0.2}
        source = {**LOG, "time": CLOCK}
        rule = {
            "source": "machine#value", "equipment": "nordwerk/emden-1/body/line-2/oven",
            "signal": "temperature", "unit": "degF",
        }  # fmt: skip
        mapping = {"name": "log", "version": 1, "rules": [rule]}
        stage.write("log", "tables", {"inbox": inbox, "sources": [source]}, mapping)
        stage.start("ingest", "edge")
        of = "FROM samples JOIN signals s ON s.id = signal_id WHERE s.name = 'temperature'"
        await stage.until(f"SELECT count(*) {of}", ROWS)
        (row,) = await stage.query(f"SELECT count(*), count(DISTINCT at), max(status) {of}")
        assert tuple(row) == (ROWS, ROWS, GOOD)
        hour = "at >= '2014-01-07 01:00+00' AND at < '2014-01-07 02:00+00'"
        (row,) = await stage.query(f"SELECT count(*) {of} AND {hour}")
        assert row[0] == 12
        (row,) = await stage.query("SELECT count(*) FROM quarantine")
        assert row[0] == 0
