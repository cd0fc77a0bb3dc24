"""What Celery may call: three lines each over functions that are tested without it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
from celery.signals import worker_process_shutdown, worker_shutdown

from werknetz.runtime import heartbeat
from werknetz.runtime.log import get_logger
from werknetz.store.elements.machine_inputs import PATHS_OF_MACHINES
from werknetz_worker import compute, outages
from werknetz_worker import sweep as sweeping
from werknetz_worker.app import app
from werknetz_worker.projection import projector
from werknetz_worker.retention import drop_expired
from werknetz_worker.session import Session
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.stock import reconcile as stock
from werknetz_worker.supply import reconcile
from werknetz_worker.supply import sweep as supply_sweep

SOFT_LIMIT_S: Final = 50
LOOK_BACK: Final = timedelta(days=7)  # an edge away for days gives its backlog in hours
# The database is away or busy: the next tick tries again, the marks are still there.
_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UndefinedTableError,
)
_log: Final = get_logger("worker.tasks")


class _Process:
    """What this process has opened; opens on first use, so in the child, after the fork."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self._session: Session | None = None

    async def session(self) -> Session:
        if self._session is None:
            self._session = await Session.open(WorkerSettings.from_environment())
            # A worker that was killed may have computed without saying so.
            paths = await self._session.pool.fetch(PATHS_OF_MACHINES)
            await self._session.watermarks.grow(row[0] for row in paths)
            await self._session.watermarks.grow_marks([reconcile.MARK, stock.MARK])
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self.runner.run(self._session.close())
            self._session = None
        self.runner.close()


_process = _Process()


@app.task(name="kpi.compute_dirty_buckets", soft_time_limit=SOFT_LIMIT_S)
def compute_dirty_buckets() -> None:
    """Bring elements up to date with what arrived since the last tick."""
    heartbeat.touch()
    _process.runner.run(_compute())


@app.task(name="kpi.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep() -> None:
    """Find what nobody triggered: silent connectors, and what time alone has changed."""
    heartbeat.touch()
    _process.runner.run(_sweep())


@app.task(name="supply.project", soft_time_limit=SOFT_LIMIT_S)
def project_events() -> None:
    """Bring business events into the model: facts of supply and stock, and what they change."""
    heartbeat.touch()
    _process.runner.run(_project())


@app.task(name="supply.reconcile", soft_time_limit=SOFT_LIMIT_S)
def reconcile_supply() -> None:
    """Bring call-offs, due lines, shipments and findings up to date with what arrived."""
    heartbeat.touch()
    _process.runner.run(_reconcile())


@app.task(name="supply.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep_supply() -> None:
    """Find relations that time alone has changed: windows that passed, shipments overdue."""
    heartbeat.touch()
    _process.runner.run(_sweep_supply())


@app.task(name="stock.reconcile", soft_time_limit=SOFT_LIMIT_S)
def reconcile_stock() -> None:
    """Bring balances, stock-outs and days of stock up to date with what arrived."""
    heartbeat.touch()
    _process.runner.run(_reconcile_stock())


@app.task(name="stock.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep_stock() -> None:
    """Find stock that time alone has changed: a new day, a stock-out that goes on."""
    heartbeat.touch()
    _process.runner.run(_reconcile_stock(swept=True))


@app.task(name="kpi.retention", soft_time_limit=SOFT_LIMIT_S)
def retention() -> None:
    """Forget old revisions, drop the days that nobody keeps."""
    heartbeat.touch()
    _process.runner.run(_forget())


async def _compute() -> None:
    try:
        session = await _process.session()
        await compute.dirty_buckets(session.pool, session.watermarks)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _project() -> None:
    try:
        session = await _process.session()
        await projector.project(session.pool)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _reconcile() -> None:
    try:
        session = await _process.session()
        await reconcile.dirty_relations(session.pool, session.watermarks)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _reconcile_stock(*, swept: bool = False) -> None:
    try:
        session = await _process.session()
        if swept:
            await stock.sweep(session.pool, datetime.now(UTC))
        await stock.dirty_stock(session.pool, session.watermarks)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _sweep_supply() -> None:
    try:
        session = await _process.session()
        await supply_sweep.sweep(session.pool, time.time_ns() // 1000)
        await reconcile.dirty_relations(session.pool, session.watermarks)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _sweep() -> None:
    try:
        session = await _process.session()
        await outages.watch(session.pool, datetime.now(UTC))
        await sweeping.sweep(session.pool, time.time_ns() // 1000)
        await compute.dirty_buckets(session.pool, session.watermarks)
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


async def _forget() -> None:
    try:
        session = await _process.session()
        days = session.settings.revisions_kept_days
        await sweeping.forget_revisions(session.pool, time.time_ns() // 1000, kept_days=days)
        await outages.watch(session.pool, datetime.now(UTC), again=LOOK_BACK)
        await drop_expired(session.pool, session.settings, datetime.now(UTC))
    except _AWAY as error:
        _log.warning("the database is away", error=type(error).__name__, detail=str(error))


def _close(**_: object) -> None:
    _process.close()


worker_process_shutdown.connect(_close, weak=False)
worker_shutdown.connect(_close, weak=False)
