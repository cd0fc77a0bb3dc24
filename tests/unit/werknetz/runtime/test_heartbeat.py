import os
import time
from pathlib import Path

import pytest

from werknetz.runtime import heartbeat


def test_a_process_that_never_turned_is_not_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    assert heartbeat.seconds_since_touch() is None


def test_silence_is_measured_from_the_last_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    heartbeat.touch()
    os.utime(tmp_path / "alive", (time.time() - 60, time.time() - 60))
    silent = heartbeat.seconds_since_touch()
    assert silent is not None
    assert silent > heartbeat.STALE_AFTER_S
    heartbeat.touch()
    assert (heartbeat.seconds_since_touch() or 0.0) < heartbeat.STALE_AFTER_S
