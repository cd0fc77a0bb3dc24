"""`make bench`: a line a measure: the whole way first, then every `bench_*.py` here.

Ratios are of one run, side by side.
usage: python -m bench.run [--short] [--only NAME] [--strict] [--rivals]
"""

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bench.measure import Measure
from bench.rivals import whole_way

WHOLE_WAY = ("whole_way", "bench_latency")
"""From a source to PostgreSQL, and to the API: these lines stand first."""


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--short", action="store_true", help="less than two minutes")
    arguments.add_argument("--only", help="one module's name, such as writer")
    arguments.add_argument("--strict", action="store_true", help="fail when a bar is missed")
    arguments.add_argument(
        "--rivals",
        action="store_true",
        help="only the whole way, beside Node-RED and ThingsBoard Gateway (installed once)",
    )
    options = arguments.parse_args()
    names = [WHOLE_WAY[0]] if options.rivals else _names()
    if options.only:
        names = [name for name in names if name.removeprefix("bench_") == options.only]
    if not names:
        sys.exit("nothing to measure: see tests/bench/bench_*.py")
    began = time.monotonic()
    short = 0
    for name in names:
        for measure in _measures(name, options.rivals)(options.short):
            print(measure, flush=True)
            short += measure.word == "short"
    print(
        f"{len(names)} benchmarks in {time.monotonic() - began:.0f} s, {short} short of their bar"
    )
    return 1 if short and options.strict else 0


def _measures(name: str, rivals: bool) -> Callable[[bool], Iterable[Measure]]:
    if name == WHOLE_WAY[0]:
        return partial(whole_way.measures, rivals=rivals)
    measures: Callable[[bool], Iterable[Measure]] = importlib.import_module(
        f"bench.{name}"
    ).measures
    return measures


def _names() -> list[str]:
    others = {path.stem for path in Path(__file__).parent.glob("bench_*.py")} - {*WHOLE_WAY}
    return [*WHOLE_WAY, *sorted(others)]


if __name__ == "__main__":
    sys.exit(main())
