"""Values of own KPIs: CPU time beside built-in ones and beside the CEL engine."""

import time
from collections.abc import Callable
from typing import Final

from bench.measure import Measure
from werknetz.connector.expressions.expression import compile_expression
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.facts.elements import EquipmentElements
from werknetz.own_kpis.definition import load_definition

BAR: Final = 4.0
_FORMULA: Final = "apt_s / (apt_s + adet_s)"
_DOCUMENT: Final = {
    "id": "own", "names": {"de": "x", "en": "x"}, "description": "x", "unit": "ratio",
    "formula": _FORMULA, "better": "higher",
    "tests": [{"elements": {"apt_s": 3, "adet_s": 1}, "expected": 0.75}],
}  # fmt: skip
_ELEMENTS: Final = EquipmentElements(pbt_s=900.0, apt_s=600.0, adet_s=200.0)


def measure(compute: Callable[[], object], *, count: int) -> float:
    """Return the CPU time of a value in microseconds, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(count):
            compute()
        best = min(best, time.process_time() - began)
    return best / count * 1e6


def measures(short: bool) -> list[Measure]:
    count = 5_000 if short else 50_000
    own, built_in = load_definition(_DOCUMENT, file="own").kpi, CATALOGUE["technical_efficiency"]
    program = compile_expression(_FORMULA, {"apt_s": "number", "adet_s": "number"}, "number")
    own_us = measure(lambda: own.compute(_ELEMENTS), count=count)
    built_in_us = measure(lambda: built_in.compute(_ELEMENTS), count=count)
    cel_us = measure(
        lambda: program.evaluate({"apt_s": _ELEMENTS.apt_s, "adet_s": _ELEMENTS.adet_s}),
        count=count,
    )
    return [
        Measure(
            "own KPI: a value, beside the same built in",
            f"{own_us:.1f} µs ({built_in_us:.1f} µs; CEL engine {cel_us:.1f} µs)",
            own_us / built_in_us,
            BAR,
            at_most=True,
        )
    ]
