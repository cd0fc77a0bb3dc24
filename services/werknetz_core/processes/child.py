"""Child processes that serve a socket of their owner, and end with it, however it ends.

The owner writes one object to the child's input and leaves the pipe open: its end is the end of
the owner. Secrets stand in no argument, which every user of the machine sees.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any


async def run_child(
    module: str, argument: object, listener: socket.socket, *, stop_s: float
) -> int:
    """Run a module as a process until it ends, and return its status; end it if cancelled."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(listener.fileno()),
        stdin=asyncio.subprocess.PIPE, pass_fds=(listener.fileno(),),
    )  # fmt: skip
    assert process.stdin is not None  # noqa: S101  a pipe
    try:
        with contextlib.suppress(ConnectionError):  # it has ended already
            process.stdin.write(pickle.dumps(argument))
            await process.stdin.drain()
        return await process.wait()
    finally:
        await _stop(process, stop_s)


async def _stop(process: asyncio.subprocess.Process, stop_s: float) -> None:
    """End the process: at the end of its input it answers what it has, for some time."""
    if process.returncode is not None:
        return
    assert process.stdin is not None  # noqa: S101  a pipe
    process.stdin.close()
    try:
        async with asyncio.timeout(stop_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def read_argument() -> Any:
    """In the child: return what its owner wrote. Ctrl-C is for the owner, which ends this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return pickle.load(sys.stdin.buffer)  # noqa: S301  from the owner


def listener_of_owner() -> socket.socket:
    return socket.socket(fileno=int(sys.argv[1]))


def end_with_owner(end: Callable[[], None]) -> None:
    """In the child: call `end` when the owner has closed the input, or has ended."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        end()

    threading.Thread(target=wait, daemon=True).start()
