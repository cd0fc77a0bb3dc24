"""One interchange → records and refusals: each message by itself, the wrong ones set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werknetz.connector.contract import SourceMessage, SourceRecord, hash_message
from werknetz_edge.edi.chunks import SEGMENTS, Cut, raw_of
from werknetz_edge.edi.context import Context
from werknetz_edge.edi.edifact.charset import decode
from werknetz_edge.edi.edifact.despatch import DespatchReader
from werknetz_edge.edi.edifact.envelope import Envelope, Piece, body_of, open_envelope
from werknetz_edge.edi.edifact.message import (
    Messages,
    RawMessage,
    Trailer,
    key_of,
    line_count_fault,
)
from werknetz_edge.edi.edifact.reader import Reader
from werknetz_edge.edi.edifact.receipt import ReceiptReader
from werknetz_edge.edi.edifact.schedule import ScheduleReader
from werknetz_edge.edi.edifact.stock import StockReader
from werknetz_edge.edi.facts import Fault, Found
from werknetz_edge.edi.profile import EDIFACT, Partner
from werknetz_edge.edi.values import Wrong, shown
from werknetz_edge.files.connector import Chunk

RAW_MAX: Final = 4_096  # of a record
MESSAGES_MAX: Final = 50_000
_REFUSED_RAW_MAX: Final = 65_536


@dataclass(slots=True)
class Interchange:
    """Read once, front to back. `cut` is the file's: pieces may span interchanges."""

    piece: Piece
    number: int
    context: Context
    cut: Cut
    keep_whole: bool = True
    envelope: Envelope | None = None
    partner: Partner | None = None
    hash: bytes = b""
    _text: str = ""
    _charset: str = "ascii"
    _body: int = 0
    _counted: tuple[int, int] = (0, 0)  # characters and the bytes that they are

    def chunks(self) -> Iterator[Chunk]:
        content = self.piece.content
        if self.keep_whole:
            self.hash = hash_message(content)
        refused = ""
        try:
            self._open(content)
        except Wrong as error:
            refused = str(error)
        if self.hash:
            self.cut.keep(SourceMessage(self._source("interchange"), content, self.hash))
        if self.cut.advance(1, len(content)):
            yield self.cut.take()
        if refused:
            self.context.count("interchanges refused")
            self.cut.refuse(
                self._source("interchange"), refused, content[:_REFUSED_RAW_MAX],
                f"interchange {self.number} (byte {self.piece.start})", self.hash,
            )  # fmt: skip
        else:
            yield from self._messages()
        self.cut.end_interchange()

    def _open(self, content: bytes) -> None:
        """Look at the envelope; raise Wrong where the interchange is not to be read."""
        envelope = self.envelope = open_envelope(content)
        partner = self.partner = self.context.partner(envelope.sender, envelope.receiver)
        decoded = decode(content, envelope.identifier, partner.charset)
        self._body = body_of(content)
        self._text, self._charset = decoded.text[self._body :], decoded.charset
        if decoded.remark:
            self.context.remark(f"{envelope.sender} {envelope.reference}: {decoded.remark}")
        if envelope.is_test and partner.test_messages == "quarantine":
            raise Wrong("a test (UNB 0035); say `test_messages: accept` if it is to count")
        self._know(envelope, partner, content)
        if partner.counts.interchange == "quarantine":
            trailer = next(t for t in Messages(envelope, self._text) if isinstance(t, Trailer))
            if trailer.counts:
                raise Wrong("; ".join(trailer.counts))

    def _know(self, envelope: Envelope, partner: Partner, content: bytes) -> None:
        """A sender uses a control reference once: again it is the same, or a mistake."""
        if not envelope.reference:
            raise Wrong("UNB has no control reference (0020)")
        digest = hash_message(content.translate(None, b"\r\n"))
        before = self.context.seen(envelope.key)
        if before is None:
            self.cut.remember(envelope.key, digest)
        elif before == digest:
            self.context.count("interchanges again")
        elif partner.reused_references == "quarantine":
            raise Wrong(
                f"control reference {shown(envelope.reference)} of {shown(envelope.sender)} was "
                "used before with another content; see `reused_references` if they begin anew"
            )

    def _messages(self) -> Iterator[Chunk]:
        assert self.envelope is not None  # noqa: S101  `_open` made it
        for message in Messages(self.envelope, self._text):
            if isinstance(message, Trailer):
                self._trailer(message)
                return
            if message.number > MESSAGES_MAX:
                reason = f"more than {MESSAGES_MAX} messages: what is behind them is not read"
                self._refuse(message, reason, 0)
                return
            yield from self._message(message)

    def _message(self, message: RawMessage) -> Iterator[Chunk]:
        envelope, partner = self.envelope, self.partner
        assert envelope is not None and partner is not None  # noqa: PT018, S101  `_open` made them
        fault = self._fault_of(message, envelope, partner)
        key = b"" if fault else key_of(message, envelope.sender, envelope.syntax)
        if fault:
            self._refuse(message, fault, 0)
        elif key in self.context.known:
            self.context.count("messages again")
        else:
            self.context.known.add(key)
            self.context.count("messages")
            yield from self._read(message, self._reader(message, envelope, partner), key)
            return
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if self.cut.advance(len(part), sum(map(len, part))):
                yield self.cut.take()

    def _fault_of(self, message: RawMessage, envelope: Envelope, partner: Partner) -> str:
        """Why the message is not read at all; empty: it is."""
        if message.type not in EDIFACT and not message.faults:
            return f"message type {shown(message.type)} is not read here ({', '.join(EDIFACT)})"
        if partner.messages is not None and message.type not in partner.messages:
            return f"{message.type} is not agreed with {partner.name}: see `messages`"
        counts = [*message.counts]
        line_fault = line_count_fault(message, envelope.syntax)
        counts += [line_fault] if line_fault else []
        if counts and partner.counts.message == "warn":
            self._say(message, "; ".join(counts) + "; its lines are kept all the same")
            counts = []
        return "; ".join([*message.faults, *counts])

    def _reader(self, message: RawMessage, envelope: Envelope, partner: Partner) -> Reader:
        codes = self.context.codes(message.type, partner)
        given = (envelope.syntax, codes, partner, self.context.zone_of(partner))
        match message.type:
            case "DESADV":
                return DespatchReader(*given)
            case "RECADV":
                return ReceiptReader(*given)
            case "INVRPT":
                return StockReader(*given)
        directory = partner.directory or message.release
        return ScheduleReader(*given, message=message.type, directory=directory)

    def _read(self, message: RawMessage, reader: Reader, key: bytes) -> Iterator[Chunk]:
        broken = False
        for at in range(0, len(message.segments), SEGMENTS):
            part = message.segments[at : at + SEGMENTS]
            if not broken:
                try:
                    found = reader.feed(part)
                    found += reader.finish() if at + SEGMENTS >= len(message.segments) else []
                    self._give(message, found, key)
                except Wrong as error:
                    broken = True
                    self._refuse(message, str(error), min(reader.at, len(message.segments) - 1))
            if self.cut.advance(len(part), sum(map(len, part))):
                yield self.cut.take()

    def _give(self, message: RawMessage, found: list[Found | Fault], key: bytes) -> None:
        source, name = self._source(message.type), f"UNH {message.number} "
        span, raw = (-1, -1), b""
        for each in found:
            if isinstance(each, Fault) and self.cut.is_flooded:
                self.cut.refuse(source, each.reason, b"", name + each.item, self.hash)
                continue
            if each.segments != span:
                span = each.segments
                raw = self._raw(message, span, RAW_MAX)
            if isinstance(each, Fault):
                raw_all = self._raw(message, span, _REFUSED_RAW_MAX)
                place = f"{name}{each.item} ({self._place(message, each.segment)})"
                self.cut.refuse(source, each.reason, raw_all, place, self.hash)
                continue
            self.cut.add(
                SourceRecord(
                    source, each.fields, key + each.item.encode(), name + each.item, each.kind,
                    each.at_us, raw, self.hash,
                )
            )  # fmt: skip

    def _raw(self, message: RawMessage, span: tuple[int, int], limit: int) -> bytes:
        assert self.envelope is not None  # noqa: S101  `_open` made it
        first, last = span
        return raw_of(
            message.segments[first : min(last + 1, first + limit)],
            self.envelope.syntax.terminator, limit,
        )  # fmt: skip

    def _refuse(self, message: RawMessage, reason: str, segment: int) -> None:
        """All of a message."""
        self.context.count("messages refused")
        raw = self._raw(message, (0, len(message.segments)), _REFUSED_RAW_MAX)
        tag = f" {message.segments[segment][:3]}" if segment else ""
        place = f"UNH {message.number}{tag} ({self._place(message, segment)})"
        self.cut.refuse(self._source(message.type), reason, raw, place, self.hash)

    def _say(self, message: RawMessage, reason: str) -> None:
        place = f"UNH {message.number} ({self._place(message, 0)})"
        self.cut.refuse(self._source(message.type), reason, b"", place, self.hash)

    def _trailer(self, trailer: Trailer) -> None:
        """What is wrong about the whole: said once, and the messages count all the same."""
        said = [*trailer.counts, *trailer.remarks]
        if said:
            place = f"interchange {self.number} UNZ (byte {self._byte(trailer.place)})"
            reason = "; ".join(said) + "; the messages that are whole are kept"
            raw = self._text[trailer.place : trailer.place + 200].encode(errors="replace")
            self.cut.refuse(self._source("interchange"), reason, raw, place, self.hash)

    def _place(self, message: RawMessage, segment: int) -> str:
        return f"segment {segment + 1}, byte {self._byte(message.places[segment])}"

    def _byte(self, place: int) -> int:
        """Where a character of the text is in the file; places are asked for in their order."""
        characters, counted = self._counted
        if place < characters:
            characters = counted = 0
        if self._charset in {"utf-8", "euc_kr", "utf-16"}:
            counted += len(self._text[characters:place].encode(self._charset, errors="replace"))
        else:
            counted += place - characters
        self._counted = (place, counted)
        return self.piece.start + self._body + counted

    def _source(self, what: str) -> str:
        sender = self.envelope.sender if self.envelope is not None else "(unknown)"
        return f"edi/{sender[:64]}/{what[:16]}"
