import os
import time
from pathlib import Path

import pytest

from werknetz.runtime import heartbeat


def test_without_a_touch_there_is_no_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    assert heartbeat.seconds_since_touch() is None


def test_the_age_is_measured_from_the_last_touch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    heartbeat.touch()
    os.utime(tmp_path / "alive", (time.time() - 60, time.time() - 60))
    age_s = heartbeat.seconds_since_touch()
    assert age_s is not None
    assert age_s > heartbeat.STALE_AFTER_S
    heartbeat.touch()
    assert (heartbeat.seconds_since_touch() or 0.0) < heartbeat.STALE_AFTER_S
