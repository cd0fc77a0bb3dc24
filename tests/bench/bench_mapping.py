"""Mapping with and without expressions: the same values through the same normalizer, side by side.

Alternating rounds; the best counts, by CPU time. One bar limits how much slower an expression may
be, another requires that rules without expressions stay as fast beside rules with them.
"""

import time
from collections.abc import Callable

import numpy as np

from bench.measure import Measure
from werknetz.connector.contract import Delivery, Reading, ReadingBlock, SourceRecord
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml

ROUNDS = 3
ROUNDS_OF_COLUMNS = 50  # a block without expressions takes less than a millisecond
NOW = 1_795_000_000_000_000
POINTS = 100
REPEATED = 8  # different values of a point in a block: modes, levels, set points

SIGNALS = """
mapping:
  name: bench
  version: 1
  equipment: n/p
  rules:
    - {{source: "plain/{{p}}", signal: "plain_{{p}}", scale: 2.0}}
    - {{source: "cel/{{p}}", signal: "cel_{{p}}", {rule}}}
"""
EVENTS = """
mapping:
  name: bench
  version: 1
  events:
    - source: plain
      kind: stock_counted
      fields: {material: material, quantity: {field: qty, scale: 2.0}, warehouse: {constant: W1}}
    - source: cel
      kind: stock_counted
      when: "record.kind == 'S'"
      fields:
        material: {expression: "record.material"}
        quantity: {expression: "record.qty * 2.0"}
        warehouse: {constant: W1}
"""
EXPRESSION = 'expression: "value * 2.0"'


def measures(short: bool) -> list[Measure]:
    rows = 3_000 if short else 30_000
    return [*_readings(rows), *_blocks(rows * 4), *_records(rows // 2)]


def _normalizer(rule: str = EXPRESSION) -> Normalizer:
    return Normalizer(parse_mapping(parse_yaml(SIGNALS.format(rule=rule), file="bench")), "bench")


def _rate(items: int, work: Callable[[], object]) -> float:
    started = time.process_time()  # a busy machine does not lengthen it
    work()
    return items / max(time.process_time() - started, 1e-9)


def _best_rates(items: int, *works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the best rate of each function, in alternating rounds."""
    for work in works:
        work()  # points are introduced, expressions compiled
    rates = [[_rate(items, work) for work in works] for _ in range(rounds)]
    return [max(column) for column in zip(*rates, strict=True)]


def _line(name: str, unit: str, computed: float, plain: float, bar: float | None) -> Measure:
    figure = f"{computed:,.0f} {unit}; without {plain:,.0f}"
    return Measure(name, figure, computed / plain, bar)


def _readings(rows: int) -> list[Measure]:
    normalizer = _normalizer()

    def of(prefix: str) -> Callable[[], object]:
        readings = [Reading(f"{prefix}/{n % POINTS}", float(n)) for n in range(rows)]
        return lambda: normalizer.normalize(Delivery(readings), NOW)

    computed, plain = _best_rates(rows, of("cel"), of("plain"))
    return [_line("mapping with CEL, readings", "values/s CPU", computed, plain, 0.1)]


def _block(addresses: list[str], prefix: str, rows: int, different: int) -> ReadingBlock:
    own = [n for n, address in enumerate(addresses) if address.startswith(prefix)]
    return ReadingBlock(
        addresses=addresses,
        address=np.resize(np.array(own, np.int32), rows),
        value=(np.arange(rows, dtype=np.float64) // len(own)) % different,
        status=np.zeros(rows, np.uint32),
        source_time_us=NOW - np.arange(rows, dtype=np.int64),
    )


def _blocks(rows: int) -> list[Measure]:
    addresses = [f"{prefix}/{n}" for prefix in ("cel", "plain") for n in range(POINTS)]
    normalizer = _normalizer()
    alone = _normalizer("scale: 2.0")

    def of(name: Normalizer, prefix: str, different: int) -> Callable[[], object]:
        block = _block(addresses, prefix, rows, different)
        return lambda: name.normalize(Delivery(blocks=[block]), NOW)

    beside, plain = _best_rates(
        rows, of(normalizer, "plain", rows), of(alone, "plain", rows), rounds=ROUNDS_OF_COLUMNS
    )
    repeated, different = _best_rates(
        rows, of(normalizer, "cel", REPEATED), of(normalizer, "cel", rows)
    )
    return [
        _line(
            f"mapping with CEL, blocks, {REPEATED} values", "values/s CPU", repeated, plain, None
        ),
        _line("mapping with CEL, blocks, all different", "values/s CPU", different, plain, None),
        _line("mapping without, beside rules with CEL", "values/s CPU", beside, plain, 0.6),
    ]


def _records(rows: int) -> list[Measure]:
    normalizer = Normalizer(parse_mapping(parse_yaml(EVENTS, file="bench")), "bench")

    def of(source: str) -> Callable[[], object]:
        records = [
            SourceRecord(
                source, {"kind": "S", "material": f"M{n}", "qty": n, "note": "x"}, b"%d" % n
            )
            for n in range(rows)
        ]
        return lambda: normalizer.normalize(Delivery(records=records), NOW)

    computed, plain = _best_rates(rows, of("cel"), of("plain"))
    return [_line("mapping with CEL, records", "records/s CPU", computed, plain, 0.25)]
