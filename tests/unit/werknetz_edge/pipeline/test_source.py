"""A connector that raises anything anywhere starts again; only the spool ends the process."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import uuid4

import pytest

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Reading,
)
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.events.batch import GapOpened
from werknetz.runtime.log import get_logger
from werknetz_edge.pipeline import source as source_module
from werknetz_edge.pipeline.source import BrokenConnector, Source, create_or_broken, describe_error
from werknetz_edge.pipeline.supervise import is_fatal, run_supervised
from werknetz_edge.spool.errors import SpoolFailed
from werknetz_edge.spool.spool_file import SpoolLocked

LIMIT_S: Final = 60


class Unreadable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "runtime": lambda: RuntimeError("bug"),
    "attribute": lambda: AttributeError("'NoneType' object has no attribute 'x'"),
    "key": lambda: KeyError("x"),
    "assertion": AssertionError,
    "memory": MemoryError,
    "unreadable": Unreadable,
    "group": lambda: ExceptionGroup("tasks", [ValueError("in a task")]),
    "exit": lambda: SystemExit(3),
    "cancelled": asyncio.CancelledError,  # something that the connector awaited was cancelled
}
STAGES: Final = (
    "restore_checkpoints",
    "connect",
    "read",
    "acknowledge",
    "take_outage_report",
    "close",
)


class Fragile:
    """Delivers one value a read; the first instance raises at one stage."""

    def __init__(self, stage: str = "", error: Callable[[], BaseException] = RuntimeError) -> None:
        self.status = ConnectorStatus()
        self.stage = stage
        self.error = error
        self.reads = 0
        self.closed = 0

    def _reach(self, stage: str) -> None:
        if stage == self.stage:
            raise self.error()

    def restore_checkpoints(self, _: Sequence[bytes]) -> None:
        self._reach("restore_checkpoints")

    async def connect(self) -> None:
        self._reach("connect")

    async def read(self) -> Delivery:
        self._reach("read")
        self.reads += 1
        if self.stage in {"close", "take_outage_report"}:
            raise ConnectionLost("cut")
        await asyncio.sleep(0)
        return Delivery([Reading("a", self.reads)], acknowledge=self._acknowledge)

    async def _acknowledge(self) -> None:
        self._reach("acknowledge")

    def take_outage_report(self) -> Delivery | None:
        self._reach("take_outage_report")
        return None

    async def close(self) -> None:
        self.closed += 1
        self._reach("close")


async def no_checkpoints() -> list[bytes]:
    return []


async def run_source(
    source: Source, until: Callable[[], bool], *, within_s: float = LIMIT_S
) -> None:
    task = asyncio.ensure_future(source.run())
    try:
        async with asyncio.timeout(within_s):
            while not until() and not task.done():  # noqa: ASYNC110  the condition has no event
                await asyncio.sleep(0.01)
        if task.done():
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_MIN_S", "RETRY_MAX_S", "REJECTED_S", "DEFECT_MIN_S", "DEFECT_MAX_S"):
        monkeypatch.setattr(source_module, name, 0.001)


def source_of(
    connector: Any,
    create: Callable[[], Any] | None = None,
    store: Callable[[Delivery], Awaitable[None]] | None = None,
) -> tuple[Source, list[Delivery]]:
    stored: list[Delivery] = []

    async def keep(delivery: Delivery) -> None:
        stored.append(delivery)

    log = get_logger("test")
    return Source(connector, store or keep, no_checkpoints, log, create), stored


@pytest.mark.asyncio
@pytest.mark.usefixtures("prompt")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
async def test_a_failure_leads_to_the_next_attempt(
    stage: str, error: Callable[[], BaseException]
) -> None:
    first, healthy = Fragile(stage, error), Fragile()
    instances = [healthy]

    def create() -> Fragile:
        return instances.pop()

    def repair() -> bool:
        if stage == "take_outage_report":  # logged only: this instance goes on
            first.stage = ""
        return healthy.reads > 3 or first.reads > 3

    source, stored = source_of(first, create)
    await run_source(source, repair)
    assert first.closed == 1 or stage == "take_outage_report"
    assert len(stored) >= 3
    assert source.connector.status.state == "running"
    assert source.connector.status.detail == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("error", ERRORS.values(), ids=list(ERRORS))
async def test_a_defect_is_shown_with_step_reason_and_retry(
    error: Callable[[], BaseException],
) -> None:
    name = "ValueError" if isinstance(error(), ExceptionGroup) else type(error()).__name__
    broken = Fragile("read", error)
    source, _ = source_of(broken, lambda: Fragile("read", error))
    await run_source(source, lambda: broken.closed > 0)
    assert broken.status.state == "failed"
    assert broken.status.detail.startswith(f"read: {name}")
    assert "; next attempt in " in broken.status.detail


@pytest.mark.asyncio
@pytest.mark.usefixtures("prompt")
async def test_an_error_of_the_construction_is_a_failure_of_this_connector() -> None:
    attempts: list[int] = []

    def create() -> Fragile:
        attempts.append(1)
        if len(attempts) < 4:
            raise ImportError("driver not installed")
        return Fragile()

    source, stored = source_of(create_or_broken(create), create)
    assert isinstance(source.connector, BrokenConnector)
    await run_source(source, lambda: len(stored) > 2)
    assert len(attempts) == 4


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "error",
    [
        SpoolFailed("disk"),
        SpoolLocked("in use"),
        ExceptionGroup("both", [ValueError("x"), SpoolFailed("disk")]),
    ],
)
async def test_a_failure_of_the_spool_ends_the_process(error: Exception) -> None:
    async def store(_: Delivery) -> None:
        raise error

    source, _ = source_of(Fragile(), store=store)
    with pytest.raises(type(error)):
        await run_source(source, lambda: False)
    assert is_fatal(error)


@pytest.mark.asyncio
async def test_its_own_cancellation_is_no_failure() -> None:
    source, stored = source_of(Fragile())
    task = asyncio.ensure_future(source.run())
    while not stored:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
@pytest.mark.usefixtures("prompt")
@pytest.mark.parametrize(
    ("error", "state", "keeps"),
    [
        (ConnectionLost("cut"), "connecting", True),
        (OSError(111, "refused"), "connecting", True),
        (TimeoutError(), "connecting", True),
        (ConfigurationRejected("wrong password"), "rejected", True),
        (ConfigurationError(["key `x` is unknown"]), "rejected", False),
        (ValueError("bug"), "failed", False),
    ],
)
async def test_which_failures_keep_the_instance(error: Exception, state: str, keeps: bool) -> None:
    first = Fragile("connect", lambda: error)
    source, stored = source_of(first, Fragile)
    states: set[str] = set()

    def is_seen() -> bool:
        states.add(first.status.state)
        return first.closed > 2 or len(stored) > 1

    await run_source(source, is_seen)
    assert state in states
    assert (source.connector is first) is keeps


class Slow:
    """Connects in steps; each takes a while."""

    def __init__(self, steps: int, step_s: float, limit_s: float = 0.0) -> None:
        self.status = ConnectorStatus()
        self.steps, self.step_s, self.limit_s = steps, step_s, limit_s

    async def connect(self) -> None:
        for number in range(self.steps):
            self.status.begin(f"read page {number + 1} of {self.steps}", self.limit_s)
            await asyncio.sleep(self.step_s)

    async def read(self) -> Delivery:
        return await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.asyncio
async def test_a_slow_source_connects_as_long_as_its_steps_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source_module, "CONNECT_S", 0.5)
    source, _ = source_of(Slow(10, 0.2))
    started_s = time.monotonic()
    await run_source(source, lambda: source.connector.status.state == "running")
    assert time.monotonic() - started_s > 2 * 0.5
    assert source.connector.status.step == ""


@pytest.mark.asyncio
async def test_a_step_may_have_a_longer_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "CONNECT_S", 0.05)
    monkeypatch.setattr(source_module, "STEP_MARGIN_S", 0.05)
    source, _ = source_of(Slow(1, 0.5, limit_s=5.0))
    await run_source(source, lambda: source.connector.status.state == "running")


@pytest.mark.asyncio
async def test_a_step_that_does_not_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "CONNECT_S", 0.1)
    source, _ = source_of(Slow(2, 3600))
    await run_source(source, lambda: "next attempt" in source.connector.status.detail)
    assert source.connector.status.detail.startswith(
        "connect (read page 1 of 2): no progress for 0.1 s; next attempt in "
    )
    assert source.connector.status.state == "connecting"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "no answer in time"),
        (TimeoutError("no answer in 3 s"), "no answer in 3 s"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ConnectionLost("cut"), "cut"),
        (ConnectionLost(), "ConnectionLost"),
        (KeyError("x"), "KeyError: 'x'"),
        (AssertionError(), "AssertionError"),
        (Unreadable(), "Unreadable, without a readable text"),
        (ExceptionGroup("tasks", [KeyError("x")]), "KeyError: 'x'"),
        (ExceptionGroup("tasks", [ConnectionLost("cut"), KeyError()]), "cut and 1 more"),
    ],
)
def test_a_reason_is_never_empty(error: Exception, text: str) -> None:
    assert describe_error(error) == text


@pytest.mark.asyncio
@pytest.mark.usefixtures("prompt")
async def test_the_gap_of_an_outage_is_stored_while_it_lasts() -> None:
    class Reporting(Fragile):
        def take_outage_report(self) -> Delivery | None:
            return Delivery(gaps=[GapOpened(uuid4(), "a", [], 1, "connection_lost")])

    source, stored = source_of(Reporting("connect", lambda: ConnectionLost("cut")))
    await run_source(source, lambda: len(stored) > 0)
    assert [gap.cause for gap in stored[0].gaps if isinstance(gap, GapOpened)] == [
        "connection_lost"
    ]


@pytest.mark.asyncio
async def test_a_supervised_task_runs_again_and_ends_when_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("werknetz_edge.pipeline.supervise.RETRY_MIN_S", 0.001)
    runs: list[int] = []
    resets: list[int] = []

    async def run() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("bug")

    await run_supervised("x", run, get_logger("test"), on_error=lambda: resets.append(1))
    assert (len(runs), len(resets)) == (3, 2)

    async def fail() -> None:
        raise ValueError("bug")

    monkeypatch.setattr("werknetz_edge.pipeline.supervise.RETRY_MIN_S", 30.0)
    stop = asyncio.Event()
    task = asyncio.ensure_future(run_supervised("x", fail, get_logger("test"), stop=stop))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(LIMIT_S):
        await task
