"""`python -m simulation.run`: many seeds, or one again. A failing seed prints itself."""

import argparse
import sys
import time
import traceback
from collections.abc import Iterable

from simulation.bugs import BUGS, Bugs
from simulation.checker import check
from simulation.world import World

REPLAY = "cd tests && ../.venv/bin/python -m simulation.run --seed {seed}"


def run_seed(seed: int, bugs: Bugs | None = None) -> World:
    world = World(seed, bugs)
    world.run()
    check(world)
    return world


def failing_seed(
    seeds: Iterable[int], bugs: Bugs | None = None
) -> tuple[int, BaseException] | None:
    for seed in seeds:
        try:
            run_seed(seed, bugs)
        except Exception as error:  # noqa: BLE001  every failure is a finding
            return seed, error
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--bugs", action="store_true", help="show that each planted bug is found")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    if options.bugs:
        results = {name: failing_seed(seeds, bugs) for name, bugs in BUGS.items()}
        for name, result in results.items():
            print(f"{name:45} {'NOT FOUND' if result is None else f'{result[0]}: {result[1]}'}")
        return int(None in results.values())
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    started_s = time.monotonic()
    result = failing_seed(seeds)
    if result is None:
        print(f"{len(seeds)} seeds held in {time.monotonic() - started_s:.1f} s")
        return 0
    seed, error = result
    traceback.print_exception(error)
    print(f"seed {seed} fails: {error}\nreplay: {REPLAY.format(seed=seed)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
