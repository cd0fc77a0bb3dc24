"""Decides which raw deliveries are stored beside the records: all, up to a rate in bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from werknetz.connector.clock.clock_check import TimeOptions
from werknetz.connector.contract import Delivery
from werknetz.connector.raw import encode_delivery
from werknetz.events.batch import Raw

_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class RawLimiter:
    """A token bucket of bytes: a flood of input must not fill the disk twice over."""

    bytes_per_minute_max: int  # 0: raw input is not stored
    now_s: Callable[[], float]
    dropped: int = 0  # deliveries
    _budget_bytes: float = 0.0
    _refilled_at_s: float | None = None

    def encode(
        self, delivery: Delivery, arrival_us: int, mapping: str, time: TimeOptions | None = None
    ) -> Raw | None:
        """Encode a delivery; return None where the limit drops it or nothing is raw in it."""
        if self.bytes_per_minute_max <= 0:
            return None
        now_s = self.now_s()
        elapsed_s = _MINUTE_S if self._refilled_at_s is None else now_s - self._refilled_at_s
        self._refilled_at_s = now_s
        refill = elapsed_s / _MINUTE_S * self.bytes_per_minute_max
        self._budget_bytes = min(self._budget_bytes + refill, float(self.bytes_per_minute_max))
        if self._budget_bytes <= 0:
            self.dropped += 1
            return None
        raw = encode_delivery(delivery, arrival_us, mapping, time)
        if raw is not None:
            self._budget_bytes -= len(raw.payload)
        return raw
