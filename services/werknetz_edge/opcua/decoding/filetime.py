"""Convert FILETIMEs (100 ns since 1601) to µs since 1970 and mark implausible times."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from werknetz.domain.status import UNCERTAIN_TIME

EPOCH_US: Final = 11_644_473_600_000_000  # from 1601 to 1970
NEVER: Final = 2_650_467_743_990_000_000  # 9999-12-31T23:59:59: "no end" (Part 6, 5.2.2.5)
PLAUSIBLE_US: Final = (631_152_000_000_000, 4_102_444_800_000_000)  # 1990 … 2100

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = -EPOCH_US
_LAST: Final = NEVER // 10 - EPOCH_US


def us_of(filetime: int) -> int | None:
    """Convert a FILETIME; None for the values that mean "no time": ≤ 0 and the end of 9999."""
    if filetime <= 0 or filetime >= NEVER:
        return None
    return filetime // 10 - EPOCH_US


def datetime_of(filetime: int) -> datetime:
    """Convert a FILETIME to a datetime, clamped to 1601 … 9999."""
    at = min(max(filetime // 10 - EPOCH_US, _FIRST), _LAST)
    return _EPOCH + timedelta(microseconds=at)


def filetime_of(at: datetime) -> int:
    return ((at - _EPOCH) // timedelta(microseconds=1) + EPOCH_US) * 10


def instants_of(
    source: NDArray[np.int64] | None,
    server: NDArray[np.int64] | None,
    status: NDArray[np.uint32],
    arrived_us: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the time and the status of each value.

    A time is kept as server_us. Where there is none, the server's stands in, else arrival; a time
    that says nothing (0, 1601, 9999) or lies outside 1990 … 2100 makes a good status uncertain.
    """
    no_source = source is None
    if source is None:
        source = server
    if source is None:
        at = np.full(len(status), arrived_us, np.int64)
        return at, _mark_uncertain(status, np.ones(len(status), np.bool_))
    at = source // 10 - EPOCH_US
    is_implausible = (at < PLAUSIBLE_US[0]) | (at > PLAUSIBLE_US[1])
    if not is_implausible.any():
        return at, status
    is_void = (source <= 0) | (source >= NEVER)
    if server is not None and not no_source:
        stand_in = np.where((server <= 0) | (server >= NEVER), arrived_us, server // 10 - EPOCH_US)
    else:
        stand_in = np.full(len(status), arrived_us, np.int64)
    return np.where(is_void, stand_in, at), _mark_uncertain(status, is_implausible)


def instant_of(
    source: int | None, server: int | None, status: int, arrived_us: int
) -> tuple[int, int]:
    """`instants_of` for one value."""
    first = source if source is not None else server
    at = None if first is None else us_of(first)
    if at is None and source is not None and server is not None:
        at = us_of(server)
        at = arrived_us if at is None else at
        certain = False
    else:
        certain = at is not None and PLAUSIBLE_US[0] <= at <= PLAUSIBLE_US[1]
        at = arrived_us if at is None else at
    return at, status if certain or status >= 0x4000_0000 else UNCERTAIN_TIME


def server_instants_of(
    server: NDArray[np.int64] | None, at: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Return the server times; where one is missing, the value's time."""
    if server is None:
        return None
    is_void = (server <= 0) | (server >= NEVER)
    server_us = server // 10 - EPOCH_US
    return np.where(is_void, at, server_us) if is_void.any() else server_us


def _mark_uncertain(status: NDArray[np.uint32], where: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Replace good statuses by UncertainTime; other statuses stay."""
    good = status < np.uint32(0x4000_0000)
    return np.where(where & good, np.uint32(UNCERTAIN_TIME), status)
