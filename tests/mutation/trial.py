"""One mutant on trial: a forked process imports the changed module instead of the file's own.

The file on disk is never touched, so several trials run at once, and in a tree that people edit.
"""

import contextlib
import importlib
import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from mutation.operators import Mutant, tree_of
from mutation.targets import ROOT

MEMORY_BYTES: Final = 6 << 30
PRELOADED: Final = (
    "asyncpg", "hypothesis", "msgspec", "numpy", "psutil", "pytest", "redis.asyncio", "sqlite3",
    "structlog", "zoneinfo",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checks:
    """What a mutant has to fail: tests, then seeds of the simulation."""

    tests: tuple[str, ...]
    seeds: int = 0


class _Loader(importlib.abc.InspectLoader):
    def __init__(self, code: CodeType, path: str) -> None:
        self._code = code
        self._path = path

    def get_source(self, fullname: str) -> str | None:  # noqa: ARG002  the loader has one module
        return None

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  the loader has one module
        return self._code

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002  the loader has one module
        return self._path.endswith("__init__.py")


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self._name = name
        self._path = path
        self._code = code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  the interface of finders
        target: ModuleType | None = None,  # noqa: ARG002  the interface of finders
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(self._code, self._path)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


def preload() -> None:
    """Import what every trial needs and no mutant changes; forked processes share it."""
    for shelf in ("tests", "services", "libs"):
        sys.path.insert(0, str(ROOT / shelf))
    for name in PRELOADED:
        importlib.import_module(name)


def start_trial(mutant: Mutant | None, checks: Checks) -> int:
    """Fork a trial; return its process id. Without a mutant it measures the unchanged code."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        code = _run(mutant, checks)
    except BaseException:  # noqa: BLE001  a forked process must not return to its caller
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def end_trial(pid: int) -> None:
    """Kill a trial and everything that it has started."""
    os.killpg(pid, signal.SIGKILL)


def measure(checks: Checks) -> float:
    """Return how many seconds the checks take on the unchanged code; raise if they fail."""
    started_s = time.monotonic()
    _, status = os.waitpid(start_trial(None, checks), 0)
    if status:
        raise SystemExit(f"the unchanged code fails: {' '.join(checks.tests)}")
    return time.monotonic() - started_s


def _run(mutant: Mutant | None, checks: Checks) -> int:
    if mutant is not None:
        path = ROOT / mutant.module
        tree = tree_of(path.read_text(), mutant.number)
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts[1:])
        finder = _Finder(name.removesuffix(".__init__"), str(path), compile(tree, path, "exec"))
        sys.meta_path.insert(0, finder)
    return _run_tests(checks.tests) or _run_simulation(checks.seeds)


def _run_tests(tests: Sequence[str]) -> int:
    import pytest
    from hypothesis import Phase, settings

    # A failing example is enough: neither shrink it nor store it.
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    settings.load_profile("mutation")
    os.chdir(ROOT)
    options = ["-x", "-q", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is preloaded
    with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink):
        return int(pytest.main([*options, *tests]))


def _run_simulation(seeds: int) -> int:
    if not seeds:
        return 0
    from simulation.run import failing_seed

    return int(failing_seed(range(seeds)) is not None)
