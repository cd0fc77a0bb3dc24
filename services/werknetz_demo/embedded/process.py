"""A child process that dies with its parent, logs to a file and stops within a bound.

On Linux the kernel kills it (PR_SET_PDEATHSIG); elsewhere a watcher at the end of a pipe does.
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
# Below the range of outgoing connections of Linux (32768), so that a restarted server gets its port
# back; a Redis Cluster needs ports under 55535.
PORTS = range(20_000, 32_000)
LOG_BYTES_MAX = 16 * 1024 * 1024
GONE_WITHIN_S = 30.0
POLL_S = 0.01

_SHIM = Path(__file__).with_name("shim.py")


@dataclass
class Child:
    """A started process, and the writing end of its death pipe if it has one."""

    popen: subprocess.Popen[bytes]
    log: Path
    death_pipe: int | None

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
        """Start it in its own session, so that Ctrl-C does not reach it.

        The kernel sends the death signal when the *thread* that started the child ends; a child
        started from another thread than the main one is therefore watched through a pipe.
        """
        watchdog = watchdog or threading.current_thread() is not threading.main_thread()
        read_end, write_end = os.pipe() if watchdog else (-1, None)
        uid, gid = user or (-1, -1)
        shim = (os.getpid(), int(death_signal), uid, gid, read_end)
        try:
            with _open_log(log) as output:
                popen = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_SHIM), *map(str, shim), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=environment,
                    start_new_session=True,
                    pass_fds=(read_end,) if watchdog else (),
                )
        except BaseException:
            if write_end is not None:
                os.close(write_end)
            raise
        finally:
            if watchdog:
                os.close(read_end)
        return cls(popen, log, write_end)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def log_tail(self, lines_max: int = 15) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines_max:])

    async def stop(self, first: int, *, within_s: float) -> None:
        """Send the signal for an orderly shutdown, wait, then kill."""
        try:
            if self.is_alive:
                self.popen.send_signal(first)
                self.resume()  # a paused process receives no signal but SIGKILL
            for _ in range(int(within_s / POLL_S)):
                if not self.is_alive:
                    break
                await asyncio.sleep(POLL_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL it and its descendants; return when all have ended. Safe to call twice."""
        if self.is_alive:
            self.popen.send_signal(signal.SIGSTOP)  # so that it starts no more children
            children = list(descendants(self.pid))
            for pid in (*children, self.pid):
                _signal(pid, signal.SIGKILL)
            self.popen.wait(GONE_WITHIN_S)
            wait_gone(children)
        if self.death_pipe is not None:
            with suppress(BrokenPipeError):
                os.write(self.death_pipe, b".")  # one byte: the watcher kills nothing
            os.close(self.death_pipe)
            self.death_pipe = None

    def pause(self) -> None:
        for pid in (self.pid, *descendants(self.pid)):
            _signal(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in (*descendants(self.pid), self.pid):
            _signal(pid, signal.SIGCONT)


def descendants(pid: int) -> Iterator[int]:
    """Yield all descendants; PostgreSQL backends have own sessions, so a group is not enough."""
    children: dict[int, list[int]] = {}
    for child, parent, state in _all_processes():
        if state != "Z":
            children.setdefault(parent, []).append(child)
    waiting = children.get(pid, [])
    while waiting:
        yield (child := waiting.pop())
        waiting += children.get(child, [])


def wait_gone(pids: Sequence[int]) -> None:
    """Wait until processes that are not our children have ended; zombies count as ended."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while set(pids) & {pid for pid, _, state in _all_processes() if state != "Z"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"killed, but still running: {list(pids)}")
        time.sleep(POLL_S)


def free_port() -> int:
    """Return a loopback port on which nothing listens now."""
    for port in random.SystemRandom().sample(PORTS, 100):
        if is_port_free(port):
            return port
    raise OSError(f"no free port among {PORTS.start}-{PORTS.stop} on {LOOPBACK}")


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: earlier connections in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _all_processes() -> Iterator[tuple[int, int, str]]:
    """Each process as (pid, parent, state); a slim container has no `ps`, a Mac no /proc."""
    if not sys.platform.startswith("linux"):
        table = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,stat="], text=True)
        for pid, parent, state in (line.split() for line in table.splitlines()):
            yield int(pid), int(parent), state[0]
        return
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):  # it has ended meanwhile
                # The name in brackets may contain spaces and brackets.
                state, parent, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                yield int(entry.name), int(parent), state


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _open_log(log: Path) -> BinaryIO:
    """Open the log for appending; a large one is rotated."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.old"))
    log.touch(mode=0o600)
    return log.open("ab")
