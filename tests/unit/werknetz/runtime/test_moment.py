"""A gap contains what was lost, whatever happens to the wall clock meanwhile."""

import pytest

from werknetz.runtime import moment as module
from werknetz.runtime.moment import Moment, current_moment, read_boot_id, span_of

TRUE_US, HOUR_US = 1_800_000_000_000_000, 3_600_000_000


@pytest.mark.parametrize("start_ahead_us", [-HOUR_US, 0, HOUR_US])
@pytest.mark.parametrize("end_ahead_us", [-HOUR_US, 0, HOUR_US])
def test_a_span_contains_the_true_time_if_either_clock_was_right(
    start_ahead_us: int, end_ahead_us: int
) -> None:
    start = Moment(TRUE_US + start_ahead_us, 50, "boot")
    end = Moment(TRUE_US + 600 + end_ahead_us, 650, "boot")
    low, high = span_of(start, end)
    if 0 in {start_ahead_us, end_ahead_us}:
        assert low <= TRUE_US
        assert high >= TRUE_US + 600
    if start_ahead_us == end_ahead_us:
        assert high - low == 600  # no wider than needed


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (Moment(10, 1, "a"), Moment(30, 5, "b"), (10, 30)),  # a reboot
        (Moment(30, 1, "a"), Moment(10, 5, "b"), (10, 30)),
        (Moment(10), Moment(30), (10, 30)),  # stored by version 0.1
        (Moment(30), Moment(10, 5, "b"), (10, 30)),
        (Moment(10, 1, "a"), Moment(10, 1, "a"), (10, 10)),
    ],
)
def test_a_span_without_a_common_boot(
    start: Moment, end: Moment, expected: tuple[int, int]
) -> None:
    assert span_of(start, end) == expected


def test_moments_of_one_process_share_a_boot() -> None:
    first, second = current_moment(), current_moment()
    assert first.uptime_us <= second.uptime_us
    assert first.boot_id == second.boot_id == read_boot_id()


def test_a_system_without_boot_ids(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(module, "_BOOT_ID", tmp_path_factory.mktemp("empty") / "boot_id")
    assert read_boot_id.__wrapped__() == ""
