"""The Celery tasks: thin wrappers of functions that are tested without Celery."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from celery.signals import worker_process_shutdown, worker_shutdown

from werknetz.runtime import heartbeat
from werknetz.runtime.log import get_logger
from werknetz.store.elements.machine_inputs import PATHS_OF_MACHINES
from werknetz_worker.app import app
from werknetz_worker.elements import compute, outages
from werknetz_worker.elements import sweep as sweeping
from werknetz_worker.failures import Retries, Subject, is_database_away, run_isolated
from werknetz_worker.projection import projector
from werknetz_worker.retention import drop_expired, remove_audit_entries
from werknetz_worker.rollups.failed_marks import FailedMarks
from werknetz_worker.rollups.roll_up import roll_up
from werknetz_worker.session import WorkerConnections
from werknetz_worker.settings import WorkerSettings
from werknetz_worker.stock import reconcile as stock
from werknetz_worker.supply import reconcile
from werknetz_worker.supply import sweep as supply_sweep

SOFT_LIMIT_S: Final = 50
RETENTION_RECHECK_WINDOW: Final = timedelta(
    days=7
)  # an edge that was offline for days sends its backlog within hours
_log: Final = get_logger("worker.tasks")


class _Process:
    """Connections of this process; opened on first use, in the child after the fork."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.retries = Retries()  # of machines, connectors and days
        self.supply_retries = Retries()
        self.stock_retries = Retries()
        self.step_retries = Retries()
        self.failed_rollups = FailedMarks()
        self._session: WorkerConnections | None = None

    async def session(self) -> WorkerConnections:
        if self._session is None:
            self._session = await WorkerConnections.open(WorkerSettings.from_environment())
            # A killed worker may have computed without publishing it.
            paths = await self._session.pool.fetch(PATHS_OF_MACHINES)
            await self._session.watermarks.increment_paths(row[0] for row in paths)
            await self._session.watermarks.increment_names(
                [
                    reconcile.SUPPLY_WATERMARK,
                    stock.STOCK_WATERMARK,
                    projector.PRODUCTS_WATERMARK,
                ]
            )
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self.runner.run(self._session.close())
            self._session = None
        self.runner.close()


_process = _Process()


@app.task(name="kpi.compute_dirty_buckets", soft_time_limit=SOFT_LIMIT_S)
def compute_dirty_buckets() -> None:
    """Compute the elements of dirty buckets."""
    heartbeat.touch()
    _process.runner.run(_compute())


@app.task(name="kpi.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep() -> None:
    """Find silent connectors, and buckets that time alone has changed."""
    heartbeat.touch()
    _process.runner.run(_sweep())


@app.task(name="supply.project", soft_time_limit=SOFT_LIMIT_S)
def project_events() -> None:
    """Project changed business events into fact rows of supply and stock."""
    heartbeat.touch()
    _process.runner.run(_project())


@app.task(name="supply.reconcile", soft_time_limit=SOFT_LIMIT_S)
def reconcile_supply() -> None:
    """Reconcile dirty supply relations: call-offs, due lines, shipments and findings."""
    heartbeat.touch()
    _process.runner.run(_reconcile())


@app.task(name="supply.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep_supply() -> None:
    """Find relations that time alone has changed: passed windows, overdue shipments."""
    heartbeat.touch()
    _process.runner.run(_sweep_supply())


@app.task(name="stock.reconcile", soft_time_limit=SOFT_LIMIT_S)
def reconcile_stock() -> None:
    """Reconcile dirty stock: balances, stock-outs and days of stock."""
    heartbeat.touch()
    _process.runner.run(_reconcile_stock())


@app.task(name="stock.sweep", soft_time_limit=SOFT_LIMIT_S)
def sweep_stock() -> None:
    """Find stock that time alone has changed: a new day, an open stock-out."""
    heartbeat.touch()
    _process.runner.run(_reconcile_stock(swept=True))


@app.task(name="kpi.retention", soft_time_limit=SOFT_LIMIT_S)
def retention() -> None:
    """Delete old revisions and expired days."""
    heartbeat.touch()
    _process.runner.run(_apply_retention())


async def _compute() -> None:
    await _run(
        "compute", lambda s: compute.compute_dirty_buckets(
            s.pool, s.watermarks, retries=_process.retries
        )
    )  # fmt: skip
    await _run("roll up", lambda s: roll_up(s.pool, failed=_process.failed_rollups))


async def _project() -> None:
    await _run("project", lambda s: projector.project(s.pool, s.watermarks))


async def _reconcile() -> None:
    await _run(
        "reconcile supply", lambda s: reconcile.reconcile_dirty_relations(
            s.pool, s.watermarks, retries=_process.supply_retries
        )
    )  # fmt: skip


async def _reconcile_stock(*, swept: bool = False) -> None:
    if swept:
        await _run("mark stock", lambda s: stock.mark_after_time(s.pool, datetime.now(UTC)))
    await _run(
        "reconcile stock", lambda s: stock.reconcile_dirty_stock(
            s.pool, s.watermarks, retries=_process.stock_retries
        )
    )  # fmt: skip


async def _sweep_supply() -> None:
    await _run(
        "mark supply", lambda s: supply_sweep.mark_after_time(s.pool, time.time_ns() // 1000)
    )
    await _reconcile()


async def _sweep() -> None:
    await _run(
        "outages", lambda s: outages.update_outages(
            s.pool, datetime.now(UTC), retries=_process.retries
        )
    )  # fmt: skip
    await _run("mark machines", lambda s: sweeping.mark_after_time(s.pool, time.time_ns() // 1000))
    await _compute()


async def _apply_retention() -> None:
    await _run(
        "revisions", lambda s: sweeping.delete_old_revisions(
            s.pool, time.time_ns() // 1000, retention_days=s.settings.revisions_retention_days
        )
    )  # fmt: skip
    await _run(
        "older outages", lambda s: outages.update_outages(
            s.pool, datetime.now(UTC), recheck_window=RETENTION_RECHECK_WINDOW,
            retries=_process.retries,
        )
    )  # fmt: skip
    await _run(
        "retention", lambda s: drop_expired(
            s.pool, s.settings, datetime.now(UTC), _process.retries
        )
    )  # fmt: skip
    await _run(
        "audit log", lambda s: remove_audit_entries(s.pool, s.settings, datetime.now(UTC))
    )  # fmt: skip


async def _run(name: str, work: Callable[[WorkerConnections], Awaitable[object]]) -> None:
    """Run one step of a task; a step that fails does not stop the next one."""
    try:
        session = await _process.session()
        await run_isolated(
            session.pool, _process.step_retries, Subject("step", name), lambda: work(session)
        )
    except Exception as error:
        if not is_database_away(error):
            raise
        _log.warning("database unavailable", error=type(error).__name__, detail=str(error))


def _close(**_: object) -> None:
    _process.close()


worker_process_shutdown.connect(_close, weak=False)
worker_shutdown.connect(_close, weak=False)
