"""Splits an interchange into messages, and checks the control segments."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from werknetz_edge.edi.edifact.envelope import Envelope
from werknetz_edge.edi.edifact.syntax import Segment, Syntax
from werknetz_edge.edi.values import InvalidEdi, quote

_CONTROL: Final = frozenset({"UNH", "UNT", "UNG", "UNE", "UNZ"})
_HASHED: Final = 4_096  # segments at once
_FUNCTION: Final = 3  # BGM 1225: "original" and "duplicate" of one message differ only here


@dataclass(slots=True)
class RawMessage:
    """The segments from UNH to UNT, with the faults of the message."""

    number: int  # in the interchange, from 1
    segments: list[str] = field(default_factory=list)
    positions: "array[int]" = field(default_factory=lambda: array("q"))  # characters in the text
    reference: str = ""
    type: str = ""
    release: str = ""  # "96A"
    faults: list[str] = field(default_factory=list)  # of its control segments
    counts: list[str] = field(default_factory=list)  # of its control counts

    def add(self, position: int, raw: str) -> None:
        self.segments.append(raw)
        self.positions.append(position)


@dataclass(frozen=True, slots=True)
class Trailer:
    """The faults of the interchange as a whole, after its last message."""

    counts: tuple[str, ...]
    notes: tuple[str, ...]
    position: int


class Messages:
    """Iterates once over an interchange. Holds one message at a time."""

    def __init__(self, envelope: Envelope, text: str) -> None:
        self._envelope, self._text = envelope, text
        self._counts: list[str] = []
        self._notes: list[str] = []
        self._messages = self._groups = self._in_group = 0
        self._group: Segment | None = None
        self._open: RawMessage | None = None
        self._end: int | None = None
        self._stray_count = 0

    def __iter__(self) -> Iterator[RawMessage | Trailer]:
        syntax = self._envelope.syntax
        at = 0
        for at, raw in syntax.segments(self._text):
            message = self._open
            if message is not None and raw[:3] not in _CONTROL:  # most segments
                message.segments.append(raw)
                message.positions.append(at)
                continue
            complete = self._read_segment(at, raw, syntax)
            if complete is not None:
                yield complete
        if self._open is not None:
            yield self._close("the interchange ends before UNT: it was cut off")
        yield self._trailer(at)

    def _read_segment(self, at: int, raw: str, syntax: Syntax) -> RawMessage | None:
        tag = raw[:3]
        if tag == "UNH":
            complete = self._close("another UNH comes before UNT") if self._open else None
            self._begin(at, raw, syntax)
            return complete
        if self._open is not None and tag == "UNT":
            self._open.add(at, raw)
            return self._end_message(raw, syntax)
        complete = self._close(f"{tag} comes before UNT") if self._open else None
        if tag in {"UNG", "UNE", "UNZ"}:
            self._read_service_segment(tag, _split(syntax, raw), at)
        elif tag != "UNB" or self._messages or self._end is not None:
            self._stray_count += 1
            if self._stray_count == 1:
                self._notes.append(f"segment {quote(raw)} is outside of a message")
        return complete

    def _begin(self, at: int, raw: str, syntax: Syntax) -> None:
        self._messages += 1
        self._in_group += 1
        message = self._open = RawMessage(self._messages)
        message.add(at, raw)
        header = _split(syntax, raw)
        if len(header) < 3:
            message.faults.append("UNH names no message type")
            return
        message.reference = header[1][0].strip()
        kind = [part.strip() for part in header[2]]
        message.type = kind[0]
        message.release = kind[2] if len(kind) > 2 else ""

    def _end_message(self, raw: str, syntax: Syntax) -> RawMessage:
        message = self._open
        assert message is not None  # noqa: S101  checked by the caller
        trailer = _split(syntax, raw)
        stated = trailer[1][0].strip() if len(trailer) > 1 else ""
        reference = trailer[2][0].strip() if len(trailer) > 2 else ""
        if not _equals_count(stated, len(message.segments)):
            message.counts.append(
                f"UNT counts {quote(stated)} segments, there are {len(message.segments)}"
            )
        if reference != message.reference:
            message.faults.append(
                f"UNT has reference {quote(reference)}, UNH {quote(message.reference)}"
            )
        return self._close("")

    def _close(self, fault: str) -> RawMessage:
        message, self._open = self._open, None
        assert message is not None  # noqa: S101  checked by the caller
        if fault:
            message.faults.append(fault)
        return message

    def _read_service_segment(self, tag: str, segment: Segment, at: int) -> None:
        stated = segment[1][0].strip() if len(segment) > 1 else ""
        if tag == "UNG":
            self._groups += 1
            self._group, self._in_group = segment, 0
        elif tag == "UNE":
            if not _equals_count(stated, self._in_group):
                self._counts.append(
                    f"UNE counts {quote(stated)} messages, there are {self._in_group}"
                )
            self._group = None
        else:
            self._end = at
            name, actual = "messages", self._messages
            if self._groups:
                name, actual = "groups", self._groups
            if not _equals_count(stated, actual):
                self._counts.append(f"UNZ counts {quote(stated)} {name}, there are {actual}")
            reference = segment[2][0].strip() if len(segment) > 2 else ""
            if reference != self._envelope.reference:
                self._notes.append(
                    f"UNZ has reference {quote(reference)}, UNB {quote(self._envelope.reference)}"
                )

    def _trailer(self, at: int) -> Trailer:
        if self._end is None:
            self._counts.append("UNZ is missing: messages at the end may be lost")
        if self._group is not None:
            self._notes.append("UNE is missing")
        if self._stray_count > 1:
            self._notes.append(f"{self._stray_count} segments are outside of a message")
        return Trailer((*self._counts,), (*self._notes,), at if self._end is None else self._end)


def line_count_fault(message: RawMessage, syntax: Syntax) -> str:
    """Compare CNT+2 with the number of lines; empty where they agree."""
    lines = 0
    stated = None
    for raw in message.segments:
        tag = raw[:3]
        if tag == "LIN":
            lines += 1
        elif tag == "CNT":
            control = _split(syntax, raw)
            if len(control) > 1 and control[1][0] == "2" and len(control[1]) > 1:
                stated = control[1][1].strip()
    if stated is None or _equals_count(stated, lines):
        return ""
    return f"CNT+2 counts {quote(stated)} lines, there are {lines}"


def content_key_of(message: RawMessage, sender: str, syntax: Syntax) -> bytes:
    """Identify a message by its content without its references: equal for a repetition."""
    digest = blake2b(f"{sender}\0{message.type}".encode(errors="surrogatepass"), digest_size=16)
    has_trailer = message.segments[-1][:3] == "UNT"
    last = len(message.segments) - int(has_trailer)
    for at in range(1, last, _HASHED):
        part = message.segments[at : min(at + _HASHED, last)]
        for index, raw in enumerate(part):
            if raw[:3] == "BGM":
                head = _split(syntax, raw)
                part[index] = syntax.join([*head[:_FUNCTION], [""], *head[_FUNCTION + 1 :]])
        digest.update("\n".join(["", *part]).encode(errors="surrogatepass"))
    return digest.digest()


def _split(syntax: Syntax, raw: str) -> Segment:
    try:
        return syntax.split(raw)
    except InvalidEdi:
        return [[raw[:3]]]


def _equals_count(stated: str, count: int) -> bool:
    return stated.isascii() and stated.isdigit() and len(stated) < 12 and int(stated) == count
