import pytest

from werknetz_core.ingest.pace import LINGER_S, wait_before_read_s


@pytest.mark.parametrize(
    ("since_read_s", "wait_s"),
    [(0.0, LINGER_S), (0.03, LINGER_S - 0.03), (LINGER_S, 0.0), (LINGER_S + 60, 0.0)],
)
def test_under_load_reads_are_as_far_apart_as_the_linger(
    since_read_s: float, wait_s: float
) -> None:
    wait = wait_before_read_s(since_read_s=since_read_s, has_applied=True, has_more=False)
    assert wait == pytest.approx(wait_s)


@pytest.mark.parametrize(("has_applied", "has_more"), [(False, False), (False, True), (True, True)])
def test_nothing_waits_when_idle_or_where_more_is_there(has_applied: bool, has_more: bool) -> None:
    assert wait_before_read_s(since_read_s=0, has_applied=has_applied, has_more=has_more) == 0


def test_the_linger_leaves_the_way_its_bound() -> None:
    """0.3 s in all: as much at the edge, and as much for the work."""
    assert LINGER_S <= 0.1
