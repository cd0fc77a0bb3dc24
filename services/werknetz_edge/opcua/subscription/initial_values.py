"""Items whose initial value has not arrived yet; it may repeat a value that is stored already.

Once all have arrived, a message costs nothing here.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np


class InitialValues:
    """Expected initial values of one subscription, by handle."""

    def __init__(self) -> None:
        self.expected_count = 0
        self._expected = np.zeros(0, np.bool_)

    def expect(self, handles: Iterable[int]) -> None:
        """Expect the initial values of new items."""
        for handle in handles:
            if handle >= len(self._expected):
                self._expected = np.append(self._expected, np.zeros(handle + 1, np.bool_))
            self._expected[handle] = True
        self.expected_count = int(self._expected.sum())

    def observe(self, handles: Any) -> bool:
        """Return whether one of these handles (an array or a number) has its initial value."""
        indexes = np.atleast_1d(handles)
        indexes = indexes[indexes < len(self._expected)]
        first = bool(self._expected[indexes].any())
        if first:
            self._expected[indexes] = False
            self.expected_count = int(self._expected.sum())
        return first

    def discard(self, handle: int) -> None:
        """Expect nothing of an item that the server has refused."""
        self.observe(handle)
