"""How far a plant got survives its end."""

from pathlib import Path

from werknetz_simulator.plants.plan import DAY_US
from werknetz_simulator.plants.position import ResumePosition


def test_it_is_stored_and_only_grows(tmp_path: Path) -> None:
    file = tmp_path / "emden-1.position"
    ResumePosition(file, 100).advance(500)
    position = ResumePosition(file, 200)
    position.advance(300)
    assert position.at_us == 500
    assert ResumePosition(file, 900).at_us == 900


def test_events_older_than_a_day_are_skipped() -> None:
    position = ResumePosition(None, 7)
    assert position.resume_us(8) == 7
    assert position.resume_us(3 * DAY_US) == 2 * DAY_US
