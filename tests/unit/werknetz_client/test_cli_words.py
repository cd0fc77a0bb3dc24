"""Each word of the command line loads what it needs, and no more."""

import subprocess
import sys

import pytest

FOREIGN = ("werknetz_core", "werknetz_edge", "werknetz_worker", "asyncua", "celery", "fastapi")


@pytest.mark.parametrize("word", ["alive", "kpi", "quarantine"])
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
