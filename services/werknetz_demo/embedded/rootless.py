"""PostgreSQL refuses to be root; these are the ways to run it where we are.

Not root: as is. Root: another name for us in a user namespace, in which our files stay ours; and
where a container forbids that, really another user, who then owns the data. Chosen by trying.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from werknetz_demo.embedded.server import bare_environment

# Prints the version only where the program may be run, and we are not root while it runs.
TRIAL = 'test "$(id -u)" != 0 && exec "$0" --version'
USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Way:
    """How to start a program that must not be root."""

    name: str
    prefix: tuple[str, ...] = ()
    user: tuple[int, int] | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """Who must own the data, as seen from here."""
        return self.user or (os.geteuid(), os.getegid())

    def version_of(self, binary: Path) -> str | None:
        """Return what the program says its version is, or None where this way is closed."""
        uid, gid = self.user or (None, None)
        try:
            answer = subprocess.run(
                [*self.prefix, "/bin/sh", "-c", TRIAL, str(binary)],
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
                env=bare_environment(),
                cwd="/",
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.strip()


def ways() -> Iterator[Way]:
    """Return the ways that this process may have, best first."""
    if os.geteuid() != 0:
        yield Way("as is")
        return
    if unshare := shutil.which("unshare"):
        uid, gid = _user("nobody") or (65534, 65534)
        yield Way("unshare", (unshare, "--user", f"--map-user={uid}", f"--map-group={gid}"))
    for name in USERS:
        if user := _user(name):
            yield Way(f"setuid {name}", user=user)


def give(path: Path, owner: tuple[int, int]) -> None:
    """Make the file, or all in the folder, belong to `owner`, where another way made it."""
    status = path.stat()
    if (status.st_uid, status.st_gid) == owner:
        return
    os.chown(path, *owner)
    for place, _, files in os.walk(path):
        for entry in (place, *(os.path.join(place, file) for file in files)):  # noqa: PTH118
            os.chown(entry, *owner, follow_symlinks=False)


def run(way: Way, command: Sequence[str], *, folder: Path) -> None:
    """Run a program to its end. Raises CalledProcessError with its output."""
    uid, gid = way.user or (None, None)
    subprocess.run(
        [*way.prefix, *command],
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        env=bare_environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
    )


def _user(name: str) -> tuple[int, int] | None:
    with suppress(KeyError):
        entry = pwd.getpwnam(name)
        return entry.pw_uid, entry.pw_gid
    return None
