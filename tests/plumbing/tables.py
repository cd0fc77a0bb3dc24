"""A table file through the parser, as rows of what it said."""

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
    pieces: list[Chunk] = field(default_factory=list)
    records: list[SourceRecord] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    bad: list[Unmapped] = field(default_factory=list)
    samples: list[tuple[str, float, int, int]] = field(default_factory=list)
    """Of blocks: address, value, time, status."""


def local_file(path: Path) -> LocalFile:
    content = path.read_bytes()
    digest = blake2b(content, digest_size=16).digest()
    return LocalFile(path.name, path, len(content), 0, digest)


def parser_of(folder: Path, **source: Any) -> TableParser:
    config = {"inbox": {"folder": str(folder)}, "sources": [{"name": "t", **source}]}
    return TableParser(TablesConfig.model_validate(config), folder)


def parse(path: Path, **source: Any) -> ParsedTable:
    said = ParsedTable()
    for piece in parser_of(path.parent, **source).parse(local_file(path)):
        said.pieces.append(piece)
        said.records += piece.records
        said.readings += piece.readings
        said.bad += piece.rejects
        for block in piece.blocks:
            said.samples += [
                (block.addresses[index], float(value), int(at_us), int(status))
                for index, value, at_us, status in zip(
                    block.address, block.value, block.source_time_us, block.status, strict=True
                )
            ]
    return said
