"""Programs that others wrote, in ../shared/peers: copied and installed once, in .werknetz/peers."""

import fcntl
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("WERKNETZ_PEERS", ROOT.parent / "shared" / "peers"))
INSTALLED = ROOT / ".werknetz" / "peers"
INSTALL_S = 300


@cache
def peer(name: str) -> Path | None:
    """Return the program, ready for `node`; None where node, npm, a registry or it is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    if not (SHARED / name).is_file():
        return None
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / ".lock").open("w") as lock:  # two sessions may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_fresh() and not _install():
            return None
    return INSTALLED / name


def why_not(name: str) -> str:
    """What a skipped test says."""
    return f"{name} cannot run here: it needs node, npm, an npm registry and {SHARED}"


def _is_fresh() -> bool:
    return (INSTALLED / ".installed").is_file() and all(
        (INSTALLED / source.name).is_file()
        and (INSTALLED / source.name).read_bytes() == source.read_bytes()
        for source in SHARED.iterdir()
        if source.is_file()
    )


def _install() -> bool:
    (INSTALLED / ".installed").unlink(missing_ok=True)
    for source in SHARED.iterdir():
        if source.is_file():
            shutil.copyfile(source, INSTALLED / source.name)
    try:
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
            cwd=INSTALLED, check=True, capture_output=True, timeout=INSTALL_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    (INSTALLED / ".installed").touch()
    return True
