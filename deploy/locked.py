"""What the lock files pin: Python packages with their hashes, and npm packages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("core", "edge", "worker", "simulator")
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_LOCK = "package-lock.json"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Package:
    ecosystem: str  # as OSV names it: PyPI or npm
    name: str
    version: str
    hashes: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        name = self.name.replace("@", "%40") if self.ecosystem == "npm" else self.name
        return f"pkg:{self.ecosystem.lower()}/{name}@{self.version}"


def read_requirements(file: Path) -> Iterator[Package]:
    """Yield the packages of a requirements file with hashes."""
    name = version = ""
    hashes: list[str] = []
    for line in [*file.read_text(encoding="utf-8").splitlines(), "end=="]:
        pinned = _PINNED.match(line)
        if pinned is not None or line == "end==":
            if name:
                yield Package("PyPI", name.lower().replace("_", "-"), version, tuple(hashes))
            name, version = pinned.groups() if pinned is not None else ("", "")
            hashes = []
        hashes += _HASH.findall(line)


def read_npm_lock(file: Path) -> Iterator[Package]:
    """Yield the packages of a package-lock.json (version 2 or 3)."""
    for path, entry in json.loads(file.read_text(encoding="utf-8"))["packages"].items():
        if path and "version" in entry:
            name = entry.get("name") or path.rpartition("node_modules/")[2]
            yield Package("npm", name, entry["version"])


def npm_locks(root: Path = ROOT) -> list[Path]:
    """Return the lock files of npm tools; of those that tests have installed, npm's own record."""
    ours = [file for place in ("services", "tests") for file in _files(root / place, _LOCK)]
    return sorted([*ours, *_files(root / ".werknetz", f"node_modules/.{_LOCK}")])


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files of this name, without those of packages inside node_modules."""
    return [
        file
        for file in folder.rglob(name)
        if file.relative_to(folder).parts.count("node_modules") == name.count("node_modules")
    ]
