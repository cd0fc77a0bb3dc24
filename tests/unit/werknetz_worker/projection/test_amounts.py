"""Amounts below zero and limits in the wrong order do not count; the rest of the event does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from werknetz_worker.projection.event_revisions import EventRevision
from werknetz_worker.projection.machines.amounts import amount_of, find_impossible, limits_of
from werknetz_worker.projection.machines.inspections import is_good
from werknetz_worker.projection.machines.runs import runs_of

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


def event(kind: str, minutes: int = 0, **body: Any) -> EventRevision:
    at = AT + timedelta(minutes=minutes)
    return EventRevision(uuid4(), kind, 1, at, at, None, msgspec.json.encode(body).decode())


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        ("quality_inspected", {"good_quantity": -5.0}, "good_quantity is -5, below zero"),
        ("job_finished", {"scrap_quantity": -1e-9}, "scrap_quantity is -1e-09, below zero"),
        ("attendance_recorded", {"attended_s": -1.0, "work_s": -2.0},
         "attended_s is -1, below zero and work_s is -2, below zero"),
        ("job_started", {"planned_run_s_per_item": -12.5}, "is -12.5, below zero"),
        ("quality_inspected", {"value": 20.0, "lower_limit": 21.0, "upper_limit": 19.0},
         "lower_limit 21 is above upper_limit 19"),
        ("quality_inspected", {"value": -3.0, "lower_limit": -4.0, "upper_limit": -2.0}, None),
        ("quality_inspected", {"value": 1.0, "lower_limit": 2.0, "upper_limit": 2.0}, None),
        ("quality_inspected", {"value": 1.0, "upper_limit": -2.0}, None),
        ("job_finished", {"good_quantity": 0.0, "scrap_quantity": 0.0}, None),
        ("job_started", {"planned_run_s_per_item": 0.0}, None),  # not maintained
        ("attendance_recorded", {"attended_s": 0.0}, None),
        ("state_changed", {"state": "idle"}, None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(kind: str, body: dict[str, Any], problem: str | None) -> None:
    detail = find_impossible(event(kind, **body))
    assert (detail is None) == (problem is None)
    if problem is not None and detail is not None:
        assert problem in detail
        assert "Correct it at the source" in detail


def test_an_impossible_amount_is_unknown() -> None:
    reported = event("job_finished", good_quantity=-5.0, scrap_quantity=0.0)
    assert amount_of(reported, "good_quantity") is None
    assert amount_of(reported, "scrap_quantity") == 0.0
    assert amount_of(reported, "rework_quantity") is None


def test_a_job_with_impossible_amounts_still_ran() -> None:
    events = [
        event("job_started", planned_run_s_per_item=-1.0),
        event("job_started", 5, planned_run_s_per_item=20.0),
        event("job_finished", 60, good_quantity=-5.0, scrap_quantity=2.0),
    ]
    [run] = runs_of((1, "A-1", ""), events)
    assert (run.started_at, run.ended_at) == (AT, AT + timedelta(minutes=60))
    assert run.run_time_s == 20.0
    assert run.quantities == {
        "good_quantity": None, "scrap_quantity": 2.0, "rework_quantity": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ({"value": 20.0, "lower_limit": 19.0, "upper_limit": 21.0}, True),
        ({"value": 21.0, "lower_limit": 19.0, "upper_limit": 21.0}, True),
        ({"value": 21.1, "lower_limit": 19.0, "upper_limit": 21.0}, False),
        ({"value": 19.0, "lower_limit": 19.0, "upper_limit": 19.0}, True),
        ({"value": 20.0, "lower_limit": 21.0, "upper_limit": 19.0}, None),
        ({"value": 20.0, "lower_limit": 21.0, "upper_limit": 19.0, "good_quantity": 1.0}, True),
        ({"good_quantity": -1.0}, None),
        ({"good_quantity": 0.0}, False),
        ({"scrap_quantity": -1.0, "good_quantity": 1.0}, True),
        ({"scrap_quantity": 1.0, "good_quantity": 1.0}, False),
    ],
)
def test_the_result_of_an_inspection(body: dict[str, Any], result: bool | None) -> None:
    assert is_good(event("quality_inspected", **body)) is result


def test_limits_in_the_wrong_order_are_none() -> None:
    assert limits_of(event("quality_inspected", lower_limit=1.0, upper_limit=1.0)) == (1.0, 1.0)
    assert limits_of(event("quality_inspected", lower_limit=1.0)) == (1.0, None)
    assert limits_of(event("quality_inspected", lower_limit=2.0, upper_limit=1.0)) == (None, None)
