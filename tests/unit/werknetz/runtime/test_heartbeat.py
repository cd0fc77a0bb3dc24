"""Whether a process looks alive, by the monotonic clock."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from werknetz.runtime import heartbeat


@pytest.fixture(autouse=True)
def alive_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WERKNETZ_ALIVE_FILE", str(tmp_path / "alive"))
    return tmp_path / "alive"


def touch_at(monkeypatch: pytest.MonkeyPatch, ago_s: float) -> None:
    with monkeypatch.context() as patch:
        now_s = time.monotonic()
        patch.setattr(time, "monotonic", lambda: now_s - ago_s)
        heartbeat.touch()


def test_without_a_touch_there_is_no_age() -> None:
    assert heartbeat.seconds_since_touch() is None
    assert "no sign of life" in heartbeat.check()


def test_the_age_is_measured_from_the_last_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    touch_at(monkeypatch, 60)
    age_s = heartbeat.seconds_since_touch()
    assert age_s is not None
    assert 60 <= age_s < 120
    assert "silent for 6" in heartbeat.check()
    assert heartbeat.check(silent_max_s=120) == ""
    heartbeat.touch()
    assert (heartbeat.seconds_since_touch() or 0.0) < heartbeat.STALE_AFTER_S
    assert heartbeat.check() == ""


def test_a_touch_is_never_in_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    for nanoseconds in range(0, 1_000_000, 9_973):
        now_s = 86_400.0 + nanoseconds / 1e9
        monkeypatch.setattr(time, "monotonic", lambda now_s=now_s: now_s)
        heartbeat.touch()
        assert heartbeat.seconds_since_touch() == pytest.approx(0.0, abs=1e-9)
        assert heartbeat.check() == ""


def test_the_wall_clock_does_not_matter(alive_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat.touch()
    os.utime(alive_file, (5, 5))
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert heartbeat.check() == ""


@pytest.mark.parametrize("content", ["", "a while ago", f"{2.0**40:026.9f}"])
def test_a_file_of_another_version_or_boot_is_no_sign_of_life(
    alive_file: Path, content: str
) -> None:
    alive_file.write_text(content)
    assert heartbeat.seconds_since_touch() is None


def test_the_module_is_the_health_check_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "werknetz.runtime.heartbeat"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    heartbeat.touch()
    assert run().returncode == 0
    touch_at(monkeypatch, 90)
    result = run()
    assert result.returncode == 1
    assert "silent for 9" in result.stderr
