"""The short form of `make chaos`: real processes killed, stopped and wiped; nothing lost."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SECONDS = 60
VERDICT = re.compile(
    r"^seed|generated|^  (lost|unexplained|doubled|invented|the |\d+ )|had ended|Error|FAILED"
)
SCENARIOS = ("clock-edge-rolled-back", "spool-cloned", "spool-fsync-error", "spool-torn")


def run_chaos(folder: Path, *options: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "chaos.run", *options, "--keep", str(folder)],
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1100,
        check=False,
    )
    if run.returncode:
        pytest.fail(summary_of(run.stdout), pytrace=False)
    return run.stdout


def summary_of(output: str) -> str:
    """Return the lines that say what is wrong, then all lines: of a long report only the end is
    shown, and of the last line of a test only the first of these.
    """
    verdict = [line for line in output.splitlines() if VERDICT.search(line)]
    return "\n".join([" | ".join(verdict), output, *verdict])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_what_was_accepted_is_stored_exactly_once(tmp_path: Path) -> None:
    output = run_chaos(tmp_path, "--seconds", str(SECONDS))
    assert "lost 0  unexplained 0  doubled 0  invented 0" in output


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_disk_or_a_clock_that_fails_loses_nothing_without_a_gap(
    name: str, tmp_path: Path
) -> None:
    """The others need rights or more time: `make chaos ARGS="--scenario all"`."""
    output = run_chaos(tmp_path, "--scenario", name)
    assert "lost 0  unexplained 0  doubled 0  invented 0" in output
    assert "1 of 1 scenarios ok" in output
