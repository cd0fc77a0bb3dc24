"""Trials in forked processes: each puts one mutant in and runs checks until one fails.

A trial has a limit of processor time and one of time on the clock. One that exceeds a limit is
reported as such: it may be an endless loop, and it may be a machine that is busy.
"""

import enum
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutation.loading import ImportNeededError

MEMORY_BYTES: Final = 6 << 30
PROCESSOR_SLACK: Final = 3.0  # a trial may take so many times as long as the unchanged code
PROCESSOR_SLACK_S: Final = 5.0
CLOCK_SLACK: Final = 10.0  # other processes may have the processor
CLOCK_SLACK_S: Final = 120.0
POLL_S: Final = 0.005
SHARED_MEMORY: Final = Path("/dev/shm")


class Outcome(enum.StrEnum):
    KILLED = "killed"
    SURVIVED = "survived"
    OUT_OF_TIME = "ran out of time"
    IMPORT_NEEDED = "runs at import"


_OUTCOMES: Final = {0: Outcome.SURVIVED, 1: Outcome.KILLED, 2: Outcome.IMPORT_NEEDED}
_BROKEN: Final = 70


@dataclass(frozen=True, slots=True)
class Trial:
    """`run` returns whether a check failed. `expected_s` is what the unchanged code takes."""

    number: int
    run: Callable[[], bool]
    expected_s: float


def run_trials(trials: Iterable[Trial], processes: int) -> Iterator[tuple[int, Outcome]]:
    """Run the trials, several at once. Raises RuntimeError if one breaks by itself."""
    waiting, running = iter(trials), list[_Process]()
    while True:
        while len(running) < processes and (trial := next(waiting, None)):
            running.append(_Process(trial))
        if not running:
            return
        for process in list(running):
            if outcome := process.poll():
                running.remove(process)
                yield process.trial.number, outcome
        time.sleep(POLL_S)


class _Process:
    """One trial, running. Its files are in memory: a sync of a disk takes longer than a check."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        parent = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        self._folder = tempfile.mkdtemp(prefix="mutation-", dir=parent)
        self._clock_end_s = time.monotonic() + trial.expected_s * CLOCK_SLACK + CLOCK_SLACK_S
        self._is_out_of_time = False
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if not self._pid:
            self._run()

    def poll(self) -> Outcome | None:
        """Return the outcome once the process has ended."""
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        if not ended and time.monotonic() > self._clock_end_s:
            self._is_out_of_time = True
            os.killpg(self._pid, signal.SIGKILL)
            ended, status = os.waitpid(self._pid, 0)
        if not ended:
            return None
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._is_out_of_time or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == _CPU_SIGNAL):
            return Outcome.OUT_OF_TIME
        if os.WIFSIGNALED(status):
            return Outcome.KILLED  # the mutant crashes the interpreter
        code = os.waitstatus_to_exitcode(status)
        if code not in _OUTCOMES:
            raise RuntimeError(f"trial {self.trial.number} broke, see above")
        return _OUTCOMES[code]

    def _run(self) -> None:
        code = _BROKEN
        try:
            os.setsid()
            os.environ["PYTEST_DEBUG_TEMPROOT"] = self._folder
            limit_s = int(self.trial.expected_s * PROCESSOR_SLACK + PROCESSOR_SLACK_S)
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            code = int(self.trial.run())
        except ImportNeededError:
            code = 2
        except BaseException:  # noqa: BLE001  a forked process must not return to its caller
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


_CPU_SIGNAL: Final = signal.SIGXCPU
