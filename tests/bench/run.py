"""`make bench`: every `bench_*.py` here, a line a measure. Ratios are of one run, side by side.

usage: python -m bench.run [--short] [--only NAME] [--strict]
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

from bench.measure import Measure


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--short", action="store_true", help="less than two minutes")
    arguments.add_argument("--only", help="one module's name, such as writer")
    arguments.add_argument("--strict", action="store_true", help="fail when a bar is missed")
    options = arguments.parse_args()
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    if options.only:
        names = [name for name in names if name == f"bench_{options.only}"]
    if not names:
        sys.exit("nothing to measure: see tests/bench/bench_*.py")
    began = time.monotonic()
    short = 0
    for name in names:
        measures: list[Measure] = importlib.import_module(f"bench.{name}").measures(options.short)
        for measure in measures:
            print(measure, flush=True)
            short += measure.word == "short"
    print(
        f"{len(names)} benchmarks in {time.monotonic() - began:.0f} s, {short} short of their bar"
    )
    return 1 if short and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
