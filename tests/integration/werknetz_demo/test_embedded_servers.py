"""Each embedded server keeps what was written, however it is run and ended."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from redis.asyncio import Redis

from plumbing.embedded import execute, fetch, is_at_work
from werknetz_demo.embedded import cluster, rootless
from werknetz_demo.embedded.broker import Broker, Mosquitto, find_mosquitto
from werknetz_demo.embedded.postgres import Postgres
from werknetz_demo.embedded.server import ServerError
from werknetz_demo.embedded.valkey import Valkey

ROOT = os.geteuid() == 0


WHEEL = next(iter(cluster.program_folders()), None)


WAYS = [way for way in rootless.run_methods() if WHEEL and way.version_of(WHEEL / "postgres")]


# Run as a user who is not root.
KILL_AND_COUNT = """
import asyncio, os, sys, asyncpg
from pathlib import Path
from werknetz_demo.embedded.postgres import Postgres
async def main():
    server = Postgres(Path(sys.argv[1]), throwaway=True)
    await server.start()
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
    server.kill()
    connection.terminate()
    await server.start()
    connection = await asyncpg.connect(server.url)
    count = await connection.fetchval("SELECT count(*) FROM kept")
    await connection.close()
    await server.stop()
    print(os.geteuid(), server.installation.method.name, count, sep=";")
