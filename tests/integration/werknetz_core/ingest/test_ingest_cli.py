import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

import asyncpg
import pytest

from werknetz_demo.embedded.process import free_port

pytestmark = pytest.mark.asyncio
TESTS = Path(__file__).resolve().parents[3]
ENDED_WITHIN_S = 120.0


async def start(database_url: str, redis_url: str, folder: Path) -> Process:
    environment = os.environ | {
        "WERKNETZ_DATABASE_URL": database_url,
        "WERKNETZ_REDIS_URL": redis_url,
        "WERKNETZ_ALIVE_FILE": str(folder / "alive"),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chaos.program", "ingest",
        cwd=TESTS, env=environment, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip


async def read_until(process: Process, expected: str) -> str:
    assert process.stdout is not None
    output = ""
    async with asyncio.timeout(ENDED_WITHIN_S):
        while expected not in output:
            line = await process.stdout.readline()
            assert line, output
            output += line.decode()
    return output


async def wait_for_exit(process: Process) -> tuple[int, str]:
    out, _ = await asyncio.wait_for(process.communicate(), ENDED_WITHIN_S)
    return process.returncode or 0, out.decode()


async def test_sigterm_ends_it_between_two_transactions(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    process = await start(database_url, redis_url, tmp_path)
    await read_until(process, "connected to Redis")
    process.send_signal(signal.SIGTERM)
    code, output = await wait_for_exit(process)
    assert (code, "writer stopped" in output) == (0, True)
    assert (tmp_path / "alive").exists()


async def test_commits_that_may_vanish_are_refused_with_what_to_change(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    connection = await asyncpg.connect(database_url)
    name = database_url.rpartition("/")[2]
    await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    await connection.close()
    code, output = await wait_for_exit(await start(database_url, redis_url, tmp_path))
    assert code == 78
    assert "synchronous_commit is off, must be on" in output


async def test_a_postgresql_that_is_not_there_is_waited_for(redis_url: str, tmp_path: Path) -> None:
    nowhere = f"postgresql://werknetz:secret@127.0.0.1:{free_port()}/werknetz"
    process = await start(nowhere, redis_url, tmp_path)
    output = await read_until(process, "waiting for PostgreSQL")
    process.send_signal(signal.SIGTERM)
    code, _ = await wait_for_exit(process)
    assert code == 0
    assert "secret" not in output


async def test_a_setting_that_is_missing_is_named(redis_url: str, tmp_path: Path) -> None:
    code, output = await wait_for_exit(await start("", redis_url, tmp_path))
    assert code == 78
    assert "set WERKNETZ_DATABASE_URL" in output
