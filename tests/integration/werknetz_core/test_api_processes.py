"""`werknetz up --workers 2`: two API processes share limits, and one goes on when one is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil

from plumbing.servers import run
from werknetz_demo.embedded.process import free_port

from .test_up import _fill_database as fill_database

BURST = 300
AT_ONCE = 12
LEASE = BURST // 20  # tokens of one process that may be left
ANSWERED = re.compile(r'^werknetz_http_requests_total{.*route="/metrics".*} (\S+)$', re.MULTILINE)
SECONDS_MAX = 240


def api_processes(owner: int) -> set[int]:
    children = psutil.Process(owner).children()
    return {p.pid for p in children if "werknetz_core.processes.worker" in p.cmdline()}


def wait_until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def test_two_processes_share_limits_and_outlive_each_other(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    keys = run(fill_database(database_url))
    port = free_port()
    environment = {
        "WERKNETZ_DATABASE_URL": database_url,
        "WERKNETZ_REDIS_URL": redis_url,
        "WERKNETZ_RATE_PER_S": "0.001",
        "WERKNETZ_RATE_BURST": str(BURST),
        "WERKNETZ_KEY_REQUESTS_MAX": str(AT_ONCE),
    }

    def get(path: str, key: str) -> httpx2.Response:
        """Send a request through a connection of its own: any process may accept it."""
        url = f"http://127.0.0.1:{port}/api/v1{path}"
        return httpx2.get(url, headers={"X-API-Key": keys[key]}, timeout=SECONDS_MAX)

    log = tmp_path / "up.log"
    command = [sys.executable, "-m", "werknetz_client.cli", "up", "--workers", "2"]
    with log.open("w") as out:
        up = subprocess.Popen(
            [*command, "--port", str(port)], env=os.environ | environment, stdout=out, stderr=out
        )
    try:
        wait_until(lambda: log.read_text().count("Application startup complete.") == 2, log)
        counted = of_one_process = 0
        with ThreadPoolExecutor(AT_ONCE) as threads:
            # Until both have answered: one process may accept what comes one after the other.
            while counted <= of_one_process + AT_ONCE:
                for answer in threads.map(lambda _: get("/metrics", "viewer"), range(AT_ONCE)):
                    assert answer.status_code == 200, "one process has answered all requests"
                    counted += 1
                    own = [float(number) for number in ANSWERED.findall(answer.text)]
                    of_one_process = max(of_one_process, int(sum(own)))
        statuses = [get("/plants", "viewer").status_code for _ in range(BURST)]
        assert set(statuses) == {200, 429}
        assert BURST - LEASE <= counted + statuses.count(200) <= BURST

        before = api_processes(up.pid)
        assert len(before) == 2
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        assert {get("/plants", "engineer").status_code for _ in range(20)} == {200}
        # The other process may have a few of its tokens left.
        assert 429 in {get("/plants", "viewer").status_code for _ in range(LEASE + 1)}
        wait_until(lambda: len(api_processes(up.pid) - {killed}) == 2, log)
    finally:
        children = psutil.Process(up.pid).children()
        up.terminate()
        status = up.wait(SECONDS_MAX)
    assert status in {0, -15}, log.read_text()
    assert not psutil.wait_procs(children, timeout=SECONDS_MAX)[1]
    assert keys["viewer"] not in log.read_text()
