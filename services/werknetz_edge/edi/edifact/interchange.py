"""Reads one interchange into records and rejects; each message is accepted or rejected alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werknetz.connector.contract import SourceMessage, SourceRecord, hash_message
from werknetz_edge.edi.chunks import SEGMENTS, ChunkBuilder, join_segments
from werknetz_edge.edi.context import EdiContext
from werknetz_edge.edi.edifact.charset import decode
from werknetz_edge.edi.edifact.despatch import DespatchReader
from werknetz_edge.edi.edifact.envelope import Envelope, FilePart, body_start_of, open_envelope
from werknetz_edge.edi.edifact.message import (
    Messages,
    RawMessage,
    Trailer,
    content_key_of,
    line_count_fault,
)
from werknetz_edge.edi.edifact.reader import MessageReader
from werknetz_edge.edi.edifact.receipt import ReceiptReader
from werknetz_edge.edi.edifact.schedule import ScheduleReader
from werknetz_edge.edi.edifact.stock import StockReader
from werknetz_edge.edi.facts import EdiFact, EdiFault
from werknetz_edge.edi.profile import EDIFACT, Partner
from werknetz_edge.edi.values import InvalidEdi, quote
from werknetz_edge.files.connector import Chunk

RAW_MAX: Final = 4_096  # of a record
MESSAGES_MAX: Final = 50_000
_REJECT_RAW_MAX: Final = 65_536


@dataclass(slots=True)
class InterchangeReader:
    """Reads once, from front to back. `builder` is the file's: chunks may span interchanges."""

    part: FilePart
    number: int
    context: EdiContext
    builder: ChunkBuilder
    keep_whole: bool = True
    envelope: Envelope | None = None
    partner: Partner | None = None
    hash: bytes = b""
    _text: str = ""
    _charset: str = "ascii"
    _body_start: int = 0
    _counted: tuple[int, int] = (0, 0)  # characters, and their number of bytes

    def chunks(self) -> Iterator[Chunk]:
        content = self.part.content
        if self.keep_whole:
            self.hash = hash_message(content)
        rejection = ""
        try:
            self._open(content)
        except InvalidEdi as error:
            rejection = str(error)
        if self.hash:
            self.builder.add_message(SourceMessage(self._source("interchange"), content, self.hash))
        if self.builder.advance(1, len(content)):
            yield self.builder.take_chunk()
        if rejection:
            self.context.count("interchanges rejected")
            self.builder.reject(
                self._source("interchange"), rejection, content[:_REJECT_RAW_MAX],
                f"interchange {self.number} (byte {self.part.start})", self.hash,
            )  # fmt: skip
        else:
            yield from self._messages()
        self.builder.end_interchange()

    def _open(self, content: bytes) -> None:
        """Read the envelope; raise InvalidEdi where the interchange must not be read."""
        envelope = self.envelope = open_envelope(content)
        partner = self.partner = self.context.partner_of(envelope.sender, envelope.receiver)
        decoded = decode(content, envelope.identifier, partner.charset)
        self._body_start = body_start_of(content)
        self._text, self._charset = decoded.text[self._body_start :], decoded.charset
        if decoded.note:
            self.context.note(f"{envelope.sender} {envelope.reference}: {decoded.note}")
        if envelope.is_test and partner.test_messages == "quarantine":
            raise InvalidEdi("a test (UNB 0035); set `test_messages: accept` to read tests")
        self._check_reference(envelope, partner, content)
        if partner.counts.interchange == "quarantine":
            trailer = next(t for t in Messages(envelope, self._text) if isinstance(t, Trailer))
            if trailer.counts:
                raise InvalidEdi("; ".join(trailer.counts))

    def _check_reference(self, envelope: Envelope, partner: Partner, content: bytes) -> None:
        """A sender uses a control reference once: a second use is a repetition or an error."""
        if not envelope.reference:
            raise InvalidEdi("UNB has no control reference (0020)")
        digest = hash_message(content.translate(None, b"\r\n"))
        previous = self.context.get_state(envelope.key)
        if previous is None:
            self.builder.add_state_update(envelope.key, digest)
        elif previous == digest:
            self.context.count("duplicate interchanges")
        elif partner.reused_references == "quarantine":
            raise InvalidEdi(
                f"control reference {quote(envelope.reference)} of {quote(envelope.sender)} was "
                "used before with other content; see `reused_references` if they are reused"
            )

    def _messages(self) -> Iterator[Chunk]:
        assert self.envelope is not None  # noqa: S101  set by `_open`
        for message in Messages(self.envelope, self._text):
            if isinstance(message, Trailer):
                self._trailer(message)
                return
            if message.number > MESSAGES_MAX:
                reason = f"more than {MESSAGES_MAX} messages: further messages are not read"
                self._reject(message, reason, 0)
                return
            yield from self._message(message)

    def _message(self, message: RawMessage) -> Iterator[Chunk]:
        envelope, partner = self.envelope, self.partner
        assert envelope is not None and partner is not None  # noqa: PT018, S101  set by `_open`
        fault = self._fault_of(message, envelope, partner)
        key = b"" if fault else content_key_of(message, envelope.sender, envelope.syntax)
        if fault:
            self._reject(message, fault, 0)
        elif key in self.context.read_messages:
            self.context.count("duplicate messages")
        else:
            self.context.read_messages.add(key)
            self.context.count("messages")
            yield from self._read(message, self._reader(message, envelope, partner), key)
            return
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if self.builder.advance(len(part), sum(map(len, part))):
                yield self.builder.take_chunk()

    def _fault_of(self, message: RawMessage, envelope: Envelope, partner: Partner) -> str:
        """Return why the message is rejected; empty: it is read."""
        if message.type not in EDIFACT and not message.faults:
            return f"message type {quote(message.type)} is not supported ({', '.join(EDIFACT)})"
        if partner.messages is not None and message.type not in partner.messages:
            return f"{message.type} is not agreed with {partner.name}: see `messages`"
        counts = [*message.counts]
        line_fault = line_count_fault(message, envelope.syntax)
        counts += [line_fault] if line_fault else []
        if counts and partner.counts.message == "warn":
            self._report_counts(message, "; ".join(counts) + "; its lines are stored")
            counts = []
        return "; ".join([*message.faults, *counts])

    def _reader(self, message: RawMessage, envelope: Envelope, partner: Partner) -> MessageReader:
        codes = self.context.codes_of(message.type, partner)
        arguments = (envelope.syntax, codes, partner, self.context.zone_of(partner))
        match message.type:
            case "DESADV":
                return DespatchReader(*arguments)
            case "RECADV":
                return ReceiptReader(*arguments)
            case "INVRPT":
                return StockReader(*arguments)
        directory = partner.directory or message.release
        return ScheduleReader(*arguments, message=message.type, directory=directory)

    def _read(self, message: RawMessage, reader: MessageReader, key: bytes) -> Iterator[Chunk]:
        is_rejected = False
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if not is_rejected:
                try:
                    results = reader.feed(part)
                    results += reader.finish() if at + SEGMENTS >= len(message.segments) else []
                    self._add_results(message, results, key)
                except InvalidEdi as error:
                    is_rejected = True
                    self._reject(message, str(error), min(reader.at, len(message.segments) - 1))
            if self.builder.advance(len(part), sum(map(len, part))):
                yield self.builder.take_chunk()

    def _add_results(
        self, message: RawMessage, results: list[EdiFact | EdiFault], key: bytes
    ) -> None:
        source, name = self._source(message.type), f"UNH {message.number} "
        span, raw = (-1, -1), b""
        for result in results:
            if isinstance(result, EdiFault) and self.builder.is_reject_limit_reached:
                self.builder.reject(source, result.reason, b"", name + result.item, self.hash)
                continue
            if result.segments != span:
                span = result.segments
                raw = self._raw(message, span, RAW_MAX)
            if isinstance(result, EdiFault):
                raw_all = self._raw(message, span, _REJECT_RAW_MAX)
                position = f"{name}{result.item} ({self._position_of(message, result.segment)})"
                self.builder.reject(source, result.reason, raw_all, position, self.hash)
                continue
            self.builder.add_record(
                SourceRecord(
                    source, result.fields, key + result.item.encode(), name + result.item,
                    result.kind, result.at_us, raw, self.hash,
                )
            )  # fmt: skip

    def _raw(self, message: RawMessage, span: tuple[int, int], limit: int) -> bytes:
        assert self.envelope is not None  # noqa: S101  set by `_open`
        first, last = span
        return join_segments(
            message.segments[first : min(last + 1, first + limit)],
            self.envelope.syntax.terminator, limit,
        )  # fmt: skip

    def _reject(self, message: RawMessage, reason: str, segment: int) -> None:
        """Reject a whole message."""
        self.context.count("messages rejected")
        raw = self._raw(message, (0, len(message.segments)), _REJECT_RAW_MAX)
        tag = f" {message.segments[segment][:3]}" if segment else ""
        position = f"UNH {message.number}{tag} ({self._position_of(message, segment)})"
        self.builder.reject(self._source(message.type), reason, raw, position, self.hash)

    def _report_counts(self, message: RawMessage, reason: str) -> None:
        position = f"UNH {message.number} ({self._position_of(message, 0)})"
        self.builder.reject(self._source(message.type), reason, b"", position, self.hash)

    def _trailer(self, trailer: Trailer) -> None:
        """Report errors of the whole interchange once; its messages are stored."""
        errors = [*trailer.counts, *trailer.notes]
        if errors:
            position = f"interchange {self.number} UNZ (byte {self._byte_of(trailer.position)})"
            reason = "; ".join(errors) + "; the complete messages are stored"
            raw = self._text[trailer.position : trailer.position + 200].encode(errors="replace")
            self.builder.reject(self._source("interchange"), reason, raw, position, self.hash)

    def _position_of(self, message: RawMessage, segment: int) -> str:
        return f"segment {segment + 1}, byte {self._byte_of(message.positions[segment])}"

    def _byte_of(self, position: int) -> int:
        """Return the byte position of a character; positions are requested in ascending order."""
        characters, counted = self._counted
        if position < characters:
            characters = counted = 0
        if self._charset in {"utf-8", "euc_kr", "utf-16"}:
            counted += len(self._text[characters:position].encode(self._charset, errors="replace"))
        else:
            counted += position - characters
        self._counted = (position, counted)
        return self.part.start + self._body_start + counted

    def _source(self, name: str) -> str:
        sender = self.envelope.sender if self.envelope is not None else "(unknown)"
        return f"edi/{sender[:64]}/{name[:16]}"
