"""Several API processes of one host: they accept connections from one socket.

A process that ends is started again; the others serve meanwhile. One wide process answers the
wide requests of all. Their metrics are in files of a folder that each start makes anew.
"""

import asyncio
import contextlib
import signal
import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from werknetz.runtime.background import STEADY_S
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.http_server.server import open_socket
from werknetz.runtime.log import get_logger
from werknetz_core.limits.wide_process.process import open_wide_process
from werknetz_core.processes.child import run_child
from werknetz_core.processes.worker import DRAIN_S, ApiOptions

WORKERS_MAX: Final = 64
_MODULE: Final = "werknetz_core.processes.worker"
_log: Final = get_logger("core.processes")


async def serve(options: ApiOptions, *, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; then each process answers what it has. Raises OSError."""
    listener = open_socket(host, port)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="werknetz-metrics-"))
        options = replace(options, metrics_folder=Path(folder))
        if options.settings.wide_process:
            path = await stack.enter_async_context(open_wide_process(options.settings))
            options = replace(options, settings=replace(options.settings, wide_socket=path))
        has_ended = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, has_ended.set)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_run_always(options, listener, number), name=f"api {number}")
                for number in range(1, workers + 1)
            ]
            address = listener.getsockname()
            _log.info("API processes started", count=workers, host=address[0], port=address[1])
            await has_ended.wait()
            for task in tasks:
                task.cancel()


async def _run_always(options: ApiOptions, listener: socket.socket, number: int) -> None:
    options = replace(options, number=number)
    backoff = Backoff(first_s=0.5, max_s=30.0)
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        status = await run_child(_MODULE, options, listener, stop_s=DRAIN_S + 2)
        if loop.time() - began_s >= STEADY_S:
            backoff.reset()
        delay_s = backoff.next_s()
        _log.error(
            "an API process ended", number=number, status=status, restart_in_s=round(delay_s, 1)
        )
        await asyncio.sleep(delay_s)
