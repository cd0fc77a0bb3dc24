"""Whether a value that was read equals the one that was notified last."""

import math
from typing import Any

import numpy as np
import pytest

from werknetz_edge.opcua.subscription.activity import Activity

NAN = math.nan


@pytest.mark.parametrize(
    ("notified", "read", "same"),
    [
        (1.0, 1.0, True),
        (1.0, 1, True),
        (1.0, True, True),
        (0.0, False, True),
        (1.0, 1.5, False),
        (NAN, NAN, True),
        (NAN, 1.0, False),
        (1.0, NAN, False),
        (1.0, "1.0", False),
        ("A", "A", True),
        ("A", "B", False),
        ("A", 1.0, False),
        (2**60, 2**60, True),
        (2**60, 2**60 + 1, False),
        ([1.0, NAN], [1.0, NAN], True),
        ([1.0, 2.0], [1.0, 3.0], False),
        ([1.0, 2.0], [1.0], False),
        ([[1.0], [2.0]], [[1.0], [2.0]], True),
    ],
)
def test_equality(notified: Any, read: Any, *, same: bool) -> None:
    activity = Activity()
    if isinstance(notified, float):
        activity.note(np.array([3]), np.array([notified]))
    else:
        activity.note_object(3, notified)
    assert activity.is_current(3, read) is same


def test_an_item_without_a_notification_is_never_current() -> None:
    activity = Activity()
    assert not activity.is_current(7, 1.0)
    assert activity.arrival_s(7) == -math.inf


def test_arrival_is_that_of_the_message() -> None:
    activity = Activity()
    activity.now_s = 5.0
    activity.note(np.array([0, 200]), np.array([1.0, 2.0]))
    activity.now_s = 6.0
    activity.note_object(100, "x")
    assert [activity.arrival_s(n) for n in (0, 100, 200)] == [5.0, 6.0, 5.0]
    assert activity.arrival_s(50) == -math.inf
    activity.note(np.array([100]), np.array([3.0]))
    assert activity.is_current(100, 3.0)
