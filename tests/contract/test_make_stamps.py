"""`make demo` in a checkout that moved on: it installs what the newer requirements name."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEFORE, CHANGED, AFTER = 1_000_000_000, 1_000_000_100, 1_000_000_200  # seconds since 1970


@pytest.mark.parametrize(
    ("dev_stamp_at", "installs"), [(None, True), (BEFORE, True), (AFTER, False)]
)
def test_demo_installs_unless_a_newer_dev_install_covers_it(
    tmp_path: Path, dev_stamp_at: int | None, installs: bool
) -> None:
    calls = _make_run_stamp(tmp_path, dev_stamp_at)
    assert any("requirements/demo.txt" in call for call in calls) is installs
    assert any("--no-deps -e ." in call for call in calls)


def _make_run_stamp(folder: Path, dev_stamp_at: int | None) -> list[str]:
    """Run the Makefile's rule with an installer that only logs; return its arguments."""
    log = folder / "calls"
    installer = folder / ".venv" / "bin" / "uv"
    installer.parent.mkdir(parents=True)
    installer.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    installer.chmod(0o755)
    shutil.copy(ROOT / "Makefile", folder)
    _touch(folder / ".venv" / "uv.stamp", BEFORE)
    (folder / "requirements").mkdir()
    _touch(folder / "requirements" / "demo.txt", CHANGED)
    _touch(folder / "pyproject.toml", CHANGED)
    if dev_stamp_at is not None:
        _touch(folder / ".venv" / "dev.stamp", dev_stamp_at)
    subprocess.run(["make", ".venv/run.stamp"], cwd=folder, check=True)
    return log.read_text().splitlines()


def _touch(path: Path, at: int) -> None:
    path.touch()
    os.utime(path, (at, at))
