"""CPU time of this process and of PostgreSQL: a busy machine does not lengthen it."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from werknetz_demo.embedded.process import descendants

_PROC: Final = Path("/proc")
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


def used_s(server_pid: int) -> float:
    """Seconds so far, of us and of PostgreSQL. Where there is no /proc: those that went by."""
    if not _PROC.is_dir():
        return time.perf_counter()
    return time.process_time() + used_by_s([server_pid])


def used_by_s(pids: Iterable[int]) -> float:
    """Seconds so far of processes and all below them. Where there is no /proc: that went by."""
    if not _PROC.is_dir():
        return time.perf_counter()
    return sum(_used_s(process) for pid in pids for process in (pid, *descendants(pid)))


async def median_s(work: Callable[[], Awaitable[object]], server_pid: int, rounds: int) -> float:
    """Do it once to warm up, then so often; return the median of the CPU time."""
    await work()
    took = []
    for _ in range(rounds):
        began = used_s(server_pid)
        await work()
        took.append(used_s(server_pid) - began)
    return statistics.median(took)


def _used_s(pid: int) -> float:
    """User and system time, with that of children that have ended: they are in the parent's."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:  # it has just ended
        return 0.0
    fields = text.rpartition(")")[2].split()
    ended_s = sum(map(int, fields[13:15])) * _TICK_S
    tasks = [_ran_s(task) for task in (_PROC / str(pid) / "task").glob("*/schedstat")]
    # Where the system counts it, in nanoseconds; else in ticks of a hundredth of a second.
    return ended_s + (sum(tasks) or sum(map(int, fields[11:13])) * _TICK_S)


def _ran_s(task: Path) -> float:
    try:
        return int(task.read_text().split()[0]) / 1e9
    except OSError:  # it has just ended
        return 0.0
