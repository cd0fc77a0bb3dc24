"""Real processes: the edge killed within a large file, an SFTP server that breaks off."""

from pathlib import Path

import pytest

from plumbing.edges import running_edges
from plumbing.sftp import SftpServer
from plumbing.waiting import until

pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
ROWS = 160_000
KILLS = 2
# Of the file alone: each start of an edge stores a heartbeat of its own, too.
OF_THE_FILE = "FROM samples JOIN signals ON signals.id = signal_id WHERE signals.name = 'n'"
SAMPLES = f"SELECT count(*) {OF_THE_FILE}"
EXACT = f"SELECT count(*), count(DISTINCT value), min(value), max(value) {OF_THE_FILE}"


def _table(path: Path, rows: int) -> None:
    with path.with_suffix(".part").open("w") as file:
        file.write("Zeit;n\r\n")
        for n in range(rows):
            at = f"{24 + n // 86_400}.11.2025 {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}"
            file.write(f"{at};{n}\r\n")
    path.with_suffix(".part").rename(path)


SOURCE = {
    "name": "log", "as": "readings",
    "time": {"column": "Zeit", "format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Berlin"},
}  # fmt: skip
MAPPING = {
    "name": "log", "version": 1,
    "rules": [{"source": "log#n", "equipment": "nordwerk/emden-1/body/line-2/m", "signal": "n"}],
}  # fmt: skip


async def test_samples_are_there_once_though_the_edge_is_killed_again_and_again(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    _table(drop / "large.csv", ROWS)
    with running_edges(tmp_path, database_url, redis_url) as stage:
        inbox = {"folder": str(drop), "pattern": "*.csv", "settle_s": 0.1, "poll_s": 0.2}
        options = {"inbox": inbox, "sources": [SOURCE]}
        stage.write("log", "tables", options, MAPPING, bytes_max=1_000_000)
        await stage.kill_in_file(drop / "large.csv", SAMPLES, times=KILLS)
        stage.start("ingest", "edge")
        await stage.until(SAMPLES, ROWS)
        await until(lambda: not (drop / "large.csv").exists(), within_s=120)
        assert (drop / "done" / "large.csv").exists()
        (row,) = await stage.query(EXACT)
        assert tuple(row) == (ROWS, ROWS, 0, ROWS - 1)


async def test_rows_of_an_sftp_server_that_breaks_off_become_events_once(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    server = SftpServer(drop)
    await server.start()
    rows = "".join(f"M{n % 50};{n};L{n % 3}\n" for n in range(20_000))
    try:
        with running_edges(tmp_path, database_url, redis_url) as stage:
            inbox = {"sftp": server.inbox(), "pattern": "*.csv", "settle_s": 0.1, "poll_s": 0.2}
            source = {"name": "stock", "as": "records", "key": ["material", "n"]}
            rule = {
                "source": "stock", "kind": "stock_counted",
                "fields": {"material": "material", "quantity": "n", "warehouse": "w"},
            }  # fmt: skip
            mapping = {"name": "stock", "version": 1, "events": [rule]}
            stage.write("stock", "tables", {"inbox": inbox, "sources": [source]}, mapping)
            server.break_after = 100_000
            (drop / "stock.csv").write_text("material;n;w\n" + rows)
            stage.start("ingest", "edge")
            count = "SELECT count(*) FROM business_events"
            await until(lambda: server.broken > 0, within_s=120)
            await stage.until(count, 4_000)
            await server.disconnect_all()
            stage.kill("edge")
            stage.start("edge")
            await stage.until(count, 20_000)
            # The server sends the same file under another name, and one with more rows.
            for name, more in (("again", ""), ("more", "M1;20000;L1\n")):
                part = tmp_path / f"{name}.part"
                part.write_text(f"material;n;w\n{rows}{more}")
                part.rename(drop / f"{name}.csv")
            await stage.until(count, 20_001)
            await until(lambda: len(list((drop / "done").iterdir())) == 3, within_s=120)
            assert await stage.until(count, 20_001) == 20_001
    finally:
        await server.stop()
