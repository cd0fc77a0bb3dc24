"""Starts the processes of one installation and restarts them when they die.

Each process has its own log file. The kernel kills them when the supervisor is killed.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from werknetz.runtime.backoff import Backoff
from werknetz_demo.embedded.child_environment import ChildEnvironment
from werknetz_demo.embedded.process import Child

CHECK_EVERY_S: Final = 0.2
STOP_WITHIN_S: Final = 8.0
BACK_OFF_FIRST_S: Final = 1.0
BACK_OFF_MAX_S: Final = 30.0
STEADY_AFTER_S: Final = 60.0  # a process that ran this long restarts quickly

Report = Callable[[str], None]


class SupervisorError(RuntimeError):
    """A process cannot do its work; the message contains the end of its log."""


@dataclass
class ManagedProcess:
    name: str
    command: list[str]
    child: Child
    started: float = field(default_factory=time.monotonic)
    backoff: Backoff = field(
        default_factory=lambda: Backoff(BACK_OFF_FIRST_S, BACK_OFF_MAX_S, jitter=0)
    )
    restart_at: float | None = None  # None while it runs


class Supervisor:
    def __init__(
        self,
        folder: Path,
        urls: Mapping[str, str],
        report: Report,
        databases: Mapping[str, str] | None = None,
    ) -> None:
        """`urls`: those of the servers, by environment variable; `databases`: by command."""
        self._logs = folder / "logs"
        self._logs.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._environment = ChildEnvironment(folder, urls, databases=databases)
        self._report = report
        self._processes: dict[str, ManagedProcess] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `werknetz <arguments>` and keep it running."""
        command = [*werknetz_command(), *arguments]
        self._processes[name] = ManagedProcess(name, command, self._launch(name, command))

    async def watch(self) -> None:
        """Restart processes that die, with a growing delay, until cancelled."""
        while True:
            for process in self._processes.values():
                self._restart_if_dead(process)
            await asyncio.sleep(CHECK_EVERY_S)

    async def stop_process(self, name: str) -> None:
        """Stop a process whose work is done."""
        process = self._processes.pop(name)
        await process.child.stop(signal.SIGTERM, within_s=STOP_WITHIN_S)

    async def stop(self) -> None:
        """Stop all in reverse order of their start, each within a bound."""
        try:
            while self._processes:
                _, process = self._processes.popitem()
                await process.child.stop(signal.SIGTERM, within_s=STOP_WITHIN_S)
        finally:
            for process in self._processes.values():
                process.child.kill()

    def log_file(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def log_tail(self, name: str) -> str:
        return self._processes[name].child.log_tail()

    def pids(self) -> dict[str, int]:
        return {name: process.child.pid for name, process in self._processes.items()}

    def _restart_if_dead(self, process: ManagedProcess) -> None:
        now = time.monotonic()
        if process.restart_at is not None:
            if now >= process.restart_at:
                process.child = self._launch(process.name, process.command)
                process.started, process.restart_at = now, None
            return
        if process.child.is_alive:
            return
        if now - process.started > STEADY_AFTER_S:
            process.backoff.reset()
        wait_s = process.backoff.next_s()
        process.child.kill()  # closes its death pipe and ends its children
        process.restart_at = now + wait_s
        code = process.child.popen.returncode
        self._report(
            f"  {process.name} ended ({_exit_text(code)}); restart in {wait_s:.0f} s. "
            f"Its log: {self.log_file(process.name)}"
        )

    def _launch(self, name: str, command: list[str]) -> Child:
        return Child.start(
            command,
            log=self.log_file(name),
            folder=self._folder,
            environment=self._environment.of(command[len(werknetz_command())]),
        )


def werknetz_command() -> list[str]:
    """Return the command that runs `werknetz` of this installation."""
    script = Path(sys.executable).with_name("werknetz")
    if script.exists():
        return [sys.executable, str(script)]
    return [sys.executable, "-m", "werknetz_client.cli"]


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
