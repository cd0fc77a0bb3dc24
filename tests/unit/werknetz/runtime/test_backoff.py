import pytest

from werknetz.runtime.backoff import Backoff, exponential_delay_s


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(first_s=0.5, max_s=3.0, jitter=0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_reset_starts_with_the_first_delay() -> None:
    backoff = Backoff(first_s=0.5, max_s=3.0, jitter=0)
    backoff.next_s()
    backoff.next_s()
    backoff.reset()
    assert backoff.delay_s == 0.5
    assert backoff.next_s() == 0.5
    assert backoff.next_s() == 1.0


@pytest.mark.parametrize(("drawn", "factor"), [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)])
def test_jitter_spreads_each_delay(drawn: float, factor: float) -> None:
    backoff = Backoff(first_s=1.0, max_s=4.0, random=lambda: drawn)
    assert [backoff.next_s() for _ in range(4)] == [factor, 2 * factor, 4 * factor, 4 * factor]
    assert backoff.with_jitter(30.0) == 30.0 * factor


def test_without_jitter_no_random_number_is_drawn() -> None:
    def fail() -> float:
        raise AssertionError("a random number was drawn")

    assert Backoff(first_s=1.0, max_s=4.0, jitter=0, random=fail).next_s() == 1.0


def test_the_default_jitter_stays_in_its_range() -> None:
    delays = [Backoff(first_s=1.0, max_s=1.0).next_s() for _ in range(200)]
    assert all(0.5 <= delay < 1.5 for delay in delays)
    assert len(set(delays)) > 1


def test_many_attempts_do_not_overflow() -> None:
    assert exponential_delay_s(0.1, 10.0, 100_000) == 10.0
    backoff = Backoff(first_s=0.1, max_s=10.0, jitter=0)
    for _ in range(5_000):
        backoff.next_s()
    assert backoff.next_s() == 10.0


def test_the_limit_may_equal_the_first_delay_and_zero_is_allowed() -> None:
    assert Backoff(first_s=2.0, max_s=2.0, jitter=0).next_s() == 2.0
    assert Backoff(first_s=0.0, max_s=0.0).next_s() == 0.0
    assert Backoff(first_s=1.0, max_s=1.0, jitter=1, random=lambda: 0.0).next_s() == 0.0


@pytest.mark.parametrize(
    ("first_s", "max_s", "jitter"), [(-0.1, 1, 0), (2, 1, 0), (1, 2, -0.1), (1, 2, 1.1)]
)
def test_impossible_limits_are_rejected(first_s: float, max_s: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="is not between"):
        Backoff(first_s, max_s, jitter)
