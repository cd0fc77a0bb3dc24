"""An IDoc file → records, one for each line of a document, each IDoc kept whole beside them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from werknetz.connector.contract import Connector, SourceMessage, SourceRecord, hash_message
from werknetz.domain.bucket import microseconds_of
from werknetz.events.batch import Unmapped
from werknetz_edge.files.build import create_file_connector
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile, to_printable
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.segments import Segment, lines_of
from werknetz_edge.idoc.xml_file import idocs_of

# Where a piece ends is part of what the marks in a spool mean: see `Chunk`.
IDOCS: Final = 200
SIZE: Final = 500_000
_SENDER: Final = ("SNDPOR", "SNDPRT", "SNDPRN", "MANDT")


@dataclass(slots=True)
class _Piece:
    records: list[SourceRecord] = field(default_factory=list)
    messages: list[SourceMessage] = field(default_factory=list)
    bad: list[Unmapped] = field(default_factory=list)
    idocs: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.idocs >= IDOCS or self.size >= SIZE

    def chunk(self) -> Chunk:
        return Chunk(records=self.records, messages=self.messages, rejects=self.bad)


@dataclass(slots=True)
class IdocParser:
    config: IdocConfig

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        piece, count = _Piece(), 0
        for count, (root, idoc, written) in enumerate(idocs_of(file.path), start=1):
            control = next((c.fields for c in idoc.children if c.name == "EDI_DC40"), {})
            place = f"IDOC {count} of {to_printable(file.name)}"
            reason = self._reason(control)
            piece.idocs += 1
            piece.size += len(written)
            if reason:
                piece.bad.append(_unmapped(root, reason, written, place))
            else:
                message = SourceMessage(f"idoc/{root}", written, hash_message(written))
                piece.messages.append(message)
                piece.records += self._records(root, idoc, control, place, message.hash)
            if piece.is_full:
                yield piece.chunk()
                piece = _Piece()
        if not count:
            raise FileRefused("it holds no IDOC element: is this an IDoc?")
        if piece.idocs:
            yield piece.chunk()

    def _reason(self, control: dict[str, str]) -> str:
        """Why an IDoc is not taken; empty where it is."""
        if not control.get("DOCNUM"):
            return "it has no number (EDI_DC40.DOCNUM): told again it could not be recognised"
        if control.get("TEST") and self.config.tests == "quarantine":
            return "it is marked as a test (EDI_DC40.TEST); `tests: take` would take it"
        return ""

    def _records(
        self, root: str, idoc: Segment, control: dict[str, str], place: str, message: bytes
    ) -> Iterator[SourceRecord]:
        kind = control.get("IDOCTYP") or root
        at_us = _created_us(control, self.config.zone)
        scope = "\0".join([*(control.get(name, "") for name in _SENDER), control["DOCNUM"]])
        for line in lines_of(idoc, self.config.rows, self.config.qualifiers):
            source = f"idoc/{kind}/{line.name}"
            if (split := self.config.split.get(line.name)) is not None:
                source += f"/{line.fields.get(split) or 'none'}"
            yield SourceRecord(
                source=source,
                fields=line.fields,
                identity=blake2b(f"{scope}\0{line.path}".encode(), digest_size=16).digest(),
                item=f"{place}, {line.path}"[:500],
                source_time_us=at_us,
                message_hash=message,
            )


def _created_us(control: dict[str, str], zone: str) -> int | None:
    written = control.get("CREDAT", "") + (control.get("CRETIM") or "000000")
    try:
        at = datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
        return microseconds_of(at)
    except ValueError:
        return None  # then it is the time of arrival


def _unmapped(root: str, reason: str, written: bytes, place: str) -> Unmapped:
    size = len(written) if len(written) > 65_536 else 0
    return Unmapped(
        source=f"idoc/{root}", reason=reason, raw=written[:65_536], size=size,
        at_us=time.time_ns() // 1000, item=place,
    )  # fmt: skip


def create(connector_id: str, options: dict[str, Any], folder: Path) -> Connector:
    """Check the options; raises pydantic's ValidationError."""
    config = IdocConfig.model_validate(options)
    return create_file_connector(connector_id, config.inbox, folder, IdocParser(config))
