"""The short form of `make chaos`: real processes killed, stopped and wiped; nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SECONDS = 60


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_was_accepted_is_stored_exactly_once(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chaos.run", "--seconds", str(SECONDS), "--keep", str(tmp_path)],
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "lost 0  unexplained 0  doubled 0  invented 0" in run.stdout
