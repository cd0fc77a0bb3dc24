"""Each word of the command line loads what it needs, and no more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOREIGN = ("werknetz_core", "werknetz_edge", "werknetz_worker", "asyncua", "celery", "fastapi")


@pytest.mark.parametrize("word", ["alive", "kpi", "quarantine", "supply", "stock", "gate"])
def test_what_needs_no_service_loads_none(word: str) -> None:
    """The health check runs every few seconds in each container."""
    asked = (
        f"import sys; from werknetz_client.cli import root; root({word!r});"
        f"print([m for m in sys.modules if m.split('.')[0] in {FOREIGN!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_health_check_is_a_word_of_its_own(tmp_path: Path) -> None:
    """With an entry of its own, typer would take the only word for the whole command."""
    environment = os.environ | {"WERKNETZ_ALIVE_FILE": str(tmp_path / "alive")}
    command = [sys.executable, "-m", "werknetz_client.cli", "alive"]
    asked = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (asked.returncode, "no sign of life yet" in asked.stderr) == (1, True), asked
    (tmp_path / "alive").touch()
    assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == 0
