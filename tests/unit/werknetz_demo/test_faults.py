"""The running demo is found by the lock that it holds; otherwise the error says what to do."""

import tempfile
from pathlib import Path

import pytest

from werknetz_demo.embedded.state import State, StateError
from werknetz_demo.faults import PREFIX, break_down, drop_bad_edi, running


def test_only_a_demo_that_runs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"{PREFIX}one"
    with pytest.raises(StateError, match="no demo runs in"):
        running(None)
    with State(folder):
        assert running(None) == running(folder) == folder
        with State(tmp_path / f"{PREFIX}two"), pytest.raises(StateError, match="2 demos run"):
            running(None)
        with pytest.raises(StateError, match="has no supplier yet"):
            drop_bad_edi(folder)
    for data in (None, folder):
        with pytest.raises(StateError, match="no demo runs in"):
            running(data)


def test_a_machine_is_found_by_its_name_or_the_end_of_its_path(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="has no plants yet"):
        break_down(tmp_path, "press-3", 5)
    edges = tmp_path / "edge"
    edges.mkdir()
    for name in ("emden-1-opcua", "brati-4-sparkplug"):
        (edges / f"{name}-live.yaml").touch()
    (tmp_path / "plants").mkdir()
    assert "nordwerk/emden-1/body/line-2/press-3 fails at" in break_down(tmp_path, "press-3", 5)
    with pytest.raises(StateError, match=r"'robot-1' is 2 machines: .*line-1.*linka-3"):
        break_down(tmp_path, "robot-1", 5)
    assert "over Sparkplug B" in break_down(tmp_path, "linka-3/robot-1", 5)
    with pytest.raises(StateError, match="did you mean 'press-3'"):
        break_down(tmp_path, "pres-3", 5)
    with pytest.raises(StateError, match="no machine is called 'mill-1'"):
        break_down(tmp_path, "mill-1", 5)  # of a plant that does not run
