"""What the embedded servers have in common: start until it really answers, stop, kill, pause.

ServerError (RuntimeError)   it did not come up; carries the last lines of its log
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

READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 15.0
ASK_EVERY_S = 0.02


class ServerError(RuntimeError):
    """A server could not be started."""


class Server(ABC):
    """One server on loopback over one folder. It keeps its port and password over restarts."""

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
        """Return where clients find it, with the password."""

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.alive else None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def password(self) -> str:
        """Return the given password, or else the one this folder's secrets.json has for it."""
        if self._password is None:
            make_private(self.folder)
            self._password = secret_of(self.folder, self.name)
        return self._password

    async def start(self) -> None:
        """Return when a client with our password gets an answer. Repairs what a kill -9 left."""
        if self.running:
            raise ServerError(f"{self.name} runs already, as process {self.pid}")
        make_private(self.folder)
        child = self._child = self._launch(await self._command())
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._until_ready(child)
        except BaseException as error:
            self.kill()
            if isinstance(error, TimeoutError):
                words = child.last_words()
                raise ServerError(f"{self.name} gives no answer; its log:\n{words}") from None
            raise

    async def stop(self) -> None:
        """End it in order; kill it when that takes too long. Safe to call when it is down."""
        if self._child is not None:
            await self._child.stop(self.stop_signal, patience_s=STOPPED_WITHIN_S)
            self._child = None

    def kill(self) -> None:
        """SIGKILL it and all its children at once, as a power cut does."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def pause(self) -> None:
        """SIGSTOP: sockets stay open, nothing answers."""
        self._running_child().pause()

    def resume(self) -> None:
        self._running_child().resume()

    @abstractmethod
    async def _command(self) -> Sequence[str]:
        """Write its configuration, make its data where there is none, return how to start it."""

    @abstractmethod
    async def _answers(self) -> bool:
        """Tell whether a real client is served; never raises for a server that is not up yet."""

    def _launch(self, command: Sequence[str]) -> Child:
        return Child.start(
            command,
            log=self.log,
            folder=self.folder,
            death_signal=self.death_signal,
            environment=bare_environment(),
        )

    async def _until_ready(self, child: Child) -> None:
        while not await self._answers():
            if not child.alive:
                raise ServerError(
                    f"{self.name} ended with {child.popen.returncode}; its log ends\n"
                    f"{child.last_words()}"
                )
            await asyncio.sleep(ASK_EVERY_S)

    def _running_child(self) -> Child:
        if self._child is None:
            raise ServerError(f"{self.name} is not running")
        return self._child


def bare_environment() -> dict[str, str]:
    """Give a server none of our secrets, and none of PGDATA, PGPORT and their like."""
    kept = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"TZ": "UTC"}
