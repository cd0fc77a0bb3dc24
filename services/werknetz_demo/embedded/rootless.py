"""Methods to run PostgreSQL, which refuses to run as root.

Not root: directly. Root: in a user namespace with another user id, which leaves the files to root;
where a container forbids that, as another user who owns the data. The first that works is chosen.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from werknetz_demo.embedded.server import minimal_environment

# Prints the version only if the program runs and is not root.
TRIAL = 'test "$(id -u)" != 0 && exec "$0" --version'
USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class RunMethod:
    """A method to start a program that must not be root."""

    name: str
    prefix: tuple[str, ...] = ()
    user: tuple[int, int] | None = None

    @property
    def owner(self) -> tuple[int, int]:
        """The owner that the data must have."""
        return self.user or (os.geteuid(), os.getegid())

    def version_of(self, binary: Path) -> str | None:
        """Return the version output of the program, or None if this method fails."""
        uid, gid = self.user or (None, None)
        try:
            answer = subprocess.run(
                [*self.prefix, "/bin/sh", "-c", TRIAL, str(binary)],
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
                env=minimal_environment(),
                cwd="/",
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.strip()


def run_methods() -> Iterator[RunMethod]:
    """Yield the methods that may work for this process, best first."""
    if os.geteuid() != 0:
        yield RunMethod("as is")
        return
    if unshare := shutil.which("unshare"):
        uid, gid = _find_user("nobody") or (65534, 65534)
        yield RunMethod("unshare", (unshare, "--user", f"--map-user={uid}", f"--map-group={gid}"))
    for name in USERS:
        if user := _find_user(name):
            yield RunMethod(f"setuid {name}", user=user)


def change_owner(path: Path, owner: tuple[int, int]) -> None:
    """Change the owner of the file or folder, which another method may have created."""
    status = path.stat()
    if (status.st_uid, status.st_gid) == owner:
        return
    os.chown(path, *owner)
    for folder, _, files in os.walk(path):
        for entry in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118
            os.chown(entry, *owner, follow_symlinks=False)


def run_program(way: RunMethod, command: Sequence[str], *, folder: Path) -> None:
    """Run a program to its end. Raises CalledProcessError with its output."""
    uid, gid = way.user or (None, None)
    subprocess.run(
        [*way.prefix, *command],
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        env=minimal_environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
    )


def _find_user(name: str) -> tuple[int, int] | None:
    with suppress(KeyError):
        entry = pwd.getpwnam(name)
        return entry.pw_uid, entry.pw_gid
    return None
