"""The wide process: answers wide requests beside the API process, with a lower priority.

It starts with the first wide request: its owner listens for it on a socket in a folder that only
its user may open. It ends with its owner, however that ends, and where it failed it starts again.
"""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from werknetz.runtime.background import STEADY_S, BackgroundTask
from werknetz.runtime.backoff import Backoff
from werknetz.runtime.log import get_logger
from werknetz_core.limits.wide_process.state import WideState, write_state
from werknetz_core.processes.child import run_child
from werknetz_core.settings import CoreSettings

BACKLOG: Final = 512
STOP_S: Final = 3.0
_log: Final = get_logger("core.wide")


class WideProcess:
    """Starts the process when somebody connects to the listener."""

    def __init__(self, settings: CoreSettings, listener: socket.socket, path: str) -> None:
        self._settings = settings
        self._listener = listener
        self._path = path
        self._backoff = Backoff(first_s=0.5, max_s=30.0)

    async def run(self) -> None:
        """Run the process from the first request on, until cancelled."""
        loop = asyncio.get_running_loop()
        await _await_client(loop, self._listener)
        write_state(self._path, WideState.STARTING)
        while True:
            began_s = loop.time()
            status = await run_child(__package__, self._settings, self._listener, stop_s=STOP_S)
            write_state(self._path, WideState.RESTARTING)  # until the next one serves
            if loop.time() - began_s >= STEADY_S:
                self._backoff.reset()
            delay_s = self._backoff.next_s()
            _log.error("the wide process ended", status=status, restart_in_s=round(delay_s, 1))
            await asyncio.sleep(delay_s)


@contextlib.asynccontextmanager
async def open_wide_process(settings: CoreSettings) -> AsyncIterator[str]:
    """Own a wide process, and yield the path of its socket."""
    # Pages of other origins ask the API process; its replies have the headers for them.
    # It signs nobody in, so it gets no secret for that.
    own = replace(
        settings, wide_process=False, wide_socket=None, cors_origins=(), oidc=None, totp_box=None
    )
    with (
        tempfile.TemporaryDirectory(prefix="werknetz-wide-") as folder,  # mode 0700
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener,
    ):
        path = str(Path(folder) / "socket")
        listener.bind(path)
        listener.listen(BACKLOG)
        listener.setblocking(False)
        write_state(path, WideState.IDLE)
        async with BackgroundTask("wide process", WideProcess(own, listener, path).run):
            yield path


async def _await_client(loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
    """Wait until somebody connects; the process accepts the connection."""
    has_connected = asyncio.Event()
    loop.add_reader(listener, has_connected.set)
    try:
        await has_connected.wait()
    finally:
        loop.remove_reader(listener)
