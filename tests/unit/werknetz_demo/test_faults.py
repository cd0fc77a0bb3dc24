"""A running demo is identified by its lock; otherwise the error names a remedy."""

import tempfile
from pathlib import Path

import pytest

from werknetz_demo.embedded.state import DataFolder, DataFolderError
from werknetz_demo.faults import PREFIX, break_down, drop_bad_edi, running_folder


def test_only_a_running_demo_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"{PREFIX}first"
    with pytest.raises(DataFolderError, match="no demo runs in"):
        running_folder(None)
    with DataFolder(folder):
        assert running_folder(None) == running_folder(folder) == folder
        with (
            DataFolder(tmp_path / f"{PREFIX}second"),
            pytest.raises(DataFolderError, match="2 demos run"),
        ):
            running_folder(None)
        with pytest.raises(DataFolderError, match="has no partners yet"):
            drop_bad_edi(folder)
    for data in (None, folder):
        with pytest.raises(DataFolderError, match="no demo runs in"):
            running_folder(data)


def test_a_machine_is_found_by_its_name_or_the_end_of_its_path(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="has no plants yet"):
        break_down(tmp_path, "press-3", 5)
    edges = tmp_path / "edge"
    edges.mkdir()
    for name in ("emden-1-opcua", "brati-4-sparkplug"):
        (edges / f"{name}-live.yaml").touch()
    (tmp_path / "plants").mkdir()
    assert "nordwerk/emden-1/body/line-2/press-3 fails at" in break_down(tmp_path, "press-3", 5)
    with pytest.raises(DataFolderError, match=r"'robot-1' matches 2 machines: .*line-1.*linka-3"):
        break_down(tmp_path, "robot-1", 5)
    assert "over Sparkplug B" in break_down(tmp_path, "linka-3/robot-1", 5)
    with pytest.raises(DataFolderError, match="did you mean 'press-3'"):
        break_down(tmp_path, "pres-3", 5)
    with pytest.raises(DataFolderError, match="no machine is called 'mill-1'"):
        break_down(tmp_path, "mill-1", 5)  # of a plant that does not run
