"""Supervised background tasks: a task that fails is logged, restarted, and visible in its status.

    task = BackgroundTask("replays", lambda: replay.run(database))
    task.start()
    ...
    task.status()   # TaskStatus(name="replays", state="running", since=…, restarts=0, error="")
    await task.stop()

or, for the lifetime of a block:

    async with BackgroundTask("replays", lambda: replay.run(database)) as task:
        ...

* `run` is a coroutine function without arguments; it is called again for each restart. It runs
  until it is cancelled; a normal return ends the task (state "finished").
* An exception is logged with its traceback and `run` is called again after a delay of `backoff`.
  A run of at least `steady_s` resets the back-off. `restart=False`: the state stays "failed".
* `status()` is a snapshot for `health/ready`: `state` is "stopped", "running", "restarting",
  "finished" or "failed", `since` the time of that state, `restarts` how often the task was
  restarted, `error` the last exception; `is_healthy` is false while "restarting" or "failed".
* `stop(timeout_s)` cancels the task and returns after `timeout_s` at the latest; a task that does
  not end by then is logged. It may be called twice, and before `start`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger

STOP_TIMEOUT_S: Final = 5.0
STEADY_S: Final = 60.0
_ERROR_CHARS_MAX: Final = 500
_log: Final = get_logger("runtime.background")

TaskState = Literal["stopped", "running", "restarting", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """State of a background task at one moment."""

    name: str
    state: TaskState
    since: datetime
    restarts: int
    error: str

    @property
    def is_healthy(self) -> bool:
        return self.state not in {"restarting", "failed"}


def end_if_cancelled() -> None:
    """Raise CancelledError where the task at hand was cancelled and a library forgot it.

    Under Python 3.11 `asyncio.wait_for` returns its result and forgets a cancellation that comes
    in the same instant, and redis-py sends each command with it. A loop without an end that talks
    to Redis calls this in each turn.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class BackgroundTask:
    """One supervised coroutine. See the module for what it promises."""

    def __init__(
        self,
        name: str,
        run: Callable[[], Coroutine[Any, Any, None]],
        *,
        backoff: Backoff | None = None,
        steady_s: float = STEADY_S,
        restart: bool = True,
    ) -> None:
        self.name = name
        self._run = run
        self._backoff = backoff or Backoff(first_s=1.0, max_s=60.0)
        self._steady_s = steady_s
        self._restart = restart
        self._task: asyncio.Task[None] | None = None
        self._state: TaskState = "stopped"
        self._since = datetime.now(UTC)
        self._restarts = 0
        self._error = ""

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self) -> None:
        """Start the task; raise RuntimeError where it runs already."""
        if self._task is not None:
            raise RuntimeError(f"background task {self.name!r} is already started")
        self._task = asyncio.create_task(self._supervise(), name=self.name)

    async def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Cancel the task and wait for its end, at most `timeout_s`."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=timeout_s)
        if pending:
            _log.error("background task does not stop", task=self.name, timeout_s=timeout_s)
        self._enter("stopped")

    def status(self) -> TaskStatus:
        return TaskStatus(self.name, self._state, self._since, self._restarts, self._error)

    async def _supervise(self) -> None:
        while True:
            started_s = time.monotonic()
            self._enter("running")
            error = await self._run_once()
            if error is None:
                self._enter("finished")
                return
            self._error = f"{type(error).__name__}: {error}"[:_ERROR_CHARS_MAX]
            if not self._restart:
                _log.error("background task failed", task=self.name, exc_info=error)
                self._enter("failed")
                return
            if time.monotonic() - started_s >= self._steady_s:
                self._backoff.reset()
            delay_s = self._backoff.next_s()
            _log.error(
                "background task failed",
                task=self.name,
                restart_in_s=round(delay_s, 1),
                exc_info=error,
            )
            self._enter("restarting")
            await asyncio.sleep(delay_s)
            self._restarts += 1

    async def _run_once(self) -> BaseException | None:
        """Return why the run ended: None after a normal return."""
        try:
            await self._run()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return error  # nobody cancelled this task: something that `run` awaited was cancelled
        except Exception as error:  # noqa: BLE001  the caller logs it with its traceback
            return error
        return None

    def _enter(self, state: TaskState) -> None:
        self._state, self._since = state, datetime.now(UTC)
