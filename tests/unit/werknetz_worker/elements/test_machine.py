import numpy as np

from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.shift import Calendar
from werknetz_worker.elements.machine import Machine

HOUR = 4 * BUCKET_US
DAY = 24 * HOUR
EARLY = {"name": "a", "days": list(range(7)), "start": "06:00", "end": "14:00"}


def calendar(**changes: object) -> Calendar:
    return Calendar.parse({"time_zone": "UTC", "shifts": [EARLY | changes]})


def plan_of(machine: Machine, *hours: int) -> list[bool]:
    at = np.array([hour * HOUR for hour in hours], np.int64)
    shifts: list[bool] = machine.build_plan(0, 3 * DAY).shifts.contains(at).tolist()
    return shifts


def test_the_calendar_that_is_valid_holds_and_before_the_first_all_time_is_planned() -> None:
    second = calendar(start="10:00")
    machine = Machine(1, "n/p", (), ((2 * DAY + 12 * HOUR, second), (DAY, calendar())))
    assert plan_of(machine, 3, 20) == [True, True]
    assert plan_of(machine, 24 + 5, 24 + 6, 24 + 13, 24 + 14) == [False, True, True, False]
    assert plan_of(machine, 48 + 7, 48 + 11, 48 + 13, 48 + 15) == [True, True, True, False]
    assert machine.calendar_at(0) is None
    assert machine.calendar_at(3 * DAY) is second
