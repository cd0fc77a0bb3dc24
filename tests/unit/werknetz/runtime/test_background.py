import asyncio

import pytest
import structlog
from structlog.testing import LogCapture

from werknetz.runtime import background
from werknetz.runtime.background import BackgroundTask
from werknetz.runtime.backoff import Backoff

pytestmark = pytest.mark.asyncio


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    capture = LogCapture()
    monkeypatch.setattr(background, "_log", structlog.wrap_logger(None, processors=[capture]))
    return capture


class Worker:
    """Fails `failures` times, then runs until it is cancelled."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.starts = 0
        self.is_steady = asyncio.Event()

    async def run(self) -> None:
        self.starts += 1
        if self.starts <= self.failures:
            raise RuntimeError(f"failure {self.starts}")
        self.is_steady.set()
        await asyncio.Event().wait()


async def reach(task: BackgroundTask, state: str) -> None:
    async with asyncio.timeout(60):
        while task.status().state != state:  # noqa: ASYNC110  a state has no event
            await asyncio.sleep(0)


def at_once() -> Backoff:
    return Backoff(first_s=0.0, max_s=0.0)


async def test_a_failed_task_is_logged_and_restarted(logs: LogCapture) -> None:
    worker = Worker(failures=2)
    async with BackgroundTask("job", worker.run, backoff=at_once()) as task:
        async with asyncio.timeout(60):
            await worker.is_steady.wait()
        status = task.status()
        assert (status.name, status.state, status.restarts) == ("job", "running", 2)
        assert status.error == "RuntimeError: failure 2"
        assert status.is_healthy
    assert [entry["event"] for entry in logs.entries] == ["background task failed"] * 2
    assert all(entry["exc_info"] and entry["task"] == "job" for entry in logs.entries)
    assert task.status().state == "stopped"


@pytest.mark.usefixtures("logs")
async def test_a_task_that_waits_for_its_restart_is_not_healthy() -> None:
    worker = Worker(failures=1)
    task = BackgroundTask("job", worker.run, backoff=Backoff(first_s=60.0, max_s=60.0, jitter=0))
    task.start()
    await reach(task, "restarting")
    status = task.status()
    assert not status.is_healthy
    assert status.error == "RuntimeError: failure 1"
    assert status.restarts == 0
    await task.stop()
    assert worker.starts == 1


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize(("steady_s", "attempts"), [(0.0, 1), (60.0, 3)])
async def test_a_steady_run_resets_the_back_off(steady_s: float, attempts: int) -> None:
    worker, backoff = Worker(failures=3), at_once()
    async with BackgroundTask("job", worker.run, backoff=backoff, steady_s=steady_s):
        async with asyncio.timeout(60):
            await worker.is_steady.wait()
        assert backoff.attempts == attempts


async def test_a_task_that_is_not_restarted_stays_failed(logs: LogCapture) -> None:
    worker = Worker(failures=1)
    task = BackgroundTask("job", worker.run, restart=False)
    task.start()
    await reach(task, "failed")
    assert not task.status().is_healthy
    assert [entry["event"] for entry in logs.entries] == ["background task failed"]
    await task.stop()
    assert worker.starts == 1


async def test_a_cancelled_part_of_the_work_is_a_failure(logs: LogCapture) -> None:
    async def run() -> None:
        raise asyncio.CancelledError("a part was cancelled")

    task = BackgroundTask("job", run, restart=False)
    task.start()
    await reach(task, "failed")
    assert task.status().error == "CancelledError: a part was cancelled"
    assert len(logs.entries) == 1
    await task.stop()


async def test_a_normal_return_ends_the_task() -> None:
    ended = asyncio.Event()

    async def run() -> None:
        ended.set()

    task = BackgroundTask("job", run)
    task.start()
    await ended.wait()
    await reach(task, "finished")
    assert task.status().is_healthy
    await task.stop()


async def test_stop_is_bounded(logs: LogCapture) -> None:
    release, started = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        started.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    task = BackgroundTask("stubborn", run)
    task.start()
    await started.wait()
    async with asyncio.timeout(60):
        await task.stop(timeout_s=0.01)
    assert [entry["event"] for entry in logs.entries] == ["background task does not stop"]
    release.set()


async def test_stop_may_be_called_twice_and_before_start() -> None:
    task = BackgroundTask("job", Worker().run)
    await task.stop()
    task.start()
    await task.stop()
    await task.stop()
    assert task.status().state == "stopped"


async def test_a_task_starts_only_once() -> None:
    async with BackgroundTask("job", Worker().run) as task:
        with pytest.raises(RuntimeError, match="already started"):
            task.start()
