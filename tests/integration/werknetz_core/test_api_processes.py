"""`werknetz up --workers 2`: two API processes share limits, and one goes on when one is killed."""

import ssl
from pathlib import Path

import httpx2

from plumbing.servers import run
from plumbing.waiting import eventually

from .api_processes import SECONDS_MAX, requests_in, start_processes
from .test_up import _fill_database as fill_database

BURST = 300
LEASE = BURST // 20  # tokens of one process that may be left
EACH = 6  # requests to each process


def test_two_processes_share_limits_and_outlive_each_other(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    keys = run(fill_database(database_url))
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # else each request reads the certificates
    environment = {
        "WERKNETZ_DATABASE_URL": database_url,
        "WERKNETZ_REDIS_URL": redis_url,
        "WERKNETZ_RATE_PER_S": "0.001",
        "WERKNETZ_RATE_BURST": str(BURST),
    }
    with start_processes(tmp_path, environment=environment) as processes:

        def get(path: str, key: str) -> httpx2.Response:
            """Send a request through a connection of its own: any process may accept it."""
            url = f"http://127.0.0.1:{processes.port}/api/v1{path}"
            return httpx2.get(
                url, headers={"X-API-Key": keys[key]}, timeout=SECONDS_MAX, verify=no_tls
            )

        first, second = processes.pids()
        for pid in (first, second):
            with processes.only(pid):
                for _ in range(EACH):
                    answer = get("/metrics", "viewer")
                    assert answer.status_code == 200
        # Whoever answers adds up what all have counted, but for the request at hand.
        assert requests_in(answer.text, "/metrics", 200) == 2 * EACH - 1
        for number in (1, 2):
            assert f'process_resident_memory_bytes{{worker="{number}"}}' in answer.text
        # The first process refuses while the second has unused tokens of its lease, which happens
        # by chance where any of them may accept.
        with processes.only(first):
            statuses = [get("/plants", "viewer").status_code for _ in range(BURST)]
        assert set(statuses) == {200, 429}
        assert BURST - LEASE <= 2 * EACH + statuses.count(200) <= BURST

        processes.kill(first)
        assert {get("/plants", "engineer").status_code for _ in range(20)} == {200}
        left = [get("/plants", "viewer").status_code for _ in range(LEASE + 1)]
        assert 429 in left
        eventually(lambda: len(processes.pids()) == 2, within_s=SECONDS_MAX)
        processes.wait_until_started(3)
        answered = requests_in(get("/metrics", "engineer").text, "/plants", 200)
        expected = statuses.count(200) + 20 + left.count(200)
        assert answered == expected, "the killed process's requests are lost"
    assert keys["viewer"] not in processes.log.read_text()
