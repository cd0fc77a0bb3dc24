"""Turns of a worker: what happens now and a long past share its time, so that neither waits."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
LOOK_EVERY_S: Final = 2.0  # for what has become live meanwhile


class Turns(Generic[T]):
    """Yields live entries and past ones; the side that has used less time is next, live first.

    A past entry that has more to do goes to the end: a long past of one does not delay the others.
    """

    def __init__(
        self,
        live: Iterable[T],
        past: Iterable[T],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queues = {False: deque(live), True: deque(past)}
        self._used_s = {False: 0.0, True: 0.0}
        self._clock = clock
        self._began_s = self._looked_s = clock()
        self._is_past = False

    def next(self) -> tuple[T, bool] | None:
        """Return the next entry and whether it is past; None: nothing is left."""
        live, past = self._queues[False], self._queues[True]
        if not live and not past:
            return None
        is_live = bool(live) and (not past or self._used_s[False] <= self._used_s[True])
        self._is_past = not is_live
        self._began_s = self._clock()
        return self._queues[self._is_past].popleft(), self._is_past

    def end(self, again: T | None = None) -> None:
        """Note that the last entry was done; `again`: it has a past that can go on."""
        self._used_s[self._is_past] += self._clock() - self._began_s
        if again is not None:
            self._queues[True].append(again)

    def is_time_to_look(self) -> bool:
        """Return whether a long past has run for so long that something new may be live."""
        if not self._queues[True] or self._clock() - self._looked_s < LOOK_EVERY_S:
            return False
        self._looked_s = self._clock()
        return True

    def add_live(self, entries: Iterable[T]) -> None:
        waiting = set(self._queues[False])
        self._queues[False].extend(entry for entry in entries if entry not in waiting)
