"""The state of the wide process, in a file beside its socket: its owner and it write, all read."""

import os
from enum import StrEnum
from pathlib import Path


class WideState(StrEnum):
    IDLE = "idle"  # it starts with the first wide request
    STARTING = "starting"
    OK = "ok"
    RESTARTING = "restarting"  # it ended by itself; until it serves again


def write_state(socket_path: str, state: WideState) -> None:
    """Replace the state at once: no reader sees half of it."""
    file = _file_of(socket_path)
    new = file.with_name(f"state.{os.getpid()}")
    new.write_text(state)
    new.replace(file)


def read_state(socket_path: str) -> WideState:
    """Return the state; without a file the owner has ended, and nobody starts the process."""
    try:
        return WideState(_file_of(socket_path).read_text())
    except FileNotFoundError:
        return WideState.RESTARTING


def _file_of(socket_path: str) -> Path:
    return Path(socket_path).with_name("state")
