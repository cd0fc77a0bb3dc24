"""The demo's target: the group is to produce one third more per machine hour."""

from typing import Any, Final

from werknetz_demo.readiness import ApiRejected
from werknetz_demo.run import Demo
from werknetz_simulator.plants.plan import DAY_US, instant_of
from werknetz_simulator.plants.plant import ENTERPRISE

KEY: Final = "group-third"
GOAL: Final = 1 / 3
WINDOW_DAYS: Final = 7  # whose KPIs are complete once the demo has started
TRIES: Final = 3


async def set_target(demo: Demo) -> str:
    """Set the target unless it is set; return the line about it.

    The baseline is the first third of the last days. On days off there is nothing to compare
    with: it then becomes longer.
    """
    headline = [""]

    async def is_set() -> bool:
        target = await _find(demo) or await _put(demo)
        headline[0] = target["headline"]
        return True

    await demo.wait_until(is_set, "api")
    return f"target of {ENTERPRISE}: {headline[0]}"


async def _find(demo: Demo) -> dict[str, Any] | None:
    items: list[dict[str, Any]] = (await demo.api.get("/api/v1/targets", {}))["items"]
    return next((item for item in items if item["key"] == KEY), None)


async def _put(demo: Demo) -> dict[str, Any]:
    rejected: ApiRejected | None = None
    for days in baseline_days(demo):
        try:
            return await demo.api.put(f"/api/v1/targets/{KEY}", target_body(demo, days))
        except ApiRejected as error:
            rejected = error
    return {"headline": f"none yet: {rejected}"}


def baseline_days(demo: Demo) -> list[int]:
    """Return the lengths of the baseline to try, in days."""
    days = max(1, (demo.now_us - baseline_start_us(demo)) // DAY_US)
    first = max(1, days // 3)
    return [min(first * n, days) for n in range(1, TRIES + 1)]


def baseline_start_us(demo: Demo) -> int:
    """Return a midnight in Germany from which on the KPIs of every plant are complete.

    Those of the last WINDOW_DAYS are; the midnight within them is the first one.
    """
    latest = max(demo.history_start_us(plant) for plant in demo.plants)
    days = max(0, (demo.now_us - latest) // DAY_US - (WINDOW_DAYS - 1))
    return latest + days * DAY_US


def target_body(demo: Demo, days: int) -> dict[str, Any]:
    start_us = baseline_start_us(demo)
    due = instant_of(demo.now_us).date()
    return {
        "name": "One third more good output per machine hour",
        "under": [ENTERPRISE],
        "goal": GOAL,
        "due_on": due.replace(year=due.year + 2, month=12, day=31).isoformat(),
        "path": "compound",
        "baseline_start": instant_of(start_us).isoformat(),
        "baseline_end": instant_of(start_us + days * DAY_US).isoformat(),
        "now_days": WINDOW_DAYS,
        "reason": "the demo's founding question",
    }
