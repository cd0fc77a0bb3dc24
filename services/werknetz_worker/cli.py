"""`werknetz worker`, `beat` and `recompute`: Celery with our settings."""

import asyncio
import json
import os
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from werknetz.runtime import log


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)
    app.command("beat")(beat)
    app.command("recompute")(recompute)


def worker(
    concurrency: Annotated[
        int, typer.Option(min=1, help="Worker processes; 1 computes in this process.")
    ] = 1,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also run the scheduler (Celery beat) in this process.")
    ] = False,
) -> None:
    """Compute KPIs from new data."""
    celery = _celery()
    if beat:
        _embed_scheduler(celery)
    celery.Worker(
        pool="solo" if concurrency == 1 else "prefork",
        concurrency=concurrency,
        hostname=f"worker-{os.getpid()}@%h",
        without_gossip=True,
        without_mingle=True,
        loglevel="INFO",
    ).start()


def beat() -> None:
    """Run the scheduler (Celery beat) that triggers the workers."""
    celery = _celery(needs_database=False)
    celery.Beat(loglevel="INFO", quiet=True).run()


def recompute(
    path: Annotated[str, typer.Argument(help="Equipment, such as nordwerk/emden-1.")],
    since: Annotated[datetime, typer.Option(help="Start, in UTC.")],
) -> None:
    """Let workers compute an equipment again, for example after a change of its calendar."""
    count = asyncio.run(_mark_for_recomputation(path, since.replace(tzinfo=UTC)))
    typer.echo(
        f"{count} buckets of {path} will be computed again; earlier values stay as revisions"
    )


async def _mark_for_recomputation(path: str, since: datetime) -> int:
    from werknetz.domain.bucket import microseconds_of
    from werknetz.runtime.command import operator_name
    from werknetz.store.database_url import open_connection
    from werknetz.store.shop_floor.audit import ADD_AUDIT_ENTRY
    from werknetz_worker.elements.sweep import mark_under_path
    from werknetz_worker.session import CONNECT_TIMEOUT_S
    from werknetz_worker.settings import WorkerSettings

    url = WorkerSettings.from_environment().database_url
    connection = await open_connection(
        url, timeout=CONNECT_TIMEOUT_S, command_timeout=60,
        server_settings={"application_name": operator_name()},
    )  # fmt: skip
    try:
        async with connection.transaction():
            count = await mark_under_path(connection, path, microseconds_of(since))
            after = json.dumps({"since": since.isoformat(), "buckets": count})
            await connection.execute(
                ADD_AUDIT_ENTRY, "requested", "recomputation", path, None, after
            )
        return count
    finally:
        await connection.close(timeout=5)


def _celery(*, needs_database: bool = True) -> Any:
    """Load the application late: it reads the environment. A wrong setting ends the process."""
    from werknetz.runtime.settings import SettingError, require_env

    log.configure()
    try:
        require_env("WERKNETZ_BROKER_URL")
        if needs_database:
            require_env("WERKNETZ_DATABASE_URL")
        from werknetz_worker.app import app
    except SettingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    return app


def _embed_scheduler(celery: Any) -> None:
    """Run the scheduler in a thread while the worker runs."""
    from celery.beat import EmbeddedService
    from celery.signals import worker_ready, worker_shutting_down

    from werknetz_worker.app import BeatScheduler

    service: Any = EmbeddedService(celery, thread=True, scheduler_cls=BeatScheduler)

    def start(**_: object) -> None:
        service.start()

    def stop(**_: object) -> None:
        service.stop()

    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)
