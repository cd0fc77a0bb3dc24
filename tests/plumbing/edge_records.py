"""Reads records as an edge stores them: through a real connector and its mapping."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from werknetz.connector.contract import ConnectionLost, Connector
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import BusinessEvent, PointDefinition, Points, Record, Samples, Unmapped
from werknetz.events.codec import columns_of
from werknetz_edge.config import EdgeConfig, load_config
from werknetz_edge.edge import create_connector
from werknetz_edge.spool.spool_file import clock_us


@dataclass
class ReceivedRecords:
    """By point key, such as `nordwerk/…/press-3:state`: when, which number, which text."""

    latest: dict[str, tuple[int, float, str]] = field(default_factory=dict)
    history: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    units: dict[str, str | None] = field(default_factory=dict)
    events: list[BusinessEvent] = field(default_factory=list)
    refused: list[Unmapped] = field(default_factory=list)
    _points: dict[int, PointDefinition] = field(default_factory=dict)

    def add(self, records: list[Record]) -> None:
        for record in records:
            if isinstance(record, Points):
                self._points |= {point.number: point for point in record.points}
                self.units |= {point.key: point.unit for point in record.points}
            elif isinstance(record, Samples):
                self._add_samples(record)
            elif isinstance(record, BusinessEvent):
                self.events.append(record)
            elif isinstance(record, Unmapped):
                self.refused.append(record)

    def _add_samples(self, samples: Samples) -> None:
        columns = columns_of(samples)
        texts = dict(zip(columns.text_row.tolist(), columns.text, strict=True))
        rows = zip(
            columns.point.tolist(), columns.time.tolist(), columns.value.tolist(), strict=True
        )
        for row, (number, at_us, value) in enumerate(rows):
            key = self._points[number].key
            self.latest[key] = at_us, value, texts.get(row, "")
            self.history.setdefault(key, []).append((at_us, value))


def config_of(tree: dict[str, Any], folder: Path) -> EdgeConfig:
    file = folder / f"{tree['connector']}.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True))
    config = load_config(file)
    config.folder.mkdir(parents=True, exist_ok=True)
    return config


async def read_until(
    config: EdgeConfig,
    received: ReceivedRecords,
    is_true: Callable[[], bool],
    *,
    within_s: float = 120,
) -> None:
    """Read, normalise and acknowledge until the condition holds; then close."""
    connector = create_connector(config)
    normalizer = Normalizer(config.mapping, config.connector)
    try:
        async with asyncio.timeout(within_s):
            await _connect(connector)
            while not is_true():
                delivery = await connector.read()
                records = normalizer.normalize(delivery, clock_us())
                received.add(records)
                if delivery.on_stored is not None:
                    delivery.on_stored(records)
                await delivery.acknowledge()
    finally:
        await connector.close()


async def _connect(connector: Connector) -> None:
    while True:
        try:
            await connector.connect()
        except (OSError, ConnectionLost):
            await asyncio.sleep(0.2)  # the server may still be starting
        else:
            return
