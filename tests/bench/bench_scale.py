"""How costs grow: edges, connectors, OPC UA items, history; writers, workers, API processes.

The short form has what a minute carries; `make scale` is the rest, too.
"""

from collections.abc import Iterator

from bench.measure import Measure
from bench.scale import apis, edges, history, opcua_items, workers, writers

BRIEF = (edges.measures, writers.measures)
LONG = (*BRIEF, opcua_items.measures, history.measures, workers.measures, apis.measures)


def measures(short: bool) -> Iterator[Measure]:
    for part in BRIEF if short else LONG:
        yield from part(short)
