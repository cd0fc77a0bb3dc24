"""Reads one interchange into records and rejects; each message is accepted or rejected alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.contract import SourceMessage, hash_message
from werknetz_edge.edi.chunks import SEGMENTS, ChunkBuilder, join_segments
from werknetz_edge.edi.context import EdiContext
from werknetz_edge.edi.document_log import document_key_of
from werknetz_edge.edi.document_writer import CONFLICT, DocumentWriter
from werknetz_edge.edi.edifact.charset import decode
from werknetz_edge.edi.edifact.envelope import Envelope, FilePart, body_start_of, open_envelope
from werknetz_edge.edi.edifact.functions import DocumentHead, head_of
from werknetz_edge.edi.edifact.message import (
    Messages,
    RawMessage,
    Trailer,
    content_key_of,
    line_count_fault,
)
from werknetz_edge.edi.edifact.readers.despatch import DespatchReader
from werknetz_edge.edi.edifact.readers.reader import MessageReader, Result
from werknetz_edge.edi.edifact.readers.receipt import ReceiptReader
from werknetz_edge.edi.edifact.readers.schedule import ScheduleReader
from werknetz_edge.edi.edifact.readers.stock import KINDS, StockReader
from werknetz_edge.edi.facts import EdiFault, EdiRemark
from werknetz_edge.edi.profile import EDIFACT, Partner
from werknetz_edge.edi.values import InvalidEdi, quote
from werknetz_edge.files.connector import Chunk

RAW_MAX: Final = 4_096  # of a record
_SCHEDULES: Final = frozenset({"DELFOR", "DELJIT"})
"""A new schedule replaces the former one of each line by itself, which stays as it was known."""

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
    _message_start: tuple[int, int] = (0, 0)  # the same, at the start of a message
    _is_former: bool = False  # read by version 0.1
    _without_function: dict[str, list[bytes]] = field(default_factory=dict)
    """Contents of messages without a function, by document number."""

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
        use, value = self.context.find_use(envelope.key, digest)
        self._is_former = use == "former"
        if use == "new":
            self.builder.add_state_update(envelope.key, value)
        elif use != "other":
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
        writer: DocumentWriter | None = None
        head = DocumentHead()
        if not fault:
            try:
                head = head_of(message, envelope.syntax, partner)
                writer, fault = self._writer(message, head, envelope, partner)
            except InvalidEdi as error:
                fault = str(error)
        if fault:
            self._reject(message, fault, 0)
        elif writer is not None:
            self.context.count("messages")
            if head.function == "cancellation" or (
                head.function == "deletion" and not head.has_lines
            ):
                self._cancel(message, head, writer)
            else:
                reader = self._reader(message, envelope, partner, head)
                yield from self._read(message, reader, writer, head)
                return
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if self.builder.advance(len(part), sum(map(len, part))):
                yield self.builder.take_chunk()

    def _writer(
        self, message: RawMessage, head: DocumentHead, envelope: Envelope, partner: Partner
    ) -> tuple[DocumentWriter | None, str]:
        """Return the writer; none for a repetition; a reason where the message is refused."""
        content = content_key_of(message, envelope.sender, envelope.syntax)
        if self.context.is_repeated(content, head.function):
            self._count_repetition()
            return None, ""
        number = head.number
        if head.function == "cancellation" and head.former:  # it has a number of its own
            is_known = self.context.documents.find(self._document_key(message, number)) is not None
            number = number if is_known else head.former
        ordinal = 0
        if head.function is None:  # one interchange may use a number twice: two documents
            contents = self._without_function.setdefault(number, [])
            contents.append(content)
            ordinal = len(contents) - 1
        writer = DocumentWriter(
            self.context.documents, self.builder, self._source(message.type),
            KINDS if message.type == "INVRPT" else (self._kind(message, partner),),
            self._document_key(message, number, ordinal), content, head.function, self.hash,
            partner, content if self._is_former else b"",
        )  # fmt: skip
        verdict = writer.open()
        if verdict == "repetition":
            self._count_repetition()
            return None, ""
        if verdict == "conflict":
            return None, CONFLICT.format(quote(number))
        return writer, ""

    def _count_repetition(self) -> None:
        self.context.count("duplicate messages")
        self.builder.add_duplicate()

    def _document_key(self, message: RawMessage, number: str, ordinal: int = 0) -> bytes:
        assert self.envelope is not None  # noqa: S101  set by `_open`
        parts = ["edifact", self.envelope.sender, self.envelope.receiver, message.type, number]
        return document_key_of(*parts, *([str(ordinal)] if ordinal else []))

    def _kind(self, message: RawMessage, partner: Partner) -> str:
        return self.context.codes_of(message.type, partner).kind

    def _cancel(self, message: RawMessage, head: DocumentHead, writer: DocumentWriter) -> None:
        """Withdraw a document; its lines in this message are not read."""
        item = f"UNH {message.number} BGM"
        if not writer.is_known:
            number = head.former or head.number
            self.builder.reject(
                writer.source,
                f"document {quote(number)} is cancelled, but this connector does not know it: if "
                "its lines are stored from elsewhere, withdraw them there",
                self._raw(message, (0, len(message.segments)), RAW_MAX),
                f"{item} ({self._position_of(message, 0)})", self.hash,
            )  # fmt: skip
        writer.cancel(item)

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
        if counts:
            counts[-1] += (
                "; set `counts: {message: warn}` in the partner's profile to store its lines"
            )
        return "; ".join([*message.faults, *counts])

    def _reader(
        self, message: RawMessage, envelope: Envelope, partner: Partner, head: DocumentHead
    ) -> MessageReader:
        codes = self.context.codes_of(message.type, partner)
        # A duplicate is the original: its facts have the same content.
        function = "original" if head.function == "duplicate" else head.function
        arguments = (envelope.syntax, codes, partner, self.context.zone_of(partner), function)
        deletes = head.function == "deletion"
        match message.type:
            case "DESADV":
                return DespatchReader(*arguments, deletes_lines=deletes)
            case "RECADV":
                return ReceiptReader(*arguments, deletes_lines=deletes)
            case "INVRPT":
                return StockReader(*arguments, deletes_lines=deletes)
        directory = partner.directory or message.release
        return ScheduleReader(
            *arguments, message=message.type, directory=directory, deletes_lines=deletes
        )

    def _read(
        self, message: RawMessage, reader: MessageReader, writer: DocumentWriter, head: DocumentHead
    ) -> Iterator[Chunk]:
        is_rejected = False
        self._message_start = self._counted
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if not is_rejected:
                try:
                    results = reader.feed(part)
                    is_last = at + SEGMENTS >= len(message.segments)
                    results += reader.finish() if is_last else []
                    self._add_results(message, results, writer)
                    if is_last:
                        self._finish(message, writer, head)
                except InvalidEdi as error:
                    is_rejected = True
                    self._reject(message, str(error), min(reader.at, len(message.segments) - 1))
            if self.builder.advance(len(part), sum(map(len, part))):
                yield self.builder.take_chunk()

    def _finish(self, message: RawMessage, writer: DocumentWriter, head: DocumentHead) -> None:
        item = f"UNH {message.number} BGM"
        if head.former and head.function == "replace" and message.type not in _SCHEDULES:
            writer.end_former(self._document_key(message, head.former), item)
        writer.finish(item)

    def _add_results(
        self, message: RawMessage, results: list[Result], writer: DocumentWriter
    ) -> None:
        source, name = self._source(message.type), f"UNH {message.number} "
        span, raw = (-1, -1), b""
        for result in results:
            if isinstance(result, EdiFault):
                writer.is_partial = True
                self._add_fault(message, result)
            elif isinstance(result, EdiRemark):
                at = result.segment
                position = f"{name}{result.item} ({self._position_of(message, at)})"
                raw_remark = self._raw(message, (at, at), RAW_MAX)
                self.context.count("remarks")
                self.builder.reject(
                    source, result.reason, raw_remark, position, self.hash, result.count
                )
            else:
                if result.segments != span:
                    span = result.segments
                    raw = self._raw(message, span, RAW_MAX)
                writer.add(result, name + result.item, raw)

    def _add_fault(self, message: RawMessage, fault: EdiFault) -> None:
        source, name = self._source(message.type), f"UNH {message.number} "
        if self.builder.is_reject_limit_reached:
            self.builder.reject(source, fault.reason, b"", name + fault.item, self.hash)
            return
        raw = self._raw(message, fault.segments, _REJECT_RAW_MAX)
        position = f"{name}{fault.item} ({self._position_of(message, fault.segment)})"
        self.builder.reject(source, fault.reason, raw, position, self.hash)

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
        if position < characters:  # remarks come after the faults of their message
            characters, counted = self._message_start
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
