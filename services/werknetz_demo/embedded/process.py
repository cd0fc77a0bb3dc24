"""One child: it dies with us even when we are killed, writes to a file, and stops within a bound.

On Linux the kernel kills it (PR_SET_PDEATHSIG), elsewhere a watcher at the end of a pipe does.
"""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes ports of outgoing connections (32768), so that a server
# that is down for a moment finds its port again; a Redis Cluster needs them under 55535.
PORTS = range(20_000, 32_000)
LOG_BYTES_MAX = 16 * 1024 * 1024
GONE_WITHIN_S = 5.0
POLL_S = 0.01

_SHIM = Path(__file__).with_name("shim.py")


@dataclass
class Child:
    """A process that we started, and the writing end of its leash where it has one."""

    popen: subprocess.Popen[bytes]
    log: Path
    leash: int | None

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        log: Path,
        folder: Path | None = None,
        user: tuple[int, int] | None = None,
        death_signal: int = signal.SIGKILL,
        environment: Mapping[str, str] | None = None,
        watchdog: bool = not sys.platform.startswith("linux"),
    ) -> Self:
        """Start it in a session of its own, so that Ctrl-C reaches us and not it.

        The kernel's death signal comes when the *thread* that started the child ends; a child
        started from any thread but the main one is therefore watched through a pipe.
        """
        watchdog = watchdog or threading.current_thread() is not threading.main_thread()
        far, near = os.pipe() if watchdog else (-1, None)
        uid, gid = user or (-1, -1)
        shim = (os.getpid(), int(death_signal), uid, gid, far)
        try:
            with _opened(log) as output:
                popen = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_SHIM), *map(str, shim), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=environment,
                    start_new_session=True,
                    pass_fds=(far,) if watchdog else (),
                )
        except BaseException:
            if near is not None:
                os.close(near)
            raise
        finally:
            if watchdog:
                os.close(far)
        return cls(popen, log, near)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def last_words(self, lines_max: int = 15) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines_max:])

    async def stop(self, first: int, *, patience_s: float) -> None:
        """Ask with the signal that the server takes for an orderly end, wait, then kill."""
        try:
            if self.alive:
                self.popen.send_signal(first)
                self.resume()  # a paused server hears no signal but SIGKILL
            for _ in range(int(patience_s / POLL_S)):
                if not self.alive:
                    break
                await asyncio.sleep(POLL_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL it and everything below it; return when all are gone. Safe to call twice."""
        if self.alive:
            self.popen.send_signal(signal.SIGSTOP)  # so that it starts no more of them
            below = list(descendants(self.pid))
            for pid in (*below, self.pid):
                _signal(pid, signal.SIGKILL)
            self.popen.wait(GONE_WITHIN_S)
            wait_gone(below)
        if self.leash is not None:
            with suppress(BrokenPipeError):
                os.write(self.leash, b".")  # an orderly farewell: the watcher kills nobody
            os.close(self.leash)
            self.leash = None

    def pause(self) -> None:
        for pid in (self.pid, *descendants(self.pid)):
            _signal(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in (*descendants(self.pid), self.pid):
            _signal(pid, signal.SIGCONT)


def descendants(pid: int) -> Iterator[int]:
    """Return all below `pid`; PostgreSQL gives each backend a session, so a group is not enough."""
    children: dict[int, list[int]] = {}
    for child, parent, state in _everyone():
        if state != "Z":
            children.setdefault(parent, []).append(child)
    waiting = children.get(pid, [])
    while waiting:
        yield (found := waiting.pop())
        waiting += children.get(found, [])


def wait_gone(pids: Sequence[int]) -> None:
    """Wait for processes that are not our children; one that init has yet to reap is gone."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while set(pids) & {pid for pid, _, state in _everyone() if state != "Z"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"killed, but still there: {list(pids)}")
        time.sleep(POLL_S)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    for port in random.SystemRandom().sample(PORTS, 100):
        if is_free(port):
            return port
    raise OSError(f"no free port among {PORTS.start}-{PORTS.stop} on {LOOPBACK}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do it: connections of the one before, in TIME_WAIT, do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _everyone() -> Iterator[tuple[int, int, str]]:
    """Each process as (pid, parent, state); a slim container has no `ps`, a Mac no /proc."""
    if not sys.platform.startswith("linux"):
        table = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,stat="], text=True)
        for pid, parent, state in (line.split() for line in table.splitlines()):
            yield int(pid), int(parent), state[0]
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it ended while we looked
                # The name in brackets may hold blanks and brackets of its own.
                state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                yield int(entry.name), int(parent), state


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _opened(log: Path) -> BinaryIO:
    """Open the log for appending; one that has grown too long makes room once a start."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.old"))
    log.touch(mode=0o600)
    return log.open("ab")
