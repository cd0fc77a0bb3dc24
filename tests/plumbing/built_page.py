"""The web page as `make dashboard` builds it, for tests that load or measure it."""

import subprocess
import sys

from plumbing.deploy_scripts import FOLDER
from plumbing.missing import missing


def build_page() -> None:
    """Build the page unless that is done: one process at a time, once for each source."""
    command = [sys.executable, str(FOLDER / "build_dashboard.py")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        missing(f"the page cannot be built here: {(built.stdout + built.stderr)[-600:]}")
