"""Base class of the embedded servers: start until it answers, stop, kill, pause.

ServerError (RuntimeError)   it did not start; contains the last lines of its log
"""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from werknetz_demo.embedded.process import Child, free_port
from werknetz_demo.embedded.state import make_private, secret_of

READY_WITHIN_S = 90.0
ANSWERS_WITHIN_S = 5.0  # one attempt: a login takes a second on a busy machine
STOPPED_WITHIN_S = 15.0
CHECK_EVERY_S = 0.02


class ServerError(RuntimeError):
    """A server could not be started."""


class EmbeddedServer(ABC):
    """A server on loopback with a data folder. Restarts use the same port and password."""

    name: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM
    death_signal: ClassVar[int] = signal.SIGKILL

    def __init__(
        self, folder: Path, port: int | None = None, *, password: str | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self._password = password
        self._child: Child | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL for clients, with the password."""

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.is_alive

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.is_alive else None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def password(self) -> str:
        """Return the given password, or else that of the folder's secrets.json."""
        if self._password is None:
            make_private(self.folder)
            self._password = secret_of(self.folder, self.name)
        return self._password

    async def start(self) -> None:
        """Return when a client with the password gets an answer; clean up after a kill -9."""
        if self.is_running:
            raise ServerError(f"{self.name} is already running as process {self.pid}")
        make_private(self.folder)
        child = self._child = self._launch(await self._command())
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._until_ready(child)
        except BaseException as error:
            self.kill()
            if isinstance(error, TimeoutError):
                tail = child.log_tail()
                raise ServerError(f"{self.name} does not answer; its log:\n{tail}") from None
            raise

    async def stop(self) -> None:
        """Shut it down; kill it when that takes too long. Safe to call when it is not running."""
        if self._child is not None:
            await self._child.stop(self.stop_signal, within_s=STOPPED_WITHIN_S)
            self._child = None

    def kill(self) -> None:
        """SIGKILL it and all its children, like a power cut."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def pause(self) -> None:
        """SIGSTOP: sockets stay open, but nothing answers."""
        self._running_child().pause()

    def resume(self) -> None:
        self._running_child().resume()

    @abstractmethod
    async def _command(self) -> Sequence[str]:
        """Write the configuration, create missing data, return the start command."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Whether a real client gets an answer; does not raise while the server starts."""

    def _launch(self, command: Sequence[str]) -> Child:
        return Child.start(
            command,
            log=self.log,
            folder=self.folder,
            death_signal=self.death_signal,
            environment=minimal_environment(),
        )

    async def _until_ready(self, child: Child) -> None:
        while not await self._answers():
            if not child.is_alive:
                raise ServerError(
                    f"{self.name} ended with {child.popen.returncode}; its log ends\n"
                    f"{child.log_tail()}"
                )
            await asyncio.sleep(CHECK_EVERY_S)

    def _running_child(self) -> Child:
        if self._child is None:
            raise ServerError(f"{self.name} is not running")
        return self._child


def minimal_environment() -> dict[str, str]:
    """Return an environment without secrets and without PGDATA, PGPORT and the like."""
    names = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ} | {"TZ": "UTC"}
