"""`werknetz up` as a process: it waits for PostgreSQL, serves, and `kpi` and `doctor` reach it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import httpx2

from plumbing.servers import run
from werknetz_demo.embedded.process import free_port

from .conftest import PLANT, fill


async def _filled(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    _, keys = await fill(connection)
    await connection.close()
    return keys


def _command(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "werknetz_client.cli", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_serves_and_is_asked(database_url: str, redis_url: str, tmp_path: Path) -> None:
    keys = run(_filled(database_url))
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        "WERKNETZ_DATABASE_URL": database_url,
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
        _await(url, log)
        assert "Werknetz API" in httpx2.get(f"{url}/docs").text
        shown = _command(
            "kpi", "oee", PLANT, "--start", "-7d", "-o", "csv", environment=environment
        )
        assert shown.stdout.splitlines()[0].startswith("equipment,kpi,start"), shown.stderr
        assert "no data" in shown.stdout
        look = _command("doctor", environment=environment)
        assert look.returncode == 0, look.stdout
        wrong = _command(
            "kpi", "oee", PLANT, environment={**environment, "WERKNETZ_API_KEY": "wn_x_y"}
        )
        assert wrong.returncode == 1
        assert "keys create" in wrong.stderr
    finally:
        up.terminate()
        assert up.wait(30) in {0, -15}
    assert keys["viewer"] not in log.read_text()


def _await(url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{url}/api/v1/health/ready", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
