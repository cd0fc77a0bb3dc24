"""The life of a connector: create, connect, read, close. A failure leads to the next attempt.

A lost connection or a rejected configuration keeps the instance. Any other exception is a defect
of the connector: it is logged, and a new instance takes over after a back-off. Other connectors
of the process are not affected (M14).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Never

from werknetz.connector.contract import (
    ConfigurationRejected,
    ConnectionLost,
    Connector,
    ConnectorStatus,
    Delivery,
    Gathering,
    OutageReporter,
    Redeliverable,
)
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import Logger
from werknetz_edge.pipeline.fault import sentence_of_failure
from werknetz_edge.pipeline.supervise import must_propagate
from werknetz_edge.spool.spool_file import clock_us

CONNECT_S: Final = 60.0  # for one step of `connect`
STEP_MARGIN_S: Final = 5.0
CLOSE_S: Final = 5.0
GATHER_S: Final = 0.15  # between two batches of a source that sends by itself
RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 5.0  # with its jitter and a new session: values within 15 s of the return
STABLE_S: Final = 30.0  # after a session of this length the back-off starts again
REJECTED_S: Final = 30.0
DEFECT_MIN_S: Final = 1.0
DEFECT_MAX_S: Final = 60.0
_DETAIL_MAX: Final = 2000

Create = Callable[[], Connector]


class BrokenConnector:
    """Stands in for a connector whose construction failed: each `connect` raises the error."""

    def __init__(self, error: BaseException) -> None:
        self.status = ConnectorStatus()
        self._error = error

    async def connect(self) -> None:
        self.status.begin("create the connector")
        raise self._error

    async def read(self) -> Delivery:
        raise self._error

    async def close(self) -> None:
        """Close nothing."""


def create_or_broken(create: Create) -> Connector:
    """Create a connector; an exception becomes the failure of its first `connect`."""
    try:
        return create()
    except BaseException as error:
        if must_propagate(error):
            raise
        return BrokenConnector(error)


def describe_error(error: BaseException) -> str:
    """Return the reason for the status; the type too, unless the text was made for a reader."""
    if isinstance(error, BaseExceptionGroup):  # of the tasks of a connector
        more = f" and {len(error.exceptions) - 1} more" if len(error.exceptions) > 1 else ""
        return f"{describe_error(error.exceptions[0])}{more}"
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  a defect in the exception itself must not hide it
        return f"{name}, without a readable text"
    if isinstance(error, ConnectionLost | ConfigurationRejected | ConfigurationError | OSError):
        return text or ("no answer in time" if isinstance(error, TimeoutError) else name)
    return f"{name}: {text}" if text else name


class Source:
    """Runs one connector, with a new instance after a defect; `connector` is the present one."""

    def __init__(
        self,
        connector: Connector,
        store: Callable[[Delivery], Awaitable[None]],
        load_checkpoints: Callable[[], Awaitable[Sequence[bytes]]],
        log: Logger,
        create: Create | None = None,
    ) -> None:
        self.connector = connector
        self._store = store
        self._load_checkpoints = load_checkpoints
        self._create = create
        self._log = log
        self._stage = "connect"
        self._needs_checkpoints = True
        self._is_defective = False
        self._backoff = Backoff(RETRY_MIN_S, RETRY_MAX_S)
        self._defect_backoff = Backoff(DEFECT_MIN_S, DEFECT_MAX_S)

    async def run(self) -> Never:
        """Run for ever. Raises only what ends the process: a failure of the spool."""
        while True:
            started_s = time.monotonic()
            try:
                await self._run_session()
            except BaseException as error:
                if must_propagate(error):
                    raise
                if time.monotonic() - started_s > STABLE_S:
                    self._backoff.reset()
                    self._defect_backoff.reset()
                retry_s = self._note_failure(error)
            await self._store_outage_gaps()
            status = self.connector.status
            shown = status.state, status.detail
            await self.close()
            status.state, status.detail = shown  # until the next attempt
            if self._is_defective:
                self._replace()
            await asyncio.sleep(retry_s)

    async def _run_session(self) -> Never:
        connector, status = self.connector, self.connector.status
        status.state, self._stage, status.step = "connecting", "connect", ""
        if self._needs_checkpoints and isinstance(connector, Redeliverable):
            status.begin("restore the checkpoints")
            connector.restore_checkpoints(await self._load_checkpoints())
            status.step = ""
        self._needs_checkpoints = False
        await self._connect(connector)
        status.state, status.detail, status.step, status.fault = "running", "", "", None
        began_s = -GATHER_S  # when the last delivery was taken
        while True:
            self._stage = "read"
            if isinstance(connector, Gathering):
                await _gather(connector, began_s)
            delivery = await connector.read()
            began_s = time.monotonic()
            self._stage = "store"
            await self._store(delivery)
            self._stage = "acknowledge"
            await delivery.acknowledge()
            status.last_good_us = clock_us()

    async def _connect(self, connector: Connector) -> None:
        """Connect as long as steps complete; each has `CONNECT_S`, or what it says it needs."""
        loop, status = asyncio.get_running_loop(), connector.status
        allowed_s = CONNECT_S
        try:
            async with asyncio.timeout(allowed_s) as limit:

                def extend(limit_s: float) -> None:
                    nonlocal allowed_s
                    allowed_s = max(CONNECT_S, limit_s + STEP_MARGIN_S if limit_s else 0.0)
                    if not limit.expired():
                        limit.reschedule(loop.time() + allowed_s)

                status.on_step = extend
                await connector.connect()
        except TimeoutError as error:
            if limit.expired():
                raise ConnectionLost(f"no progress for {allowed_s:g} s") from error
            raise
        finally:
            status.on_step = None

    def _note_failure(self, error: BaseException) -> float:
        """Show and log a failure; return after how many seconds the next attempt follows."""
        status = self.connector.status
        step = f" ({status.step})" if self._stage == "connect" and status.step else ""
        reason = f"{self._stage}{step}: {describe_error(error)}"
        if isinstance(error, ConfigurationRejected | ConfigurationError):
            state, retry_s = "rejected", self._backoff.with_jitter(REJECTED_S)
            self._is_defective = isinstance(error, ConfigurationError)  # only a new one reads it
        elif isinstance(error, ConnectionLost | OSError):
            state, retry_s = "connecting", self._backoff.next_s()
            self._is_defective = isinstance(self.connector, BrokenConnector)
        else:
            state, retry_s = "failed", self._defect_backoff.next_s()
            self._is_defective = True
        status.state, status.fault = state, sentence_of_failure(error)
        status.detail = f"{reason}; next attempt in {retry_s:.1f} s"[:_DETAIL_MAX]
        if state == "failed":
            self._log.error(
                "connector failed", stage=self._stage, step=status.step, reason=reason,
                retry_s=round(retry_s, 1), exc_info=error,
            )  # fmt: skip
        else:
            self._log.warning("source lost", state=state, reason=reason, retry_s=round(retry_s, 1))
        return retry_s

    async def _store_outage_gaps(self) -> None:
        if not isinstance(self.connector, OutageReporter):
            return
        try:
            report = self.connector.take_outage_report()
            if report is not None:
                await self._store(report)
        except BaseException as error:
            if must_propagate(error):
                raise
            self._log.exception("gaps of the outage not stored")

    def _replace(self) -> None:
        """Replace a defective connector by a new instance, which starts from the checkpoints."""
        self._is_defective = False
        if self._create is None:
            return
        former = self.connector.status
        self.connector = create_or_broken(self._create)
        status = self.connector.status
        status.state, status.detail = former.state, former.detail
        status.last_good_us, status.fault = former.last_good_us, former.fault
        self._needs_checkpoints = True

    async def close(self) -> None:
        """Close the session. An error is logged; a defective connector is replaced later."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.connector.close()
        except (ConnectionLost, OSError) as error:
            self._log.warning("source not closed cleanly", reason=describe_error(error))
        except BaseException as error:
            if must_propagate(error):
                raise
            self._is_defective = True
            self._log.exception("connector failed", stage="close", reason=describe_error(error))


async def _gather(connector: Gathering, began_s: float) -> None:
    """Wait until `GATHER_S` after the last delivery was taken; not at all after a quiet time."""
    remaining_s = began_s + GATHER_S - time.monotonic()
    if remaining_s > 0:
        await connector.gather(remaining_s)
