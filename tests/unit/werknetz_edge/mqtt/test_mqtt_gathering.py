"""How long messages gather: until the limit, until enough, or until the broker's window is full."""

from dataclasses import dataclass, field

import pytest

from werknetz_edge.mqtt.gathering import MESSAGES_ENOUGH, QUIET_S, GatherTimer

LIMIT_S = 0.15


@dataclass
class Clock:
    now_s: float = 0.0
    timer: GatherTimer = field(init=False)

    def __post_init__(self) -> None:
        self.timer = GatherTimer(lambda: self.now_s)

    def step_after(self, seconds: float, count: int) -> float:
        self.now_s += seconds
        return self.timer.step_s(count)

    def learn(self, window: int) -> None:
        """Let a broker send `window` messages and then wait."""
        self.timer.begin(0, LIMIT_S)
        self.step_after(0.001, window)
        assert self.step_after(LIMIT_S, window) == 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_messages_gather_until_the_limit(clock: Clock) -> None:
    clock.timer.begin(0, LIMIT_S)
    assert clock.step_after(0.0, 1) > 0
    assert clock.step_after(LIMIT_S - 0.001, 30) == pytest.approx(0.001)
    assert clock.step_after(0.001, 31) == 0


@pytest.mark.parametrize(("count", "ends"), [(MESSAGES_ENOUGH - 1, False), (MESSAGES_ENOUGH, True)])
def test_as_many_as_a_delivery_takes_are_enough(clock: Clock, count: int, *, ends: bool) -> None:
    clock.timer.begin(0, LIMIT_S)
    assert (clock.step_after(0.001, count) == 0) is ends


def test_a_queue_that_stops_growing_shows_the_window(clock: Clock) -> None:
    clock.learn(20)
    assert clock.timer.window == 20
    clock.timer.begin(0, LIMIT_S)
    assert clock.step_after(0.001, 19) > 0
    assert clock.step_after(0.001, 20) == 0  # at once: the broker waits for acknowledgements


@pytest.mark.parametrize(("quiet_s", "window"), [(QUIET_S, 20), (QUIET_S - 0.001, None)])
def test_a_queue_that_grew_a_moment_ago_shows_none(
    clock: Clock, quiet_s: float, window: int | None
) -> None:
    clock.timer.begin(0, quiet_s)
    clock.step_after(0.0, 20)
    assert clock.step_after(quiet_s, 20) == 0
    assert clock.timer.window == window


def test_an_empty_queue_shows_none(clock: Clock) -> None:
    clock.timer.begin(0, LIMIT_S)
    assert clock.step_after(LIMIT_S, 0) == 0
    assert clock.timer.window is None


def test_more_messages_than_the_window_refute_it(clock: Clock) -> None:
    clock.learn(20)
    clock.timer.begin(0, LIMIT_S)
    assert clock.step_after(0.001, 21) > 0
    assert clock.timer.window is None


def test_a_steady_source_shows_no_window(clock: Clock) -> None:
    clock.learn(20)
    clock.timer.begin(0, LIMIT_S)
    for count in range(1, 15):
        clock.step_after(0.01, count)
    assert clock.step_after(0.02, 15) == 0
    assert clock.timer.window is None
