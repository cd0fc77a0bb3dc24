"""Two API processes over TLS: a session, renewed files and a revoked key count in each of them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import httpx2

from plumbing.certificates import Authority
from plumbing.servers import run
from plumbing.waiting import eventually

from .api_processes import SECONDS_MAX, start_processes
from .test_up import _fill_database as fill_database

NOT_LOADED, LOADED = "TLS files not loaded", "TLS files loaded"


async def _revoke(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE name = $1", name)
    await connection.close()


def test_sessions_renewed_files_and_revoked_keys_over_two_processes(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    keys = run(fill_database(database_url))
    authority = Authority(tmp_path)
    cert, tls_key = authority.issue("server")
    environment = {"WERKNETZ_DATABASE_URL": database_url, "WERKNETZ_REDIS_URL": redis_url}
    options = ("--tls-cert", str(cert), "--tls-key", str(tls_key))
    with start_processes(tmp_path, *options, environment=environment) as processes:

        def connect(credentials: Mapping[str, str]) -> httpx2.Client:
            url, tls = f"https://127.0.0.1:{processes.port}/api/v1", authority.client_context()
            return httpx2.Client(base_url=url, verify=tls, timeout=SECONDS_MAX, headers=credentials)

        def wait_for_log(text: str, lines: int) -> None:
            log = processes.log
            eventually(lambda: log.read_text().count(text) >= lines, within_s=SECONDS_MAX)

        with connect({}) as client:
            opened = client.post("/session", json={"key": keys["viewer"]})
        cookie = opened.headers["set-cookie"]
        assert cookie.startswith("__Host-wn_session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie
        assert opened.headers["strict-transport-security"]
        session = {"Cookie": cookie.partition(";")[0]}
        key = {"X-API-Key": keys["viewer"]}

        new_cert, new_key = authority.issue("renewed")
        cert.write_bytes(new_cert.read_bytes()[:200])
        wait_for_log(NOT_LOADED, 2)  # by each process, which goes on with the former ones
        statuses = []
        for pid in processes.pids():
            with processes.only(pid):
                for credentials in (session, key):
                    with connect(credentials) as client:
                        statuses.append(client.get("/me").status_code)
        assert statuses == [200] * 4
        shutil.copy(new_key, tls_key)
        shutil.copy(new_cert, cert)
        wait_for_log(LOADED, 2)

        run(_revoke(database_url, "viewer"))
        for pid in processes.pids():
            with processes.only(pid):
                for credentials in (session, key):
                    with connect(credentials) as client:
                        eventually(
                            lambda c=client: c.get("/me").status_code == 401, within_s=SECONDS_MAX
                        )
