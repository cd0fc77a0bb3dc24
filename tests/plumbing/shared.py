"""Real files from public sources in ../shared/data: read there, never copied into the tree."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("WERKNETZ_SHARED_DATA", ROOT.parent / "shared" / "data"))


def find_shared_file(name: str) -> Path:
    """Return the path of a file; skip the test where it is missing."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is missing: set WERKNETZ_SHARED_DATA")
    return path
