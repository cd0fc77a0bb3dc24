"""The order lists of an ERP system: a CSV file an hour with begun and ended orders, and its edge.

A machine's own signal names the number of the order only; the list names what the order makes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from werknetz_simulator.plants.machine import Plant, PlantMachine
from werknetz_simulator.plants.systems.hourly_files import HourlyFile, HourlyFileWriter
from werknetz_simulator.plants.systems.mes import article_of, articles_of
from werknetz_simulator.protocols.names.profile import path_in_area

PREFIX: Final = "auftraege_"
COLUMNS: Final = ("Zeit", "Linie", "Maschine", "Vorgang", "Auftrag", "Material")
BEGIN, END = "Beginn", "Ende"
FAMILIES: Final = {"emden-1": "body parts", "zwick-2": "body parts", "palma-3": "mouldings"}
"""Of the articles of a plant; the MES of Palma-3 names its own."""
SETTLE_S: Final = 1.0  # files appear in one step
POLL_S: Final = 2.0


class OrderListWriter(HourlyFileWriter):
    def files_of(self, start_us: int, end_us: int) -> Iterator[HourlyFile]:
        rows = [
            row
            for machine in self._truth.plant.machines
            for row in self._rows_of(machine, start_us, end_us)
        ]
        yield HourlyFile(PREFIX, COLUMNS, sorted(rows))

    def _rows_of(
        self, machine: PlantMachine, start_us: int, end_us: int
    ) -> Iterator[tuple[str, ...]]:
        """Yield the changes of the order in a span; an order that pauses ends and begins again."""
        order = ""
        if start_us > self._truth.since_us:
            order = next(self._truth.segments(machine, start_us - 1, start_us)).order
        for segment in self._truth.segments(machine, start_us, end_us):
            if segment.order == order:
                continue
            at = self.local_time(max(segment.start_us, start_us))
            for event, number in ((END, order), (BEGIN, segment.order)):
                if number:
                    article = article_of(machine, number)
                    yield at, machine.line, machine.name, event, number, article
            order = segment.order


def connector_of(plant: str) -> str:
    return f"{plant}-orders"


def materials_of(plant: Plant) -> list[tuple[str, str, str]]:
    """Return number, description and product family of what a plant makes, where it names it."""
    family = FAMILIES.get(plant.name)
    if family is None:
        return []
    return [
        (article, f"{plant.name} {line}", family)
        for article, line in sorted(articles_of(plant).items())
    ]


def order_list_edge_of(plant: Plant, folder: Path, spool: str) -> dict[str, Any]:
    """Return the configuration of the edge that reads the folder."""
    connector = connector_of(plant.name)
    source = {
        "name": "orders",
        "pattern": f"{PREFIX}*.csv",
        "as": "records",
        "delimiter": ";",
        "time": {"column": "Zeit", "zone": plant.plan.time_zone},
        "key": ["Zeit", "Maschine", "Vorgang", "Auftrag"],
    }
    path = f"'{path_in_area(plant, '')}' + record.Linie + '/' + record.Maschine"
    fields = {
        "equipment": {"expression": path}, "order_number": "Auftrag", "material": "Material",
    }  # fmt: skip
    inbox = {"folder": str(folder), "pattern": "*.csv", "settle_s": SETTLE_S, "poll_s": POLL_S}
    return {
        "connector": connector,
        "protocol": "tables",
        "spool": {"folder": spool},
        "options": {"inbox": inbox, "sources": [source]},
        "mapping": {
            "name": connector,
            "version": 1,
            "time_zone": plant.plan.time_zone,
            "events": [
                {"source": "orders", "kind": kind, "fields": fields,
                 "when": f"record.Vorgang == '{word}'"}
                for word, kind in ((BEGIN, "job_started"), (END, "job_finished"))
            ],
        },
    }  # fmt: skip
