"""Programs from npm that tests run: installed once, beside the peers in .werknetz."""

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

from plumbing.peers import INSTALL_S, ROOT


@cache
def npm_tool(folder: Path, script: str) -> Path | None:
    """Return the script, ready for `node`; None where node, npm or a registry is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    installed = ROOT / ".werknetz" / folder.name
    installed.mkdir(parents=True, exist_ok=True)
    with (installed / ".lock").open("w") as lock:  # two sessions may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        package = (folder / "package.json").read_text()
        marker = installed / ".installed"
        shutil.copyfile(folder / script, installed / script)
        if not marker.is_file() or marker.read_text() != package:
            shutil.copyfile(folder / "package.json", installed / "package.json")
            if not _install(installed):
                return None
            marker.write_text(package)
    return installed / script


def _install(folder: Path) -> bool:
    try:
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
            cwd=folder, check=True, capture_output=True, timeout=INSTALL_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return True
