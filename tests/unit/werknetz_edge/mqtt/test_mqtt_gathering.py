"""How long messages gather: until the limit, until enough, or until the broker's window is full."""

from dataclasses import dataclass, field

import pytest

from werknetz_edge.mqtt.gathering import MESSAGES_ENOUGH, QUIET_S, GatherTimer

LIMIT_S = 0.15


@dataclass
class Clock:
    now_s: float = 0.0
    timer: GatherTimer = field(init=False)
    count: int = 0
    grew_s: float = 0.0

    def __post_init__(self) -> None:
        self.timer = GatherTimer(lambda: self.now_s)

    def step_after(self, seconds: float, count: int) -> float:
        self.now_s += seconds
        if count > self.count:
            self.grew_s = self.now_s
        self.count = count
        return self.timer.remaining_s(count, self.grew_s)

    def begin(self, limit_s: float) -> None:
        self.count = 0
        self.timer.begin(limit_s)

    def learn(self, window: int) -> None:
        """Let a broker send `window` messages and then wait."""
        self.begin(LIMIT_S)
        self.step_after(0.001, window)
        assert self.step_after(LIMIT_S, window) == 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_messages_gather_until_the_limit(clock: Clock) -> None:
    clock.begin(LIMIT_S)
    assert clock.step_after(0.0, 1) > 0
    assert clock.step_after(LIMIT_S - 0.001, 30) == pytest.approx(0.001)
    assert clock.step_after(0.001, 31) == 0


@pytest.mark.parametrize(("count", "ends"), [(MESSAGES_ENOUGH - 1, False), (MESSAGES_ENOUGH, True)])
def test_as_many_as_a_delivery_takes_are_enough(clock: Clock, count: int, *, ends: bool) -> None:
    clock.begin(LIMIT_S)
    assert (clock.step_after(0.001, count) == 0) is ends


def test_a_queue_that_stops_growing_shows_the_window(clock: Clock) -> None:
    clock.learn(20)
    assert clock.timer.window == clock.timer.enough == 20
    clock.begin(LIMIT_S)
    assert clock.step_after(0.001, 19) > 0
    assert clock.step_after(0.001, 20) == 0  # at once: the broker waits for acknowledgements


@pytest.mark.parametrize(("quiet_s", "window"), [(QUIET_S, 20), (QUIET_S - 0.001, None)])
def test_a_queue_that_grew_a_moment_ago_shows_none(
    clock: Clock, quiet_s: float, window: int | None
) -> None:
    clock.begin(quiet_s)
    clock.step_after(0.0, 20)
    assert clock.step_after(quiet_s, 20) == 0
    assert clock.timer.window == window


def test_an_empty_queue_shows_none(clock: Clock) -> None:
    clock.begin(LIMIT_S)
    assert clock.step_after(LIMIT_S, 0) == 0
    assert clock.timer.window is None


def test_more_messages_than_the_window_refute_it(clock: Clock) -> None:
    clock.learn(20)
    clock.begin(LIMIT_S)
    assert clock.step_after(0.001, 21) > 0
    assert clock.timer.window is None


def test_a_window_larger_than_a_delivery_is_not_waited_for(clock: Clock) -> None:
    clock.timer.window = MESSAGES_ENOUGH + 1
    clock.begin(LIMIT_S)
    assert clock.timer.enough == MESSAGES_ENOUGH
    assert clock.step_after(0.001, MESSAGES_ENOUGH) == 0


def test_a_steady_source_shows_no_window(clock: Clock) -> None:
    clock.learn(20)
    clock.begin(LIMIT_S)
    for count in range(1, 15):
        clock.step_after(0.01, count)
    assert clock.step_after(0.02, 15) == 0
    assert clock.timer.window is None
