"""`werknetz ingest`: the process around the writer."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from prometheus_client import start_http_server

from werknetz.link.redis import RedisCoreLink
from werknetz.runtime import log
from werknetz.runtime.background import BackgroundTask
from werknetz.runtime.settings import SettingError, require_env
from werknetz.store.session import Database, PoolOptions
from werknetz_core.ingest.durability import UnsafeDatabase
from werknetz_core.ingest.writer import Writer
from werknetz_core.mappings.replays import runner as replays

STOPPED_WITHIN_S: Final = 20.0
_REPLAYS: Final = PoolOptions("werknetz replays", sessions_max=1, statement_timeout_s=60)
_UNSAFE_EXIT: Final = 78  # EX_CONFIG: a supervisor need not try again at once
_log = log.get_logger("ingest")


def register(app: typer.Typer) -> None:
    @app.command()
    def ingest(
        metrics_port: Annotated[
            int | None,
            typer.Option(envvar="WERKNETZ_INGEST_METRICS_PORT", help="Serve /metrics there."),
        ] = None,
    ) -> None:
        """Write the data of connectors into PostgreSQL, exactly once. Several may run."""
        log.configure()
        try:
            database, redis = (
                require_env("WERKNETZ_DATABASE_URL"),
                require_env("WERKNETZ_REDIS_URL"),
            )
            with _metrics(metrics_port):
                asyncio.run(serve(database, redis))
        except (SettingError, ValueError) as error:
            _log.error("cannot start", error=str(error))
            raise typer.Exit(_UNSAFE_EXIT) from None
        except UnsafeDatabase as error:
            _log.critical("refusing to run", error=str(error))
            raise typer.Exit(_UNSAFE_EXIT) from None


async def serve(database_url: str, redis_url: str) -> None:
    """Write until SIGTERM or SIGINT; the current transaction ends first, within a time limit."""
    link = RedisCoreLink.connect(redis_url)
    writer = Writer(database_url, link)
    # Replays correct samples: nobody else may delete them.
    database = Database(database_url, _REPLAYS)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        writer.stop()
        # A missing answer must not block the process: an open transaction is rolled back.
        loop.call_later(STOPPED_WITHIN_S, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    _log.info("writer starts", pid=os.getpid())
    try:
        async with BackgroundTask("replays", lambda: replays.run(database)):
            await writer.run()
    finally:
        await database.close()
        await link.close()
    _log.info("writer stopped")


def _give_up() -> None:
    _log.error("did not stop in time: open transactions are rolled back")
    sys.stderr.flush()
    os._exit(1)


@contextmanager
def _metrics(port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    server, thread = start_http_server(port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
