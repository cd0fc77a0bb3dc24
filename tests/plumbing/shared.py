"""Real files that others made, in ../shared/data: read there, never copied into the product."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("WERKNETZ_SHARED_DATA", ROOT.parent / "shared" / "data"))


def shared(name: str) -> Path:
    """Return the file; skip the test where it is not there."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: set WERKNETZ_SHARED_DATA")
    return path
