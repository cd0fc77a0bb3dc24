"""`python -m mutation.run`: change the code in small ways; tests must find at least 90 % of them.

Prints each survivor, the score of each package and of all. `--short` is a fixed, small sample.
"""

import argparse
import os
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from mutation.operators import Mutant, mutants_of
from mutation.targets import ROOT, TARGETS, Target
from mutation.trial import Checks, end_trial, measure, preload, start_trial

BAR: Final = 0.90
SHORT_SAMPLE: Final = 2  # mutants a module
SLACK: Final = 4.0  # a trial may take so many times as long as the unchanged code
SLACK_S: Final = 10.0
POLL_S: Final = 0.02
EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True)
class Job:
    target: str
    mutant: Mutant
    checks: Checks
    timeout_s: float


@dataclass
class Score:
    killed: Counter[str] = field(default_factory=Counter)
    survivors: dict[str, list[Mutant]] = field(default_factory=dict)

    def add(self, job: Job, *, is_killed: bool) -> None:
        if is_killed:
            self.killed[job.target] += 1
        else:
            self.survivors.setdefault(job.target, []).append(job.mutant)

    def share(self, targets: Iterable[str]) -> float:
        names = list(targets)
        killed = sum(self.killed[name] for name in names)
        total = killed + sum(len(self.survivors.get(name, ())) for name in names)
        return killed / total if total else 1.0

    def total(self, target: str) -> int:
        return self.killed[target] + len(self.survivors.get(target, ()))


def read_equivalents() -> set[tuple[str, str, str]]:
    """Return the mutants that change nothing observable; each has its reason in the file."""
    entries = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    return {(entry["module"], entry["source"], entry["change"]) for entry in entries}


def select_mutants(target: Target, sample: int, seed: int) -> list[Mutant]:
    """Return a sample of each module that depends on nothing but the seed and the module."""
    equivalent = read_equivalents()
    chosen: list[Mutant] = []
    for module in target.modules():
        mutants = [
            mutant
            for mutant in mutants_of(module, (ROOT / module).read_text())
            if (mutant.module, mutant.source, mutant.change) not in equivalent
        ]
        if sample and len(mutants) > sample:
            mutants = Random(f"{seed}:{module}").sample(mutants, sample)
        chosen += mutants
    return chosen


def jobs_of(targets: Iterable[Target], sample: int, seed: int, only: str) -> list[Job]:
    jobs: list[Job] = []
    for target in targets:
        mutants = [m for m in select_mutants(target, sample, seed) if only in m.module]
        if not mutants:
            continue
        checks = Checks(target.test_paths(), target.seeds)
        timeout_s = measure(checks) * SLACK + SLACK_S
        jobs += [Job(target.name, mutant, checks, timeout_s) for mutant in mutants]
    return jobs


def run_jobs(jobs: list[Job], processes: int) -> Score:
    """Run the trials, several at once. One that does not end in time counts as killed."""
    score, waiting = Score(), list(reversed(jobs))
    running: dict[int, tuple[Job, float]] = {}
    while waiting or running:
        while waiting and len(running) < processes:
            job = waiting.pop()
            running[start_trial(job.mutant, job.checks)] = (job, time.monotonic())
        for pid, (job, started_s) in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and time.monotonic() - started_s > job.timeout_s:
                end_trial(pid)
                ended, status = os.waitpid(pid, 0)
            if ended:
                del running[pid]
                score.add(job, is_killed=status != 0)
                if status == 0:
                    print(f"survived: {job.mutant}", flush=True)
        time.sleep(POLL_S)
    return score


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutation.run", description=__doc__)
    parser.add_argument("--sample", type=int, default=12, help="mutants a module; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="trials at once")
    parser.add_argument("--target", choices=[target.name for target in TARGETS], action="append")
    parser.add_argument("--module", default="", help="only modules with this in their path")
    parser.add_argument("--short", action="store_true", help="a small fixed sample, no database")
    parser.add_argument("--bar", type=float, default=BAR, help="share that must be killed")
    options = parser.parse_args()
    sample = SHORT_SAMPLE if options.short else options.sample
    targets = [
        target
        for target in TARGETS
        if (target.name in options.target if options.target else True)
        and not (options.short and target.needs_database)
    ]
    started_s = time.monotonic()
    preload()
    score = run_jobs(jobs_of(targets, sample, options.seed, options.module), options.jobs)
    names = [target.name for target in targets if score.total(target.name)]
    for name in names:
        print(f"{name:16} {score.share([name]):6.1%} of {score.total(name)} mutants killed")
    overall = score.share(names)
    elapsed_s = time.monotonic() - started_s
    print(f"{'all':16} {overall:6.1%}, in {elapsed_s:.0f} s; bar: {options.bar:.0%}")
    # So few mutants of a package say little about it: the short form judges them together.
    lowest = overall if options.short else min(map(score.share, ([name] for name in names)))
    return int(lowest < options.bar)


if __name__ == "__main__":
    sys.exit(main())
