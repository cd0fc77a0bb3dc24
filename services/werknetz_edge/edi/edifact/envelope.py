"""Splits a file into interchanges, and reads UNA and UNB of each. Pure functions.

Splits bytes: each interchange may have its own service characters and character set.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from werknetz_edge.edi.edifact.syntax import LEVEL_B, Segment, Syntax
from werknetz_edge.edi.values import InvalidEdi

BLANK: Final = b" \t\r\n\0\x1a"
BOM: Final = b"\xef\xbb\xbf"
_START: Final = re.compile(rb"UNA[^A-Za-z0-9]{6}|UNB[^A-Za-z0-9 \r\n]")
_LINES: Final = re.compile(
    rb"UNB\+(?:\?.|[^'?\r\n])*(\r?\n|\r)[ \t\r\n]*UN[GH](?:\+|\r?\n)", re.DOTALL
)
"""Segments that end with their line, without a UNA."""

_HEAD_MAX: Final = 4_096  # UNA and UNB with any padding
BLANK_ID: Final = "(blank)"


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part of a file: an interchange, or other content."""

    start: int
    content: bytes
    is_interchange: bool


@dataclass(slots=True)
class Envelope:
    """The head of an interchange."""

    syntax: Syntax
    identifier: str = ""  # UNOA …
    version: str = ""  # of the syntax
    sender: str = BLANK_ID
    sender_qualifier: str = ""
    receiver: str = BLANK_ID
    reference: str = ""
    is_test: bool = False
    header: Segment = field(default_factory=list)

    @property
    def key(self) -> bytes:
        """Identify the interchange: a sender uses this combination once."""
        parts = (self.sender, self.sender_qualifier, self.receiver, self.reference)
        return b"edifact\0" + "\0".join(parts).encode(errors="surrogateescape")


def split_interchanges(content: bytes) -> Iterator[FilePart]:
    """Split a file into interchanges and the content between them."""
    at = len(BOM) if content.startswith(BOM) else 0
    while at < len(content):
        match = _START.search(content, at)
        start = match.start() if match else len(content)
        if content[at:start].replace(BOM, b"").strip(BLANK):
            yield FilePart(at, content[at:start], is_interchange=False)
        if match is None:
            return
        end = _end_of(content, start)
        yield FilePart(start, content[start:end], is_interchange=True)
        at = end


def open_envelope(content: bytes) -> Envelope:
    """Read UNA and UNB of an interchange; raise InvalidEdi."""
    syntax, at = _syntax_of(content)
    head = content[at : at + _HEAD_MAX].decode("iso8859-1")
    _, raw = next(syntax.segments(head), (0, ""))
    if not raw.startswith("UNB"):
        raise InvalidEdi("UNA is not followed by UNB")
    header = syntax.split(raw)
    if len(header) < 6:
        raise InvalidEdi(f"UNB has {len(header) - 1} elements: it needs at least five")
    identifier, version = header[1][0].strip(), (*header[1], "")[1].strip()
    return Envelope(
        syntax=syntax.of_version(version),
        identifier=identifier,
        version=version,
        sender=header[2][0].strip() or BLANK_ID,
        sender_qualifier=(*header[2], "")[1].strip(),
        receiver=header[3][0].strip() or BLANK_ID,
        reference=header[5][0].strip(),
        is_test=len(header) > 11 and header[11][0].strip() == "1",
        header=header,
    )


def body_start_of(content: bytes) -> int:
    """Return the position of UNB: UNA is not a segment and is not counted."""
    return _syntax_of(content)[1]


def _syntax_of(content: bytes) -> tuple[Syntax, int]:
    if content.startswith(b"UNA"):
        syntax = Syntax.of_una(content[3:9].decode("iso8859-1"))
        rest = content[9:_HEAD_MAX]
        return syntax, 9 + len(rest) - len(rest.lstrip(BLANK))
    if content[3:4] == LEVEL_B[1].encode():
        component, element, _, _, _, terminator = LEVEL_B
        return Syntax(component=component, element=element, terminator=terminator), 0
    lines = _LINES.match(content, 0, _HEAD_MAX)
    if lines is not None:
        return Syntax(terminator=lines[1].decode()[-1]), 0
    return Syntax(), 0


def _end_of(content: bytes, start: int) -> int:
    """Return the position after UNZ, or of the next interchange where UNZ is missing."""
    try:
        syntax, body = _syntax_of(content[start : start + _HEAD_MAX])
    except InvalidEdi:  # reported when the envelope is read
        syntax, body = Syntax(), 9
    release = syntax.release.encode()
    for match in _next_service(syntax.terminator).finditer(content, start + body + 3):
        if release and _is_released(content, match.start(), release):
            continue
        if match[1] != b"UNZ":
            return match.start(1)
        end = content.find(syntax.terminator.encode(), match.end())
        return len(content) if end < 0 else end + 1
    return len(content)


def _is_released(content: bytes, at: int, release: bytes) -> bool:
    before = at
    while before and content[before - 1 : before] == release:
        before -= 1
    return (at - before) % 2 == 1


@lru_cache(maxsize=64)
def _next_service(terminator: str) -> re.Pattern[bytes]:
    """Return the pattern of UNZ, or another UNA or UNB, after a terminator."""
    return re.compile(
        re.escape(terminator.encode())
        + rb"[ \t\r\n\0\x1a]*(UNZ|UNA(?=[^A-Za-z0-9]{6})|UNB(?=[^A-Za-z0-9 \r\n]))"
    )
