"""Waiting for another process by polling, with a time limit."""

import asyncio
import time
from collections.abc import Callable


async def until(is_true: Callable[[], bool], *, within_s: float, every_s: float = 0.05) -> None:
    """Return when it is true; raise TimeoutError when it is not in time."""
    async with asyncio.timeout(within_s):
        while not is_true():  # noqa: ASYNC110 - the world outside our loop sets no event
            await asyncio.sleep(every_s)


def eventually(
    is_true: Callable[[], bool],
    *,
    within_s: float,
    every_s: float = 0.2,
    what: str | Callable[[], str] = "",
) -> None:
    """As `until`, for a test without a loop. `what` may be a report, made when the time is over."""
    deadline = time.monotonic() + within_s
    while not is_true():
        if time.monotonic() > deadline:
            cause = what if isinstance(what, str) else what()
            raise TimeoutError(f"not within {within_s} s: {cause or is_true}")
        time.sleep(every_s)
