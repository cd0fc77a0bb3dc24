"""The checks of a target: its tests, collected once, then seeds of the simulation.

A session of pytest collects and imports everything; each trial is a fork of it that swaps the
functions of one mutant and runs only the checks that reach its lines, the fastest first. What
such a trial cannot judge, because the mutant runs at import or in a fixture of several tests, is
judged by a trial that imports the mutant and runs all checks.
"""

import contextlib
import importlib
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

from mutation.footprints import Footprint, Line, Tracer, choose_checks, lines_of
from mutation.loading import import_mutant, swap_functions
from mutation.operators import Mutant
from mutation.targets import ROOT, Target
from mutation.trial import Outcome, Trial, run_trials

_OPTIONS: Final = (
    "-x", "-q", "-s", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "--tb=no",
    "-o", "timeout=0",  # a trial has limits of its own, which are reported
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # hypothesis is imported already
)  # fmt: skip

_PRELOADED: Final = (
    "asyncpg", "msgspec", "numpy", "psutil", "redis.asyncio", "sqlite3", "structlog", "zoneinfo",
)  # fmt: skip


def preload() -> None:
    """Import what every trial needs and no mutant changes; forked processes share it."""
    for shelf in ("tests", "services", "libs"):
        sys.path.insert(0, str(ROOT / shelf))
    for name in _PRELOADED:
        importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class Assay:
    """Mutants of one target on trial. `texts` are the unchanged files by their module."""

    target: Target
    mutants: Sequence[Mutant]
    texts: dict[str, str]
    processes: int

    def run(self) -> Iterator[tuple[Mutant, Outcome]]:
        """Yield how each trial ends, in any order."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            _leave(lambda: self._run_session(writer))
        os.close(writer)
        doubtful = list[int]()
        elapsed_s: dict[str, float] = {}  # by test or seed
        with os.fdopen(reader, "rb") as reports, contextlib.suppress(EOFError):
            elapsed_s = pickle.load(reports)  # noqa: S301  of our own process
            while True:
                number, outcome = pickle.load(reports)  # noqa: S301  of our own process
                if outcome is Outcome.IMPORT_NEEDED:
                    doubtful.append(number)
                else:
                    yield self.mutants[number], outcome
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(f"{self.target.name}: the session of its tests failed, see above")
        total_s = sum(elapsed_s.values())
        trials = (Trial(n, self._importing(n, elapsed_s), total_s) for n in doubtful)
        for number, outcome in run_trials(trials, self.processes):
            yield self.mutants[number], outcome

    def _run_session(self, writer: int) -> bool:
        with os.fdopen(writer, "wb") as reports:
            trials = _Session(self, lambda report: pickle.dump(report, reports) or reports.flush())
            trials.trace_imports()
            status = _pytest(self.target, [trials])
        return bool(status) or not trials.is_complete

    def _importing(self, number: int, elapsed_s: dict[str, float]) -> Callable[[], bool]:
        mutant = self.mutants[number]

        def run() -> bool:
            import_mutant(mutant, self.texts[mutant.module])
            order = _FastestFirst(elapsed_s)
            return bool(_pytest(self.target, [order])) or _simulation_fails(
                range(self.target.seeds)
            )

        return run


class _FastestFirst:
    """A plugin that puts the fastest tests first: the first that fails ends the trial."""

    def __init__(self, elapsed_s: dict[str, float]) -> None:
        self._elapsed_s = elapsed_s

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._elapsed_s.get(item.nodeid, 0.0))


class _Session:
    """A plugin that runs trials where pytest would run its tests."""

    def __init__(self, assay: Assay, report: Callable[[object], object]) -> None:
        self._assay = assay
        self._report = report
        self._items: list[pytest.Item] = []
        self._has_failed = False
        self._imports = contextlib.ExitStack()
        self._tracer = Tracer(assay.target.modules())
        self._shared: set[Line] = set()  # lines that run at import and in fixtures of several tests
        self.is_complete = False

    def trace_imports(self) -> None:
        """Trace until the tests are collected."""
        self._imports.enter_context(self._tracer.collect(self._shared))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        self._imports.close()
        self._items = session.items
        if self._assay.target.seeds:
            import simulation.run  # noqa: F401  before the forks
        footprints, self._shared = self._measure()
        self._report({self._name(f.number): f.elapsed_s for f in footprints})
        checks = [choose_checks(footprints, mutant) for mutant in self._assay.mutants]
        trials = (
            Trial(
                number,
                self._swapping(self._assay.mutants[number], chosen),
                sum(check.elapsed_s for check in chosen),
            )
            for number, chosen in enumerate(checks)
        )
        for number, outcome in run_trials(trials, self._assay.processes):
            is_doubtful = not checks[number] or self._is_shared(self._assay.mutants[number])
            if outcome is Outcome.SURVIVED and is_doubtful:
                self._report((number, Outcome.IMPORT_NEEDED))
            else:
                self._report((number, outcome))
        self.is_complete = True
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """Collect what a fixture of several tests runs: more tests than the first depend on it."""
        if fixturedef.scope == "function" or sys.gettrace() is None:
            return (yield)
        with self._tracer.collect(self._shared):
            return (yield)

    def _is_shared(self, mutant: Mutant) -> bool:
        return not self._shared.isdisjoint(lines_of(mutant))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._has_failed |= report.failed

    def _measure(self) -> tuple[list[Footprint], set[Line]]:
        """Trace every check in a fork, so that this process stays as it is."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            _leave(lambda: self._write_footprints(writer))
        os.close(writer)
        with os.fdopen(reader, "rb") as source:
            content = source.read()
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(f"{self._assay.target.name}: the unchanged code fails, see above")
        footprints, shared = pickle.loads(content)  # noqa: S301  of our own process
        return footprints, shared

    def _write_footprints(self, writer: int) -> bool:
        footprints = []
        numbers = range(len(self._items) + self._assay.target.seeds)
        for number, following in pairwise([*numbers, None]):
            run = partial(self._check, number, following)
            footprints.append(self._tracer.trace(number, run))
            if self._has_failed:
                os.write(2, f"failed: {self._name(number)}\n".encode())
                return True
        with os.fdopen(writer, "wb") as sink:
            pickle.dump((footprints, self._shared), sink)
        return False

    def _swapping(self, mutant: Mutant, checks: Sequence[Footprint]) -> Callable[[], bool]:
        def run() -> bool:
            swap_functions(mutant, self._assay.texts[mutant.module])
            for number, following in pairwise([*(check.number for check in checks), None]):
                self._check(number, following)
                if self._has_failed:
                    self._tear_down()
                    return True
            return False

        return run

    def _check(self, number: int, following: int | None) -> None:
        """Run a test, or a seed of the simulation, and note whether it fails.

        Fixtures that the following check uses, too, outlast this one.
        """
        if number >= len(self._items):
            self._has_failed |= _simulation_fails([number - len(self._items)])
            return
        is_test = following is not None and following < len(self._items)
        next_item = self._items[following] if is_test else None
        item = self._items[number]
        item.ihook.pytest_runtest_protocol(item=item, nextitem=next_item)

    def _tear_down(self) -> None:
        """End the fixtures that outlast a test, such as a server."""
        self._items[0].session._setupstate.teardown_exact(None)

    def _name(self, number: int) -> str:
        if number < len(self._items):
            return self._items[number].nodeid
        return f"seed {number - len(self._items)}"


def _pytest(target: Target, plugins: Sequence[object]) -> int:
    # A failing example is enough: neither shrink it nor store it. How long one takes is no matter.
    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settings.load_profile("mutation")
    os.chdir(ROOT)
    with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink):
        return int(pytest.main([*_OPTIONS, *target.test_paths()], plugins=plugins))


def _simulation_fails(seeds: Sequence[int]) -> bool:
    if not seeds:
        return False
    from simulation.run import failing_seed

    return failing_seed(seeds) is not None


def _leave(run: Callable[[], bool]) -> None:
    """End a forked process with what `run` returns; it must not return to its caller."""
    code = 70
    try:
        code = int(run())
    except BaseException:  # noqa: BLE001  as above
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
