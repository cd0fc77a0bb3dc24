"""Moments that hold although the wall clock is set between them.

The uptime of a machine runs on over the end of a process; after a reboot only the wall clock is
left. A gap between two moments must contain what was lost, so it spans what either clock says.
"""

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@cache
def read_boot_id() -> str:
    """Return what differs after each boot of the machine; empty where the system has no such id."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment by the wall clock (µs since 1970) and by the uptime of one boot."""

    wall_us: int
    uptime_us: int = 0
    boot_id: str = ""  # empty: the uptime is unknown


def current_moment() -> Moment:
    return Moment(time.time_ns() // 1000, time.monotonic_ns() // 1000, read_boot_id())


def span_of(start: Moment, end: Moment) -> tuple[int, int]:
    """Return the first and last instant (µs since 1970) that the time between them may contain."""
    if not start.boot_id or start.boot_id != end.boot_id:
        return min(start.wall_us, end.wall_us), max(start.wall_us, end.wall_us)
    elapsed_us = end.uptime_us - start.uptime_us
    return (
        min(start.wall_us, end.wall_us - elapsed_us),
        max(end.wall_us, start.wall_us + elapsed_us),
    )
