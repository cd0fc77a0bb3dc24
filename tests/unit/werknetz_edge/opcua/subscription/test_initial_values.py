"""Initial values of monitored items, whatever one message contains."""

import numpy as np

from werknetz_edge.opcua.subscription.initial_values import InitialValues


def test_each_item_has_one_initial_value() -> None:
    firsts = InitialValues()
    assert not firsts.observe(3)
    firsts.expect(range(5))
    assert firsts.observe(np.array([1, 1, 2], np.uint32))
    assert not firsts.observe(np.array([1, 2], np.uint32))
    assert firsts.observe(np.array([0, 1], np.uint32))
    assert not firsts.observe(np.array([700], np.uint32))  # an element of an array
    assert firsts.expected_count == 2
    firsts.discard(4)
    assert firsts.observe(3)
    assert firsts.expected_count == 0


def test_an_item_that_is_created_again_has_another() -> None:
    firsts = InitialValues()
    firsts.expect([2000])
    assert firsts.observe(2000)
    firsts.expect([2000])
    assert firsts.expected_count == 1
    assert firsts.observe(2000)
