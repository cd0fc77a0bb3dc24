"""What a scenario is: one kind of fault in the middle of a flow, with a verdict of its own."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chaos.stage import Stage

SPOOL_BYTES: Final = 50_000_000  # more than a scenario fills


class NotPossible(Exception):
    """This machine does not allow the fault; the text names what is missing."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of fault.

    `prepare` surrounds the servers. `loses_disk`: a gap record may stand for lost messages.
    `spool_bytes`: a small spool is full, and trims, after seconds.
    """

    name: str
    run: Callable[[Stage], Awaitable[None]]
    loses_disk: bool = False
    spool_bytes: int = SPOOL_BYTES
    prepare: Callable[[Path], AbstractContextManager[None]] = lambda _: nullcontext()


SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(
    name: str,
    *,
    loses_disk: bool = False,
    spool_bytes: int = SPOOL_BYTES,
    prepare: Callable[[Path], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Callable[[Callable[[Stage], Awaitable[None]]], Callable[[Stage], Awaitable[None]]]:
    """Register a scenario under the name by which `--scenario` selects it."""

    def register(run: Callable[[Stage], Awaitable[None]]) -> Callable[[Stage], Awaitable[None]]:
        SCENARIOS[name] = Scenario(name, run, loses_disk, spool_bytes, prepare)
        return run

    return register
