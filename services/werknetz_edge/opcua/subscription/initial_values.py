"""Which items have still to tell their first value: the current one, perhaps told before.

Once all have told it, a message costs nothing here.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np


class InitialValues:
    """Of one subscription, by handle."""

    def __init__(self) -> None:
        self.expected_count = 0
        self._due = np.zeros(0, np.bool_)

    def expect(self, handles: Iterable[int]) -> None:
        """These are followed from now on."""
        for handle in handles:
            if handle >= len(self._due):
                self._due = np.append(self._due, np.zeros(handle + 1, np.bool_))
            self._due[handle] = True
        self.expected_count = int(self._due.sum())

    def observe(self, handles: Any) -> bool:
        """Whether one of these (an array, or a number) tells its first value."""
        known = np.atleast_1d(handles)
        known = known[known < len(self._due)]
        first = bool(self._due[known].any())
        if first:
            self._due[known] = False
            self.expected_count = int(self._due.sum())
        return first

    def discard(self, handle: int) -> None:
        """The server refuses it."""
        self.observe(handle)
