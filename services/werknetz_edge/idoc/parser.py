"""Parses an IDoc file into one record for each line, with each IDoc stored as a message."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from werknetz.connector.clock.wall_clock import unordered_clock
from werknetz.connector.contract import Connector, SourceMessage, SourceRecord, hash_message
from werknetz.connector.values import UnreadableValue
from werknetz.events.batch import Unmapped
from werknetz_edge.files.build import create_file_connector
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile, to_printable
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.segments import IdocSegment, list_lines
from werknetz_edge.idoc.xml_file import read_idocs

# The checkpoints in a spool depend on where a chunk ends: see `Chunk`.
IDOCS: Final = 200
SIZE: Final = 500_000
_SENDER: Final = ("SNDPOR", "SNDPRT", "SNDPRN", "MANDT")


@dataclass(slots=True)
class _ChunkInProgress:
    records: list[SourceRecord] = field(default_factory=list)
    messages: list[SourceMessage] = field(default_factory=list)
    rejects: list[Unmapped] = field(default_factory=list)
    idocs: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.idocs >= IDOCS or self.size >= SIZE

    def to_chunk(self) -> Chunk:
        return Chunk(records=self.records, messages=self.messages, rejects=self.rejects)


@dataclass(slots=True)
class IdocParser:
    config: IdocConfig

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        chunk, count = _ChunkInProgress(), 0
        for count, (root, idoc, content) in enumerate(read_idocs(file.path), start=1):
            control = next((c.fields for c in idoc.children if c.name == "EDI_DC40"), {})
            position = f"IDOC {count} of {to_printable(file.name)}"
            reason = self._reason(control)
            chunk.idocs += 1
            chunk.size += len(content)
            if reason:
                chunk.rejects.append(_reject_of(root, reason, content, position))
            else:
                message = SourceMessage(f"idoc/{root}", content, hash_message(content))
                chunk.messages.append(message)
                chunk.records += self._records(root, idoc, control, position, message.hash)
            if chunk.is_full:
                yield chunk.to_chunk()
                chunk = _ChunkInProgress()
        if not count:
            raise FileRefused("it has no IDOC element: is this an IDoc?")
        if chunk.idocs:
            yield chunk.to_chunk()

    def _reason(self, control: dict[str, str]) -> str:
        """Return why an IDoc is rejected; empty: it is read."""
        if not control.get("DOCNUM"):
            return "it has no number (EDI_DC40.DOCNUM): a repetition could not be detected"
        if control.get("TEST") and self.config.tests == "quarantine":
            return "it is marked as a test (EDI_DC40.TEST); set `tests: accept` to read tests"
        return ""

    def _records(
        self, root: str, idoc: IdocSegment, control: dict[str, str], position: str, message: bytes
    ) -> Iterator[SourceRecord]:
        kind = control.get("IDOCTYP") or root
        at_us = _created_us(control, self.config.zone)
        scope = "\0".join([*(control.get(name, "") for name in _SENDER), control["DOCNUM"]])
        for line in list_lines(idoc, self.config.rows, self.config.qualifiers):
            source = f"idoc/{kind}/{line.name}"
            if (split := self.config.split.get(line.name)) is not None:
                source += f"/{line.fields.get(split) or 'none'}"
            yield SourceRecord(
                source=source,
                fields=line.fields,
                key=blake2b(f"{scope}\0{line.path}".encode(), digest_size=16).digest(),
                item=f"{position}, {line.path}"[:500],
                source_time_us=at_us,
                message_hash=message,
            )


def _created_us(control: dict[str, str], zone: str) -> int | None:
    content = control.get("CREDAT", "") + (control.get("CRETIM") or "000000")
    try:
        clock = unordered_clock("%Y%m%d%H%M%S", zone)
        return clock.to_instant(content, arrival_us=time.time_ns() // 1000)[0]
    except UnreadableValue:
        return None  # the time of arrival is used instead


def _reject_of(root: str, reason: str, content: bytes, position: str) -> Unmapped:
    size = len(content) if len(content) > 65_536 else 0
    return Unmapped(
        source=f"idoc/{root}", reason=reason, raw=content[:65_536], size=size,
        at_us=time.time_ns() // 1000, item=position,
    )  # fmt: skip


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Validate the options; raises pydantic's ValidationError."""
    config = IdocConfig.model_validate(options)
    return create_file_connector(connector_id, config.inbox, folder, IdocParser(config))
