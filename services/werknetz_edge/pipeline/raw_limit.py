"""Decides which raw deliveries go along with the facts: all, up to so many bytes a minute."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from werknetz.connector.contract import Delivery
from werknetz.connector.raw import encode_delivery
from werknetz.events.batch import Raw

_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class RawKeeper:
    """A bucket of bytes that fills evenly: a flood of input must not fill the disk twice over."""

    bytes_per_minute_max: int  # 0: none is kept
    now_s: Callable[[], float]
    dropped: int = 0  # deliveries
    _room: float = 0.0
    _filled_s: float | None = None

    def keep(self, delivery: Delivery, arrival_us: int, mapping: str) -> Raw | None:
        if self.bytes_per_minute_max <= 0:
            return None
        now_s = self.now_s()
        passed_s = _MINUTE_S if self._filled_s is None else now_s - self._filled_s
        self._filled_s = now_s
        earned = passed_s / _MINUTE_S * self.bytes_per_minute_max
        self._room = min(self._room + earned, float(self.bytes_per_minute_max))
        if self._room <= 0:
            self.dropped += 1
            return None
        raw = encode_delivery(delivery, arrival_us, mapping)
        if raw is not None:
            self._room -= len(raw.payload)
        return raw
