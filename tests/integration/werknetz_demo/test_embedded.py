"""The embedded servers together: one folder, one supervisor, and nothing left running."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from plumbing.embedded import execute, fetch, is_at_work
from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.process import Child, free_port
from werknetz_demo.embedded.server import EmbeddedServer, ServerError
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_demo.embedded.state import DataFolder, DataFolderError
from werknetz_demo.embedded.valkey import Valkey

# Started by the tests of a killed supervisor; says where the servers are, then waits to be killed.
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from werknetz_demo.embedded.servers import EmbeddedServers
async def main():
    async with EmbeddedServers(Path(sys.argv[1]), environment={}, throwaway=True) as servers:
        print(*(server.pid for server in servers.started.values()), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_all_servers_start_twice_on_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with EmbeddedServers(folder, environment={}, throwaway=True) as servers:
        first = servers.urls
        await execute(first.database, "CREATE TABLE kept AS SELECT 1 AS one")
        with pytest.raises(DataFolderError, match=f"in use by process {os.getpid()}"):
            await EmbeddedServers(folder, environment={}).__aenter__()
        pids = [server.pid for server in servers.started.values()]
    assert not [pid for pid in pids if pid and is_at_work(pid)]
    async with EmbeddedServers(folder, environment={}, throwaway=True) as servers:
        assert servers.urls == first
        assert await fetch(first.database, "SELECT one FROM kept") == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    passwords = json.loads((folder / "secrets.json").read_text())
    assert len(set(passwords.values())) == 4
    readable_by_all = [
        file
        for file in folder.rglob("*")
        if file.is_file()
        and file.parent in {folder, folder / "mqtt"}
        and any(password in file.read_text(errors="ignore") for password in passwords.values())
        and stat.S_IMODE(file.stat().st_mode) != 0o600
    ]
    assert not readable_by_all


@pytest.mark.asyncio
async def test_what_the_operator_names_is_not_started(tmp_path: Path) -> None:
    named = {
        "WERKNETZ_DATABASE_URL": "postgresql://elsewhere/werknetz",
        "WERKNETZ_REDIS_URL": "redis://elsewhere",
        "WERKNETZ_MQTT_URL": "mqtt://elsewhere",
    }
    async with EmbeddedServers(tmp_path / "state", environment=named) as servers:
        assert list(servers.started) == ["WERKNETZ_BROKER_URL"]
        assert servers.urls.environment.items() > named.items()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux's")
@pytest.mark.parametrize("paused", [False, True], ids=["running", "valkey paused"])
def test_a_killed_supervisor_leaves_none_behind(tmp_path: Path, paused: bool) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "state")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with supervisor:
        assert supervisor.stdout is not None
        servers = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
        everyone = [*servers, *(p for process in servers for p in process.children(recursive=True))]
        if paused:
            servers[1].suspend()
        supervisor.kill()
    assert len(servers) == 4
    _, left = psutil.wait_procs(everyone, timeout=60)
    assert not left


def test_the_pipe_watches_where_no_death_signal_is(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; "
        "from werknetz_demo.embedded.process import Child; "
        "child = Child.start(['/bin/sleep', '60'], log=Path(sys.argv[1]), watchdog=True); "
        "print(child.pid, flush=True); time.sleep(60)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    with supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        assert child.is_running()
        supervisor.kill()
    assert not psutil.wait_procs([child], timeout=60)[1]


@pytest.mark.asyncio
async def test_a_child_of_a_thread_outlives_the_thread(tmp_path: Path) -> None:
    """The kernel takes the thread's end for the parent's."""
    log = tmp_path / "log"
    child = await asyncio.to_thread(Child.start, ["/bin/sleep", "60"], log=log)
    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0.1)
    assert child.is_alive
    await child.stop(signal.SIGTERM, within_s=60)
    assert child.popen.returncode == -signal.SIGTERM


@pytest.mark.asyncio
async def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = ["/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
    child = Child.start(deaf, log=tmp_path / "log")
    for _ in range(6000):
        if "deaf" in child.log_tail():
            break
        await asyncio.sleep(0.01)
    await child.stop(signal.SIGTERM, within_s=0.2)
    assert child.popen.returncode == -signal.SIGKILL


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [Valkey, Broker, Postgres])
async def test_a_failed_start_names_the_cause_and_leaves_no_process(
    tmp_path: Path, kind: type[EmbeddedServer]
) -> None:
    with socket_on(port := free_port()):
        server = kind(tmp_path / "server", port)
        with pytest.raises(ServerError, match=r"(?i)address already in use|could not bind"):
            await server.start()
    assert not server.is_running


@contextmanager
def socket_on(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_another_port_replaces_one_in_use(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as state:
        port = state.port("valkey")
        assert state.port("valkey") == port
        with socket_on(port):
            assert state.port("valkey") != port
        assert state.port("mqtt") != state.port("valkey")


def test_a_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        pass
    (tmp_path / "format").write_text("99\n")
    with pytest.raises(DataFolderError, match="has format 99"), DataFolder(tmp_path):
        pass


@pytest.mark.asyncio
async def test_each_test_has_a_database_of_its_own(database_url: str) -> None:
    await execute(database_url, "CREATE TABLE only_here ()")
    assert await fetch(database_url, "SELECT current_user") == "werknetz"


@pytest.mark.asyncio
@pytest.mark.parametrize("time", [1, 2])
async def test_each_test_has_an_empty_valkey(redis_url: str, time: int) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", time)


def test_the_broker_is_up(mqtt_url: str, mqtt_broker: Broker) -> None:
    assert mqtt_url.startswith("mqtt://werknetz:")
    assert mqtt_broker.is_running
