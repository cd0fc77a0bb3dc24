"""A real MariaDB server for the test session, from the system package: there is no wheel."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest

from plumbing.servers import SESSION_SERVERS
from werknetz_demo.embedded.process import Child, free_port

START_S = 120


class MariaDb:
    """Root without a password, on loopback, with its own data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"mariadb://root@127.0.0.1:{self.port}/test"

    @property
    def pid(self) -> int | None:
        return None if self.child is None else self.child.popen.pid

    def install(self) -> None:
        subprocess.run(
            [
                "mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
                *_root_options(), "--auth-root-authentication-method=normal", "--skip-test-db",
            ],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip

    def start(self) -> None:
        self.child = Child.start(
            [
                shutil.which("mariadbd") or "mariadbd", "--no-defaults", *_root_options(),
                f"--datadir={self.folder}/data", f"--socket={self.folder}/s", f"--port={self.port}",
                f"--pid-file={self.folder}/pid", "--bind-address=127.0.0.1",
                "--innodb-buffer-pool-size=32M", "--skip-name-resolve",
            ],
            log=self.folder / "log",
        )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            self.execute("CREATE DATABASE IF NOT EXISTS test", database=None)
        except pymysql.OperationalError:
            return False
        return True

    def execute(self, *statements: str, database: str | None = "test") -> None:
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def stop(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    server = MariaDb(tmp_path_factory.mktemp("mariadb"))
    server.install()
    SESSION_SERVERS.append(server)  # type: ignore[arg-type]  # only its pid is used
    try:
        server.start()
        yield server
    finally:
        server.stop()
        with suppress(ValueError):
            SESSION_SERVERS.remove(server)  # type: ignore[arg-type]


def _root_options() -> list[str]:
    return ["--user=root"] if os.getuid() == 0 else []
