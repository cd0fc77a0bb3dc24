"""Values as a data frame, where polars or pandas is installed; a clear error where neither is."""

import importlib
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from werknetz_client.errors import WerknetzError
from werknetz_client.frame import COLUMNS, LIBRARIES, Library, frame_of

ROWS: list[dict[str, Any]] = [
    {
        "equipment": "n/p", "kpi": "oee", "start": start, "end": "2026-10-25T06:00:00+01:00",
        "window": "night", "value": value, "unit": "ratio", "coverage": 1, "late_share": None,
        "provisional": False, "reason": reason, "definition_version": 1,
        "computed_at": "2026-10-25T07:00:00Z", "inputs": {"pq": 1.0},
    }
    for start, value, reason in (
        ("2026-10-24T22:00:00+02:00", 0.5, None), ("2026-10-25T03:00:00+01:00", None, "no data"),
    )
]  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_frame_has_types_and_instants_in_utc(library: Library) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed: it is nobody's requirement")
    frame = frame_of(ROWS, library)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 2
    assert frame["start"][0] == datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert frame["start"][1] == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert frame["value"][0] == 0.5
    empty = frame_of([], library)
    assert dict(zip(COLUMNS, map(str, empty.dtypes), strict=True)) == dict(
        zip(COLUMNS, map(str, frame.dtypes), strict=True)
    )


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(WerknetzError, match="polars or pandas") as neither:
        frame_of(ROWS)
    assert "pip install polars" in neither.value.hint
    with pytest.raises(WerknetzError, match="needs pandas"):
        frame_of(ROWS, "pandas")


def test_a_library_that_is_broken_is_not_taken_for_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ModuleNotFoundError("No module named 'x'", name="x")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        frame_of(ROWS)
