"""`python -m mutation.run`: change the code in small ways; tests must find at least 90 % of them.

Prints each survivor, the score of each package and of all. `--short` is a fixed, small sample.
"""

import argparse
import hashlib
import json
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from mutation.checks import Assay, preload
from mutation.operators import Mutant, mutants_of
from mutation.targets import ROOT, TARGETS, Target
from mutation.trial import Outcome

BAR: Final = 0.90
SHORT_SAMPLE: Final = 2  # mutants a module
EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")


@dataclass
class Score:
    """Outcomes by target. A trial out of time counts as killed, and is printed as such."""

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)

    def add(self, target: str, outcome: Outcome) -> None:
        self.outcomes.setdefault(target, Counter())[outcome] += 1

    def share(self, targets: Iterable[str]) -> float:
        total = sum((self.outcomes[name] for name in targets), Counter[Outcome]())
        return 1 - total[Outcome.SURVIVED] / total.total() if total else 1.0

    def line(self, target: str) -> str:
        counts = self.outcomes[target]
        text = f"{self.share([target]):6.1%} of {counts.total()} mutants killed"
        late = counts[Outcome.OUT_OF_TIME]
        return f"{text}, {late} of them by running out of time" if late else text


def read_equivalents() -> set[tuple[str, str, str]]:
    """Return the mutants that change nothing observable; each has its reason in the file."""
    entries = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    return {(entry["module"], entry["source"], entry["change"]) for entry in entries}


def find_outdated_equivalents() -> list[str]:
    """Return the entries whose line is no longer in its module: they excuse nothing."""
    texts: dict[str, set[tuple[str, str, str]]] = {}
    outdated = []
    for module, source, change in sorted(read_equivalents()):
        if module not in texts:
            path = ROOT / module
            mutants = mutants_of(module, path.read_text()) if path.exists() else []
            texts[module] = {(m.module, m.source, m.change) for m in mutants}
        if (module, source, change) not in texts[module]:
            outdated.append(f"{module}: {change}: {source}")
    return outdated


def select_mutants(
    target: Target, texts: dict[str, str], sample: int, seed: int, only: str = ""
) -> list[Mutant]:
    """Return a sample of each module that depends on nothing but the seed and the module."""
    equivalent = read_equivalents()
    chosen: list[Mutant] = []
    for module in target.modules():
        if only not in module:
            continue
        text = texts.setdefault(module, (ROOT / module).read_text())
        mutants = [
            mutant
            for mutant in mutants_of(module, text)
            if (mutant.module, mutant.source, mutant.change) not in equivalent
        ]
        if sample and len(mutants) > sample:
            mutants = Random(f"{seed}:{module}").sample(mutants, sample)
        chosen += mutants
    return chosen


class Memory:
    """The mutants that earlier runs killed, so that a run can be broken off and resumed.

    A mutant counts as killed for as long as its module stays the same: with fewer tests than at
    that time, start with a new file. Survivors are tried again.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._killed: dict[tuple[str, str, str, int], Outcome] = {}
        lines = path.read_text().splitlines() if path and path.exists() else []
        for target, module, digest, number, outcome in map(json.loads, lines):
            self._killed[target, module, digest, number] = Outcome(outcome)

    def outcome(self, target: str, mutant: Mutant, text: str) -> Outcome | None:
        return self._killed.get((target, mutant.module, _digest(text), mutant.number))

    def add(self, target: str, mutant: Mutant, text: str, outcome: Outcome) -> None:
        if self._path and outcome is not Outcome.SURVIVED:
            entry = (target, mutant.module, _digest(text), mutant.number, outcome)
            with self._path.open("a") as file:
                file.write(json.dumps(entry) + "\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def run_target(
    target: Target, mutants: list[Mutant], texts: dict[str, str], processes: int, memory: Memory
) -> Iterator[tuple[Mutant, Outcome]]:
    """Yield the outcome of each mutant, first of those that the memory knows."""
    waiting: list[Mutant] = []
    for mutant in mutants:
        if outcome := memory.outcome(target.name, mutant, texts[mutant.module]):
            yield mutant, outcome
        else:
            waiting.append(mutant)
    if waiting:
        for mutant, outcome in Assay(target, waiting, texts, processes).run():
            memory.add(target.name, mutant, texts[mutant.module], outcome)
            yield mutant, outcome


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mutation.run", description=__doc__)
    parser.add_argument("--sample", type=int, default=12, help="mutants a module; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=2, help="trials at once")
    parser.add_argument("--target", choices=[target.name for target in TARGETS], action="append")
    parser.add_argument("--module", default="", help="only modules with this in their path")
    parser.add_argument("--short", action="store_true", help="a small fixed sample, no database")
    parser.add_argument("--resume", type=Path, help="a file of what was killed; it is added to")
    parser.add_argument("--bar", type=float, default=BAR, help="share that must be killed")
    options = parser.parse_args(arguments)
    sample = SHORT_SAMPLE if options.short else options.sample
    targets = [
        target
        for target in TARGETS
        if (target.name in options.target if options.target else True)
        and not (options.short and (target.needs_database or not target.in_short))
    ]
    modules = {module for target in targets for module in target.modules()}
    if not any(options.module in module for module in modules):
        parser.error(f"no module of the targets has {options.module!r} in its path")
    started_s = time.monotonic()
    preload()
    score, memory = Score(), Memory(options.resume)
    for target in targets:
        texts: dict[str, str] = {}
        mutants = select_mutants(target, texts, sample, options.seed, options.module)
        for mutant, outcome in run_target(target, mutants, texts, options.jobs, memory):
            score.add(target.name, outcome)
            if outcome is not Outcome.KILLED:
                print(f"{outcome}: {mutant}", flush=True)
    names = list(score.outcomes)
    for name in names:
        print(f"{name:16} {score.line(name)}")
    for entry in find_outdated_equivalents():
        print(f"remove from {EQUIVALENT.name}: {entry}")
    overall = score.share(names)
    elapsed_s = time.monotonic() - started_s
    print(f"{'all':16} {overall:6.1%}, in {elapsed_s:.0f} s; bar: {options.bar:.0%}")
    # So few mutants of a package say little about it: the short form judges them together.
    shares = [score.share([name]) for name in names]
    lowest = overall if options.short else min(shares, default=overall)
    return int(lowest < options.bar)


if __name__ == "__main__":
    sys.exit(main())
