"""How slow the processor of this machine is at present, for limits of processor time in tests."""

import time
from typing import Final

REFERENCE_S: Final = 0.09  # processor time of the reference computation on an idle target machine


def reference_s() -> float:
    """Return the processor time of a computation such as readers of messages make."""
    started_s = time.process_time()
    for _ in range(4):
        table = {}
        for n, raw in enumerate(("LIN+1++ABC:IN'QTY+12:100:PCE'" * 10_000).split("'")):
            parts = [part.split(":") for part in raw.split("+")]
            table[n] = {"a": parts[0], "b": n}
    return time.process_time() - started_s


def slowness() -> float:
    """Return how many times slower than an idle target machine this one is now; at least 1."""
    return max(1.0, reference_s() / REFERENCE_S)
