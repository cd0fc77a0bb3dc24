"""Which items have still to tell their first value, whatever comes in one message."""

import numpy as np

from werknetz_edge.opcua.subscription.initial_values import Firsts


def test_each_item_tells_its_first_value_once() -> None:
    firsts = Firsts()
    assert not firsts.told(3)
    firsts.expect(range(5))
    assert firsts.told(np.array([1, 1, 2], np.uint32))
    assert not firsts.told(np.array([1, 2], np.uint32))
    assert firsts.told(np.array([0, 1], np.uint32))
    assert not firsts.told(np.array([700], np.uint32))  # an element of an array
    assert firsts.waiting == 2
    firsts.forget(4)
    assert firsts.told(3)
    assert firsts.waiting == 0


def test_an_item_that_is_followed_again_tells_it_again() -> None:
    firsts = Firsts()
    firsts.expect([2000])
    assert firsts.told(2000)
    firsts.expect([2000])
    assert firsts.waiting == 1
    assert firsts.told(2000)
