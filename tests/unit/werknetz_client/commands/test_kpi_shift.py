"""`werknetz kpi --start shift:current` names the shift, and whether it is running."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import Result

Serve = Callable[[Any], list[httpx2.URL]]
Run = Callable[..., Result]
VALUE = {
    "equipment": "nordwerk/emden-1", "kpi": "oee", "start": "2026-11-27T14:00:00+01:00",
    "end": "2026-11-27T22:00:00+01:00", "window": "", "value": 0.5, "reason": None,
    "unit": "ratio", "coverage": 1.0, "late_share": 0.0, "provisional": False, "computed_at": None,
}  # fmt: skip


@pytest.mark.parametrize(("is_running", "text"), [(True, "it is running"), (False, "it has ended")])
def test_the_shift_is_named(serve: Serve, run: Run, *, is_running: bool, text: str) -> None:
    shift = {"name": "late", "day": "2026-11-27", "is_running": is_running}
    requests = serve({"items": [VALUE], "ranges": [{"shift": shift}, {"shift": None}]})
    output = run("kpi", "oee", "nordwerk/emden-1", "--start", "shift:current").output
    assert f"Shift 'late' of 2026-11-27: {text}." in output
    assert requests[0].params["start"] == "shift:current"


def test_without_a_named_shift_nothing_is_added(serve: Serve, run: Run) -> None:
    serve({"items": [VALUE], "ranges": [{"shift": None}]})
    assert "Shift" not in run("kpi", "oee", "nordwerk/emden-1").output
