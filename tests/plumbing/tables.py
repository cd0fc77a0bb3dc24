"""Parses a table file and collects what its chunks contain."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from werknetz.connector.contract import Reading, SourceRecord
from werknetz.events.batch import Unmapped
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import LocalFile
from werknetz_edge.tables.config import TablesConfig
from werknetz_edge.tables.parser import TableParser


@dataclass
class ParsedTable:
    chunks: list[Chunk] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    rejects: list[Unmapped] = field(default_factory=list)
    samples: list[tuple[str, float, int, int]] = field(default_factory=list)
    """Of blocks: address, value, time, status."""


def local_file(path: Path) -> LocalFile:
    content = path.read_bytes()
    digest = blake2b(content, digest_size=16).digest()
    return LocalFile(path.name, path, len(content), 0, digest)


def create_table_parser(folder: Path, **source: Any) -> TableParser:
    config = {"inbox": {"folder": str(folder)}, "sources": [{"name": "t", **source}]}
    return TableParser(TablesConfig.model_validate(config), folder)


def parse(path: Path, **source: Any) -> ParsedTable:
    table = ParsedTable()
    for chunk in create_table_parser(path.parent, **source).parse(local_file(path)):
        table.chunks.append(chunk)
        table.records += chunk.records
        table.readings += chunk.readings
        table.rejects += chunk.rejects
        for block in chunk.blocks:
            table.samples += [
                (block.addresses[index], float(value), int(at_us), int(status))
                for index, value, at_us, status in zip(
                    block.address, block.value, block.source_time_us, block.status, strict=True
                )
            ]
    return table
