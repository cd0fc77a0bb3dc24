"""What ends a process, and what is retried: only a failure of the spool is fatal (R1)."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import Logger
from werknetz_edge.spool.errors import SpoolFailed
from werknetz_edge.spool.spool_file import SpoolLocked

RETRY_MIN_S: Final = 1.0
RETRY_MAX_S: Final = 60.0
STABLE_S: Final = 60.0


def is_fatal(error: BaseException) -> bool:
    """Whether an error must end the process: the spool failed, or another process uses it."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_fatal(member) for member in error.exceptions)
    return isinstance(error, SpoolFailed | SpoolLocked | KeyboardInterrupt | GeneratorExit)


def is_cancelled() -> bool:
    """Whether the running task itself was cancelled; else something that it awaited was."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def must_propagate(error: BaseException) -> bool:
    """Whether a supervisor must let an error pass: fatal, or the cancellation of its own task."""
    return is_fatal(error) or (isinstance(error, asyncio.CancelledError) and is_cancelled())


async def run_supervised(
    name: str,
    run: Callable[[], Coroutine[Any, Any, None]],
    log: Logger,
    *,
    on_error: Callable[[], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run until a normal return; log an error and run again with back-off, unless `stop` is set.

    Raises fatal errors.
    """
    backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
    while True:
        started_s = time.monotonic()
        try:
            await run()
        except BaseException as error:
            if must_propagate(error):
                raise
            if time.monotonic() - started_s >= STABLE_S:
                backoff.reset()
            retry_s = backoff.next_s()
            log.exception("task failed", task=name, retry_s=round(retry_s, 1))
        else:
            return
        if on_error is not None:
            on_error()
        if await _is_set_within(stop or asyncio.Event(), retry_s):
            return


async def _is_set_within(event: asyncio.Event, limit_s: float) -> bool:
    try:
        async with asyncio.timeout(limit_s):
            return await event.wait()
    except TimeoutError:
        return False
