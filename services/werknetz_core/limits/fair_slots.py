"""Slots that keys share: a bound for each key and one for all, and a fair queue for both.

A slot that becomes free goes to the key that has waited longest since its last slot, so a key
with a hundred waiting requests delays another key by at most one of them.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class NoSlot(Exception):
    """No slot became free in time, or too many requests of the key already wait."""


class FairSlots:
    """Slots of one process; use them from one event loop."""

    def __init__(
        self, *, per_key: int, total: int | None = None, waiting_max: int, wait_s: float
    ) -> None:
        """`total` None: only the bound of each key; `waiting_max`: requests of one key in line."""
        self._per_key = per_key
        self._total = total
        self._waiting_max = waiting_max
        self._wait_s = wait_s
        self._taken: Counter[int] = Counter()
        self._lines: dict[int, deque[asyncio.Future[None]]] = {}  # in the order of service

    @property
    def taken(self) -> int:
        return self._taken.total()

    def taken_by(self, key_id: int) -> int:
        return self._taken[key_id]

    def waiting_of(self, key_id: int) -> int:
        return len(self._lines.get(key_id, ()))

    @asynccontextmanager
    async def hold(self, key_id: int) -> AsyncIterator[None]:
        """Hold a slot; raise NoSlot if none becomes free in time."""
        await self.acquire(key_id)
        try:
            yield
        finally:
            self.release(key_id)

    async def acquire(self, key_id: int) -> None:
        """Take a slot, for which the caller owes one `release`; raise NoSlot."""
        if self._is_free(key_id):  # then nobody of this key waits
            self._taken[key_id] += 1
            return
        line = self._lines.setdefault(key_id, deque())
        if len(line) >= self._waiting_max:
            raise NoSlot
        slot = asyncio.get_running_loop().create_future()
        line.append(slot)
        try:
            await asyncio.wait({slot}, timeout=self._wait_s)
        except asyncio.CancelledError:
            if slot.done():
                self.release(key_id)
            else:
                self._leave(key_id, slot)
            raise
        if not slot.done():
            self._leave(key_id, slot)
            raise NoSlot

    def release(self, key_id: int) -> None:
        self._taken[key_id] -= 1
        if not self._taken[key_id]:
            del self._taken[key_id]
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        """Give the slots that are free to those who wait."""
        while (next_key := next(filter(self._is_free, self._lines), None)) is not None:
            self._serve(next_key)

    def _serve(self, key_id: int) -> None:
        """Give a slot to the first in line of a key, which then is the last to be served."""
        line = self._lines.pop(key_id)
        self._taken[key_id] += 1
        line.popleft().set_result(None)
        if line:
            self._lines[key_id] = line

    def _is_free(self, key_id: int) -> bool:
        return self._taken[key_id] < self._bound_of(key_id) and (
            self._total is None or self._taken.total() < self._total
        )

    def _bound_of(self, key_id: int) -> int:  # noqa: ARG002  bounds that processes share depend on it
        return self._per_key

    def _leave(self, key_id: int, slot: asyncio.Future[None]) -> None:
        line = self._lines[key_id]
        line.remove(slot)
        if not line:
            del self._lines[key_id]
