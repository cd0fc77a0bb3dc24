"""What each item delivered last, and when: to find the items that the server no longer updates."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_NEVER: Final = -math.inf


class Activity:
    """The last notified value of each client handle, and the monotonic second of its arrival."""

    def __init__(self) -> None:
        self.now_s = 0.0  # of the message that is decoded now
        self._arrival_s = np.zeros(0)
        self._value = np.zeros(0)
        self._objects: dict[int, Any] = {}  # values that are no plain number

    def note(
        self,
        handles: NDArray[Any],
        values: NDArray[np.float64],
        texts: Sequence[str] | None = None,
    ) -> None:
        """Note numbers, also NaN for a value that the server could not give; or texts."""
        self._reserve(int(handles.max()))
        self._arrival_s[handles] = self.now_s
        self._value[handles] = values
        if texts is not None:
            self._objects.update(zip(handles.tolist(), texts, strict=True))

    def note_object(self, handle: int, value: Any) -> None:
        """Note a text, a structure or a whole array."""
        self._reserve(handle)
        self._arrival_s[handle] = self.now_s
        self._value[handle] = math.nan
        self._objects[handle] = value

    def arrival_s(self, handle: int) -> float:
        """Return when the item delivered last; minus infinity: never."""
        return float(self._arrival_s[handle]) if handle < len(self._arrival_s) else _NEVER

    def is_current(self, handle: int, value: Any) -> bool:
        """Whether a value that was read equals the one that was notified last."""
        if handle >= len(self._arrival_s):
            return False
        number = float(self._value[handle])
        if isinstance(value, float) and math.isnan(value):
            return math.isnan(number)
        if isinstance(value, bool | int | float) and not math.isnan(number):
            return number == float(value)
        return _equal(self._objects.get(handle), value)

    def _reserve(self, handle: int) -> None:
        missing = handle + 1 - len(self._arrival_s)
        if missing > 0:
            missing = max(missing, len(self._arrival_s), 64)
            self._arrival_s = np.append(self._arrival_s, np.full(missing, _NEVER))
            self._value = np.append(self._value, np.full(missing, math.nan))


def _equal(former: Any, value: Any) -> bool:
    if isinstance(former, list) and isinstance(value, list):
        return len(former) == len(value) and all(map(_equal, former, value))
    if isinstance(former, float) and isinstance(value, float) and math.isnan(former):
        return math.isnan(value)
    return bool(former == value)
