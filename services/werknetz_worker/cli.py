"""`werknetz worker`, `beat` and `recompute`: Celery with the settings that fit us."""

import asyncio
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
        int, typer.Option(min=1, help="Processes that compute at once; 1 computes in this one.")
    ] = 1,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also give the beat, so that no other process need.")
    ] = False,
) -> None:
    """Compute KPIs from what has arrived."""
    celery = _celery()
    if beat:
        _give_the_beat(celery)
    celery.Worker(
        pool="solo" if concurrency == 1 else "prefork",
        concurrency=concurrency,
        hostname=f"worker-{os.getpid()}@%h",
        without_gossip=True,
        without_mingle=True,
        loglevel="INFO",
    ).start()


def beat() -> None:
    """Give the beat: tell workers every few seconds to look for work."""
    celery = _celery()
    celery.Beat(loglevel="INFO", quiet=True).run()


def recompute(
    path: Annotated[str, typer.Argument(help="Equipment, such as nordwerk/emden-1.")],
    since: Annotated[datetime, typer.Option(help="From when on, in UTC.")],
) -> None:
    """Let workers compute an equipment again, such as after a change of its shift calendar."""
    found = asyncio.run(_mark_again(path, since.replace(tzinfo=UTC)))
    typer.echo(f"{found} buckets of {path} will be computed again; what was known is kept")


async def _mark_again(path: str, since: datetime) -> int:
    import asyncpg

    from werknetz.domain.bucket import microseconds_of
    from werknetz_worker.session import CONNECT_TIMEOUT_S
    from werknetz_worker.settings import WorkerSettings
    from werknetz_worker.sweep import mark_again

    url = WorkerSettings.from_environment().database_url
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, command_timeout=60)
    try:
        return await mark_again(connection, path, microseconds_of(since))
    finally:
        await connection.close(timeout=5)


def _celery() -> Any:
    """Load the application only now: it reads the environment."""
    from werknetz.runtime.settings import require_env

    log.configure()
    require_env("WERKNETZ_BROKER_URL")
    require_env("WERKNETZ_DATABASE_URL")
    from werknetz_worker.app import app

    return app


def _give_the_beat(celery: Any) -> None:
    """Start the beat in a thread when the worker is ready: it ends with the worker, always."""
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
