"""The web page as `make dashboard` builds it, for tests that load or measure it."""

import subprocess
import sys

import pytest

from plumbing.deploy_scripts import FOLDER


def build_page() -> None:
    """Build the page unless that is done; skip the test where it cannot be built."""
    command = [sys.executable, str(FOLDER / "build_dashboard.py")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"the page cannot be built here: {(built.stdout + built.stderr)[-600:]}")
