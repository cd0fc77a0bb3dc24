"""Instants in order of time."""

import numpy as np
from numpy.typing import NDArray


def sort_distinct(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each instant once, in order.

    As `np.unique`, which hashes: instants are multiples of a second, and almost all collide. What
    is made of ascending parts is sorted in no time.
    """
    ascending = np.sort(at, axis=None, kind="stable")
    is_new = np.ones(len(ascending), np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=is_new[1:])
    return ascending[is_new]
