"""`werknetz up` as a process: it waits for PostgreSQL, and `kpi` and `doctor` reach it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import httpx2

from plumbing.servers import API, ROWS_KEY, run, url_as
from werknetz_demo.embedded.process import free_port

from .conftest import PLANT, fill


async def _fill_database(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    _, keys = await fill(connection)
    await connection.close()
    return keys


def _run_command(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "werknetz_client.cli", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_server_answers_the_command_line(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    keys = run(_fill_database(database_url))
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        "WERKNETZ_DATABASE_URL": url_as(database_url, API),
        "WERKNETZ_ROWS_KEY": ROWS_KEY.text,
        "WERKNETZ_REDIS_URL": redis_url,
        "WERKNETZ_URL": url,
        "WERKNETZ_API_KEY": keys["viewer"],
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    log = tmp_path / "up.log"
    with log.open("w") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "werknetz_client.cli", "up", "--port", str(port)],
            env=os.environ | environment,
            stdout=out,
            stderr=out,
        )
    try:
        _wait_until_ready(url, log)
        assert "Werknetz API" in httpx2.get(f"{url}/docs", timeout=60).text
        table = _run_command(
            "kpi", "oee", PLANT, "--start", "-7d", "-o", "csv", environment=environment
        )
        header = table.stdout.partition("\r\n")[0]
        assert header.startswith("equipment,characteristic,supplier,warehouse,kpi,start"), (
            table.stderr
        )
        assert "no data" in table.stdout
        doctor = _run_command("doctor", environment=environment)
        assert doctor.returncode == 0, doctor.stdout
        rejected = _run_command(
            "kpi", "oee", PLANT, environment={**environment, "WERKNETZ_API_KEY": "wn_x_y"}
        )
        assert rejected.returncode == 1
        assert "keys create" in rejected.stderr
        refused = _run_command("up", environment={**environment, "WERKNETZ_ROWS_KEY": "ab" * 32})
        assert refused.returncode == 1
        assert "migrate --rows-key" in refused.stderr
    finally:
        up.terminate()
        assert up.wait(60) in {0, -15}
    assert keys["viewer"] not in log.read_text()


def _wait_until_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{url}/api/v1/health/ready", timeout=60).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