asyncio.run(main())
"""


@pytest.mark.asyncio
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_rows_outlive_a_power_cut(tmp_path: Path, way: rootless.RunMethod) -> None:
    server = Postgres(tmp_path / "postgres", throwaway=True, ways=[way])
    await server.start()
    try:
        await execute(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        assert server.pid is not None
        everyone = [server.pid, *(p.pid for p in psutil.Process(server.pid).children())]
        url = server.url
        server.kill()
        assert not [pid for pid in everyone if is_at_work(pid)]
        assert (server.data / "postmaster.pid").exists()
        await server.start()
        assert server.url == url
        assert await fetch(url, "SELECT count(*) FROM kept") == 1000
        assert await fetch(url, "SHOW fsync") == "on"
        assert await fetch(url, "SELECT rolsuper FROM pg_roles WHERE rolname = user") is False
        await server.stop()
        assert not (server.data / "postmaster.pid").exists()
        await server.start()
        assert await fetch(url, "SELECT count(*) FROM kept") == 1000
    finally:
        await server.stop()


@pytest.mark.asyncio
@pytest.mark.skipif(len(WAYS) < 2, reason="one way to run PostgreSQL here")
async def test_data_of_one_way_are_read_in_another(tmp_path: Path) -> None:
    for way in (WAYS[0], WAYS[-1], WAYS[0]):
        server = Postgres(tmp_path / "postgres", throwaway=True, ways=[way])
        await server.start()
        await server.stop()
    assert server.data.stat().st_uid == WAYS[0].owner[0]


@pytest.mark.asyncio
async def test_a_stale_number_of_somebody_else_does_not_keep_it_down(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", throwaway=True)
    await server.start()
    server.kill()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    try:
        await server.start()
    finally:
        await server.stop()


@pytest.mark.asyncio
async def test_postgres_of_the_system(tmp_path: Path) -> None:
    homes = [home for home in cluster.program_folders() if home != WHEEL]
    if not any(
        way.version_of(home / "postgres") for home in homes for way in rootless.run_methods()
    ):
        pytest.skip("no PostgreSQL but the wheel's")
    server = Postgres(tmp_path / "postgres", throwaway=True, homes=homes)
    await server.start()
    try:
        assert await fetch(server.url, "SELECT 1") == 1
    finally:
        await server.stop()


@pytest.mark.asyncio
async def test_data_of_another_major_version_are_not_touched(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres")
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerError, match="PostgreSQL 9, which created"):
        await server.start()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that `nobody` may reach; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="werknetz-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def as_nobody(*command: str) -> "subprocess.CompletedProcess[str]":
    nobody = pwd.getpwnam("nobody")
    prefix: list[str] = []
    try:
        subprocess.run([sys.executable, "-c", ""], user=nobody.pw_uid, check=True)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    except (OSError, subprocess.CalledProcessError):
        # Python lives in a home that is closed to others: let nobody read it, yet not write.
        setpriv = shutil.which("setpriv") or pytest.skip("nobody may not run this Python")
        prefix = [setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}"]
        prefix += ["--clear-groups", "--inh-caps=+dac_read_search"]
        prefix += ["--ambient-caps=+dac_read_search"]
        user = {}
    return subprocess.run(  # type: ignore[call-overload,no-any-return] # the dict of three types
        [*prefix, *command],
        capture_output=True,
        text=True,
        timeout=240,
        cwd="/",
        check=False,
        **user,
    )


@pytest.mark.skipif(not ROOT, reason="only root can be somebody else")
def test_rows_outlive_a_power_cut_as_nobody(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(open_folder, nobody.pw_uid, nobody.pw_gid)
    answer = as_nobody(sys.executable, "-c", KILL_AND_COUNT, str(open_folder / "postgres"))
    assert answer.stdout.strip() == f"{nobody.pw_uid};as is;1000", answer.stderr


@pytest.mark.asyncio
async def test_a_transaction_of_valkey_outlives_a_restart(tmp_path: Path) -> None:
    """With a plain `user default off`, each MULTI/EXEC in the file is dropped at restart."""
    server = Valkey(tmp_path / "valkey", maxmemory_mb=64)
    for end in ("kill", "stop"):
        await server.start()
        async with Redis.from_url(server.url) as client, client.pipeline(transaction=True) as both:
            both.set(f"first {end}", 1)
            both.set(f"second {end}", 2)
            await both.execute()
            assert (await client.config_get("maxmemory-policy")) == {
                "maxmemory-policy": "noeviction"
            }
        if end == "kill":
            server.kill()
        else:
            await server.stop()
    await server.start()
    try:
        async with Redis.from_url(server.url) as client:
            stored = await client.mget("first kill", "second kill", "first stop", "second stop")
        assert stored == [b"1", b"2", b"1", b"2"]
        assert "user default off ~* &* +@all" in (server.folder / "users.acl").read_text()
    finally:
        await server.stop()


@pytest.mark.asyncio
async def test_a_paused_valkey_is_silent_and_can_be_stopped(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey", maxmemory_mb=64)
    await server.start()
    try:
        server.pause()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), Redis.from_url(server.url) as client:
                await client.ping()
        server.resume()
        async with Redis.from_url(server.url) as client:
            assert await client.ping()
        server.pause()
    finally:
        await server.stop()
    assert not server.is_running


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [Broker, Mosquitto])
async def test_messages_for_one_who_is_away_outlive_a_power_cut(
    tmp_path: Path, kind: type[Broker]
) -> None:
    if kind is Mosquitto and find_mosquitto() is None:
        pytest.skip("no mosquitto on this machine")
    server = kind(tmp_path / "broker")
    await server.start()
    try:
        client_of(server, clean=False, subscribe="plant/#").disconnect()
        sender = client_of(server, clean=True)
        for number in range(50):
            sender.publish(f"plant/{number}", b"1", qos=1)
        sender.publish("state/press-3", b"running", qos=1, retain=True)
        deadline = time.monotonic() + 60
        while sender.want_write() or sender._out_messages:
            sender.loop(0.05)
            assert time.monotonic() < deadline
        sender.disconnect()
        if kind is Mosquitto:
            await asyncio.sleep(1.5)  # it writes once a second
        server.kill()
        await server.start()
        assert len(read_message(client_of(server, clean=False), 50)) == 50
        assert len(read_message(client_of(server, clean=True, subscribe="state/#"), 1)) == 1
    finally:
        await server.stop()


def client_of(server: Broker, *, clean: bool, subscribe: str | None = None) -> Client:
    client = Client(
        CallbackAPIVersion.VERSION2, client_id="" if clean else "stays", clean_session=clean
    )
    client.user_data_set([])
    client.on_message = lambda _client, got, message: got.append(message)
    client.username_pw_set("werknetz", server.password)
    subscribed: list[bool] = []
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.connect("127.0.0.1", server.port)
    deadline = time.monotonic() + 60
    while not client.is_connected() and time.monotonic() < deadline:
        client.loop(0.05)
    if subscribe:
        client.subscribe(subscribe, qos=1)
        while not subscribed and time.monotonic() < deadline:
            client.loop(0.05)
    return client


def read_message(client: Client, number: int) -> list[MQTTMessage]:
    got: list[MQTTMessage] = client.user_data_get()
    deadline = time.monotonic() + 60
    while len(got) < number and time.monotonic() < deadline:
        client.loop(0.05)
    client.disconnect()
    return got
