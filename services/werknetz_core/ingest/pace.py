"""When the writer reads again: at once when idle, a little later under load. Pure.

A transaction costs about the same for one batch as for a hundred, so under load batches are given
time to come together.
"""

from typing import Final

LINGER_S: Final = 0.1
"""From one read to the next. With as much at the edge, half the load is stored within 0.3 s."""


def wait_before_read_s(*, since_read_s: float, has_applied: bool, has_more: bool) -> float:
    """Return how long the next read waits; the last one was `since_read_s` ago.

    Not at all after a read without batches, or where a stream holds more than that read took.
    """
    if not has_applied or has_more:
        return 0.0
    return max(0.0, LINGER_S - since_read_s)
