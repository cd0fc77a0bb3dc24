"""The running demo is found by the lock that it holds; otherwise the error says what to do."""

import tempfile
from pathlib import Path

import pytest

from werknetz_demo.embedded.state import State, StateError
from werknetz_demo.mischief import PREFIX, drop_bad_edi, running


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
