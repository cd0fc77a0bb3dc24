"""Servers that return with an older state: restored, promoted, or with an old append-only file."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import cast

import asyncpg

from chaos.scenarios.scenario import scenario
from chaos.stage import Stage
from werknetz_demo.embedded import rootless
from werknetz_demo.embedded.postgres import Postgres

RESTORES_MAX = 10


def _postgres(stage: Stage) -> Postgres:
    return cast("Postgres", stage.server("DATABASE"))


async def _run_program(server: Postgres, program: str, *options: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(server.installation.home / program), *options, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program}: {errors.decode()}")


async def _base_backup(server: Postgres, target: Path, *options: str) -> None:
    where = ("-d", server.superuser_url, "-D", str(target))
    await _run_program(server, "pg_basebackup", *where, "-X", "stream", "-c", "fast", *options)
    await asyncio.to_thread(target.chmod, 0o700)
    rootless.change_owner(target, server.installation.method.owner)


async def _start_with(server: Postgres, data: Path) -> None:
    """Replace the data of a stopped server, and start it."""
    shutil.rmtree(server.data)
    shutil.move(data, server.data)
    rootless.change_owner(server.data, server.installation.method.owner)
    await server.start()


async def _execute(server: Postgres, *statements: str) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@scenario("restore-base-backup")
async def restore_base_backup(stage: Stage) -> None:
    server = _postgres(stage)
    backup = server.folder / "backup"
    await _base_backup(server, backup)
    await asyncio.sleep(5)
    server.kill()
    await _start_with(server, backup)
    await asyncio.sleep(3)


@scenario("restore-dump")
async def restore_dump(stage: Stage) -> None:
    """A dump comes back into the database that goes on, while both writers run.

    They may lock rows in another order than the restore drops tables: then all of it is undone,
    and done again.
    """
    server = _postgres(stage)
    dump = stage.folder / "dump"
    await _run_program(server, "pg_dump", "-Fc", "-d", server.url, "-f", str(dump))
    await asyncio.sleep(5)
    options = ("--single-transaction", "--clean", "--if-exists", "-d", server.url)
    for attempt in range(RESTORES_MAX):
        try:
            await _run_program(server, "pg_restore", *options, str(dump))
            break
        except RuntimeError as error:
            if "deadlock detected" not in str(error) or attempt == RESTORES_MAX - 1:
                raise
    await asyncio.sleep(3)


@scenario("restore-point-in-time")
async def restore_point_in_time(stage: Stage) -> None:
    server = _postgres(stage)
    archive, backup = server.folder / "archive", server.folder / "backup"
    archive.mkdir()
    rootless.change_owner(archive, server.installation.method.owner)
    await _execute(
        server,
        "ALTER SYSTEM SET archive_mode = on",
        f"ALTER SYSTEM SET archive_command = 'cp %p {archive}/%f'",
    )
    await server.stop()
    await server.start()
    await _base_backup(server, backup)
    await asyncio.sleep(3)
    connection = await asyncpg.connect(server.superuser_url)
    moment = await connection.fetchval("SELECT now()::text")
    await asyncio.sleep(3)
    await connection.execute("SELECT pg_switch_wal()")
    await connection.close()
    await asyncio.sleep(2)
    server.kill()
    (backup / "recovery.signal").touch()
    with (backup / "postgresql.auto.conf").open("a") as file:
        file.write(f"restore_command = 'cp {archive}/%f %p'\n")
        file.write(f"recovery_target_time = '{moment}'\nrecovery_target_action = promote\n")
    await _start_with(server, backup)
    await asyncio.sleep(3)


@scenario("promote-standby")
async def promote_standby(stage: Stage) -> None:
    """The standby replicates asynchronously: it may lack the newest commits."""
    server = _postgres(stage)
    standby = Postgres(server.folder.parent / "standby", password=server.password)
    standby.folder.mkdir(mode=0o700)
    rootless.change_owner(standby.folder, server.installation.method.owner)
    await _base_backup(server, standby.data, "-R")
    await standby.start()
    await asyncio.sleep(3)
    standby.pause()
    await asyncio.sleep(2)
    server.kill()
    standby.resume()
    await standby.stop()
    await _start_with(server, standby.data)
    await _execute(server, "SELECT pg_promote()")
    await asyncio.sleep(3)


@scenario("valkey-old-aof")
async def old_append_only_file(stage: Stage) -> None:
    """Valkey starts with a copy of its data from some seconds ago."""
    server = stage.server("REDIS")
    copy = stage.folder / "valkey-copy"
    shutil.copytree(server.folder, copy)
    await asyncio.sleep(5)
    server.kill()
    shutil.rmtree(server.folder)
    shutil.move(copy, server.folder)
    await server.start()
    await asyncio.sleep(3)
