"""The demo's processes: restarted when they die, gone when they are stopped."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from plumbing.waiting import until
from werknetz_demo import supervisor as crew_module
from werknetz_demo.supervisor import Supervisor

SLEEPER = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("here", flush=True)
time.sleep(60 if sys.argv[1] == "stay" else 0)
sys.exit(3)
"""


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    import sys

    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    monkeypatch.setattr(crew_module, "werknetz_command", lambda: [sys.executable, str(script)])
    return Supervisor(tmp_path, {}, reports.append)


reports: list[str] = []


@pytest.mark.asyncio
async def test_a_killed_process_is_restarted_and_reported(supervisor: Supervisor) -> None:
    reports.clear()
    supervisor.start("sleeper", "stay")
    before = supervisor.pids()["sleeper"]
    watching = asyncio.create_task(supervisor.watch())
    try:
        os.kill(before, signal.SIGKILL)
        await until(lambda: supervisor.pids()["sleeper"] != before, within_s=60)
        after = supervisor.pids()["sleeper"]
        assert psutil.pid_exists(after)
        assert "sleeper ended (SIGKILL); restart in" in reports[0]
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await supervisor.stop()
    assert not psutil.pid_exists(after)


@pytest.mark.asyncio
async def test_one_that_fails_at_once_waits_longer_each_time(supervisor: Supervisor) -> None:
    reports.clear()
    supervisor.start("sleeper", "leave")
    watching = asyncio.create_task(supervisor.watch())
    try:
        await until(lambda: len(reports) >= 2, within_s=60)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await supervisor.stop()
    assert "exit code 3" in reports[0]
    assert "restart in 1 s" in reports[0]
    assert "restart in 2 s" in reports[1]
