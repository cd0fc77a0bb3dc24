"""The small SQLite files beside the spool are as durable as the spool itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from werknetz_edge.spool.sqlite_file import open_sidefile


def test_a_file_is_created_with_its_folder_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "side.sqlite"
    schema = "CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value INTEGER)"
    first = open_sidefile(path, schema)
    with first:
        first.execute("INSERT INTO progress VALUES ('a', 1)")
    first.close()
    second = open_sidefile(path, schema)
    assert second.execute("SELECT value FROM progress").fetchall() == [(1,)]
    second.close()


def test_commits_are_durable(tmp_path: Path) -> None:
    connection = open_sidefile(tmp_path / "side.sqlite", "CREATE TABLE progress (name TEXT)")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    full = 2
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    connection.close()


def test_it_may_be_used_in_another_thread_than_that_which_opened_it(tmp_path: Path) -> None:
    connection = open_sidefile(tmp_path / "side.sqlite", "CREATE TABLE progress (name TEXT)")
    with ThreadPoolExecutor(1) as pool:
        rows = pool.submit(connection.execute, "SELECT count(*) FROM progress").result()
        assert pool.submit(rows.fetchone).result() == (0,)
    connection.close()
