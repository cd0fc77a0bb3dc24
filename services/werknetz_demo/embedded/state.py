"""The data folder of one installation: who holds it, in which format, its passwords and ports.

StateError (RuntimeError)   the folder cannot be used; the sentence says what to do
"""

import fcntl
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from werknetz_demo.embedded.process import free_port, is_port_free

FORMAT_VERSION = 1


class DataFolderError(RuntimeError):
    """The data folder is in use, of another version, or owned by another user."""


class DataFolder:
    """The folder with its lock, which the kernel frees even after kill -9."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        make_private(self.folder)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            self._check_format()
        except BlockingIOError:
            holder = os.read(lock, 20).decode().strip() or "unknown"
            os.close(lock)
            raise DataFolderError(
                f"{self.folder} is in use by process {holder}: "
                "stop that one, or name another folder"
            ) from None
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def port(self, name: str) -> int:
        """Return the port of the last run, or another one if it is in use."""
        ports = {key: int(value) for key, value in _read(self.folder / "ports.json").items()}
        others = {port for key, port in ports.items() if key != name}
        port = ports.get(name) or free_port()
        while port in others or not is_port_free(port):
            port = free_port()
        _write(self.folder / "ports.json", {**ports, name: port})
        return port

    def secret(self, name: str) -> str:
        return secret_of(self.folder, name)

    def _check_format(self) -> None:
        file = self.folder / "format"
        if not file.exists():
            file.write_text(f"{FORMAT_VERSION}\n")
        elif (version := file.read_text().strip()) != str(FORMAT_VERSION):
            raise DataFolderError(
                f"{self.folder} has format {version}, this program reads {FORMAT_VERSION}: "
                "use the program that created it, or name another folder"
            )


def make_private(folder: Path) -> None:
    """Create the folder, readable only by its owner, independent of the umask."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def secret_of(folder: Path, name: str) -> str:
    """Return a password of this folder, created at random on first use.

    Only letters, digits, `-` and `_`, so that URLs and configuration files need no quoting.
    """
    secrets_by_name = _read(folder / "secrets.json")
    if name not in secrets_by_name:
        secrets_by_name[name] = secrets.token_urlsafe(24)
        _write(folder / "secrets.json", secrets_by_name)
    return str(secrets_by_name[name])


def _read(file: Path) -> dict[str, str | int]:
    if not file.exists():
        return {}
    content: dict[str, str | int] = json.loads(file.read_text())
    return content


def _write(file: Path, content: dict[str, str] | dict[str, int] | dict[str, str | int]) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new content."""
    draft = file.with_suffix(".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(content, output, indent=2)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
