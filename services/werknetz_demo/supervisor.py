"""The processes of one installation: started in order, watched, started again when they die.

Each writes to a log of its own; the kernel ends them when we are killed.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from werknetz.runtime.backoff import Backoff
from werknetz_demo.embedded.process import Child

LOOK_EVERY_S: Final = 0.2
PATIENCE_S: Final = 8.0
BACK_OFF_FIRST_S: Final = 1.0
BACK_OFF_MAX_S: Final = 30.0
STEADY_AFTER_S: Final = 60.0  # one that ran this long has earned a quick restart

Say = Callable[[str], None]


class CrewError(RuntimeError):
    """A process cannot do its work; the text carries the end of its log."""


@dataclass
class Member:
    name: str
    command: list[str]
    child: Child
    started: float = field(default_factory=time.monotonic)
    backoff: Backoff = field(
        default_factory=lambda: Backoff(BACK_OFF_FIRST_S, BACK_OFF_MAX_S, jitter=0)
    )
    again_at: float | None = None  # when to start it again; None: it runs


class Crew:
    def __init__(self, folder: Path, environment: Mapping[str, str], say: Say) -> None:
        self._logs = folder / "logs"
        self._logs.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._say = say
        self._members: dict[str, Member] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `werknetz <arguments>` and keep it running."""
        command = [*werknetz_command(), *arguments]
        self._members[name] = Member(name, command, self._launch(name, command))

    async def watch(self) -> None:
        """Start again whoever dies, a little later each time; until cancelled."""
        while True:
            for member in self._members.values():
                self._look_after(member)
            await asyncio.sleep(LOOK_EVERY_S)

    async def dismiss(self, name: str) -> None:
        """End one whose work is done."""
        member = self._members.pop(name)
        await member.child.stop(signal.SIGTERM, patience_s=PATIENCE_S)

    async def stop(self) -> None:
        """Stop all, last started first; each within its bound."""
        try:
            while self._members:
                _, member = self._members.popitem()
                await member.child.stop(signal.SIGTERM, patience_s=PATIENCE_S)
        finally:
            for member in self._members.values():
                member.child.kill()

    def last_words(self, name: str) -> str:
        return self._members[name].child.last_words()

    def pids(self) -> dict[str, int]:
        return {name: member.child.pid for name, member in self._members.items()}

    def _look_after(self, member: Member) -> None:
        now = time.monotonic()
        if member.again_at is not None:
            if now >= member.again_at:
                member.child = self._launch(member.name, member.command)
                member.started, member.again_at = now, None
            return
        if member.child.alive:
            return
        if now - member.started > STEADY_AFTER_S:
            member.backoff.reset()
        wait_s = member.backoff.next_s()
        member.child.kill()  # lets go of its leash, and of whatever it had started
        member.again_at = now + wait_s
        code = member.child.popen.returncode
        self._say(
            f"  {member.name} ended ({_ending(code)}); again in {wait_s:.0f} s. "
            f"Its log: {self._logs / member.name}.log"
        )

    def _launch(self, name: str, command: list[str]) -> Child:
        return Child.start(
            command,
            log=self._logs / f"{name}.log",
            folder=self._folder,
            environment=self._environment,
        )


def werknetz_command() -> list[str]:
    """Return how the command line of this very installation is called."""
    beside = Path(sys.executable).with_name("werknetz")
    if beside.exists():
        return [sys.executable, str(beside)]
    return [sys.executable, "-m", "werknetz_client.cli"]


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
