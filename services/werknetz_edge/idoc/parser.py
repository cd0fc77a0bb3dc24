"""Parses an IDoc file into one record for each line, with each IDoc stored as a message."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from werknetz.connector.clock.wall_clock import unordered_clock
from werknetz.connector.contract import (
    Connector,
    SourceGroupEnd,
    SourceMessage,
    SourceRecord,
    hash_message,
)
from werknetz.connector.values import UnreadableValue
from werknetz.events.batch import Unmapped
from werknetz_edge.files.build import create_file_connector, open_ledger
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile, to_printable
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.documents import CreationTimes, IdocDocuments, content_of
from werknetz_edge.idoc.flat_file import is_flat, read_flat_idocs
from werknetz_edge.idoc.layouts import SegmentLayouts, layouts_of
from werknetz_edge.idoc.segments import SIBLINGS_MAX, IdocSegment, list_lines
from werknetz_edge.idoc.xml_file import read_idocs

# The checkpoints in a spool depend on where a chunk ends: see `Chunk`.
IDOCS: Final = 200
SIZE: Final = 500_000


@dataclass(slots=True)
class _ChunkInProgress:
    records: list[SourceRecord] = field(default_factory=list)
    group_ends: list[SourceGroupEnd] = field(default_factory=list)
    messages: list[SourceMessage] = field(default_factory=list)
    rejects: list[Unmapped] = field(default_factory=list)
    state_updates: list[tuple[bytes, bytes]] = field(default_factory=list)
    idocs: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.idocs >= IDOCS or self.size >= SIZE

    def to_chunk(self) -> Chunk:
        return Chunk(
            records=self.records, messages=self.messages, rejects=self.rejects,
            group_ends=self.group_ends, state_updates=self.state_updates,
        )  # fmt: skip


@dataclass(slots=True)
class IdocParser:
    config: IdocConfig
    get_state: Callable[[bytes], bytes | None] = lambda _key: None  # the ledger
    details: dict[str, str] = field(default_factory=dict)
    _layouts: SegmentLayouts = field(init=False)
    _without_lines: int = 0

    def __post_init__(self) -> None:
        self._layouts = layouts_of(self.config.layouts, self.config.definitions)

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        chunk, count = _ChunkInProgress(), 0
        created = CreationTimes(self.get_state)
        for count, (root, idoc, content, problem) in enumerate(self._idocs(file.path), start=1):
            position = f"IDOC {count} of {to_printable(file.name)}"
            chunk.idocs += 1
            chunk.size += len(content)
            reason = problem or self._add_idoc(chunk, root, idoc, content, position, created)
            if reason:
                chunk.rejects.append(_reject_of(root, reason, content, position))
            if chunk.is_full:
                yield chunk.to_chunk()
                chunk = _ChunkInProgress()
        if not count:
            raise FileRefused("it has no IDOC element: is this an IDoc?")
        if chunk.idocs:
            yield chunk.to_chunk()

    def _idocs(self, path: Path) -> Iterator[tuple[str, IdocSegment, bytes, str]]:
        if is_flat(path, self.config.encoding):
            yield from read_flat_idocs(path, self.config.encoding, self._layouts)
        else:
            for root, idoc, content in read_idocs(path):
                yield root, idoc, content, ""

    def _add_idoc(
        self, chunk: _ChunkInProgress, root: str, idoc: IdocSegment, content: bytes,
        position: str, created: CreationTimes,
    ) -> str:  # fmt: skip
        """Add the records of an IDoc; return why it is rejected (empty: it is read)."""
        control = next((c.fields for c in idoc.children if c.name == "EDI_DC40"), {})
        if control.get("TEST") and self.config.tests == "quarantine":
            return "it is marked as a test (EDI_DC40.TEST); set `tests: accept` to read tests"
        message = SourceMessage(f"idoc/{root}", content, hash_message(content))
        documents = IdocDocuments(
            self.config, control, control.get("IDOCTYP") or root, content_of(idoc),
            _created_us(control, self.config.zone), message.hash, created,
        )  # fmt: skip
        lines = [*list_lines(idoc, self.config.rows, self.config.qualifiers)]
        records = [*documents.records_of(lines, position)]
        ends = [*documents.ends_of(idoc, position)]
        if not lines and not ends:
            if self.config.empty == "quarantine":
                return (
                    f"it has no line ({', '.join(self.config.rows)}): add its segment to `rows`, "
                    "or set `empty: accept`"
                )
            self._without_lines += 1
            self.details["without_lines"] = str(self._without_lines)
            self.details["last_without_lines"] = position
        left_out = max((line.left_out for line in lines), default=0)
        if left_out:
            reason = (
                f"{left_out} segments beside its lines are not part of their records, which have "
                f"at most {SIBLINGS_MAX}; the lines are stored"
            )
            chunk.rejects.append(_reject_of(root, reason, content, position))
        chunk.messages.append(message)
        chunk.records += records
        chunk.group_ends += ends
        chunk.state_updates += documents.updates()
        return ""


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
    ledger = open_ledger(connector_id, folder)
    parser = IdocParser(config, ledger.get)
    connector = create_file_connector(connector_id, config.inbox, folder, parser, ledger=ledger)
    parser.details = connector.status.details
    return connector
