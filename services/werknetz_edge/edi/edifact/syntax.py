"""Service characters of an interchange, and splitting into segments, elements and components.

pydifact 0.2.3 is not used: a BOM is an error, a second interchange with a UNA makes it drop the
first, text after the last terminator is lost, and segments have no position.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from werknetz_edge.edi.values import InvalidEdi

Segment = list[list[str]]
"""Elements of components; the tag is the first component of the first element."""

BLOCK: Final = 1 << 16  # characters split at once: a large message is never split as a whole
BLANK: Final = " \t\r\n\0"
LEVEL_B: Final = "\x1f\x1d.? \x1c"
"""Level B of syntax 1 to 3 may use control characters as separators, without a UNA."""


@dataclass(frozen=True)
class Syntax:
    """The service characters of UNA; the defaults apply without a UNA."""

    component: str = ":"
    element: str = "+"
    decimal_mark: str = ""  # empty: point or comma
    release: str = "?"  # empty: none
    reserved: str = "*"  # UNA's fifth
    terminator: str = "'"
    repetition: str = ""  # separates repeated elements: only in syntax version 4
    has_una: bool = False

    @classmethod
    def of_una(cls, six: str) -> "Syntax":
        """Read the six characters after UNA; raise InvalidEdi where they are ambiguous."""
        component, element, decimal_mark, release, repetition, terminator = [*six]
        release, decimal_mark = release.strip(" "), decimal_mark.strip(" ")
        used = [component, element, terminator, *release]
        are_valid = all(c.isascii() and not c.isalnum() and c != " " for c in used)
        if len({*used}) < len(used) or not are_valid:
            raise InvalidEdi(f"UNA {six!r}: the service characters are ambiguous")
        if decimal_mark not in {"", ".", ","}:
            raise InvalidEdi(f"UNA {six!r}: {decimal_mark!r} is not a decimal mark")
        reserved = "" if repetition in {" ", *used} else repetition
        return cls(component, element, decimal_mark, release, reserved, terminator, has_una=True)

    def of_version(self, version: str) -> "Syntax":
        """Return the syntax of a version: 4 accepts point and comma, and may repeat elements."""
        return replace(self, decimal_mark="", repetition=self.reserved) if version == "4" else self

    def split(self, raw: str) -> Segment:
        """Split a segment; raise InvalidEdi for repeated elements."""
        if self.release and self.release in raw:
            return self._split_escaped(raw)
        if self.repetition and self.repetition in raw:
            raise InvalidEdi(
                f"a repeated element ({self.repetition!r} in syntax 4) is not supported"
            )
        component = self.component
        return [part.split(component) for part in raw.split(self.element)]

    def join(self, segment: Segment) -> str:
        """Write a segment without its terminator: what `split` reads back."""
        return self.element.join(self.component.join(map(self._escape, parts)) for parts in segment)

    def segments(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield (position in the text, segment); line ends around and inside are not data.

        Text after the last terminator is yielded, too: a segment that was cut off.
        """
        terminator, release = self.terminator, self.release
        ends = "\r\n".replace(terminator, "")
        at, size = 0, len(text)
        escaped_parts: list[str] = []  # a segment whose terminators so far were escaped
        escaped_start = 0
        while at < size:
            end = text.find(terminator, at + BLOCK) + 1 or size
            block = text[at:end]
            has_escapes = bool(release) and release in block
            pieces = block.split(terminator)
            if not pieces[-1]:
                pieces.pop()
            for piece in pieces:
                position, at = at, at + len(piece) + 1
                if has_escapes and _ends_escaped(piece, release):
                    escaped_start = escaped_start if escaped_parts else position
                    escaped_parts += [piece, terminator]
                    continue
                if escaped_parts:
                    piece, position = "".join(escaped_parts) + piece, escaped_start  # noqa: PLW2901
                    escaped_parts = []
                raw = piece.lstrip(BLANK)
                if raw:
                    position += len(piece) - len(raw)
                    yield position, raw if raw.isprintable() else _join_wrapped(raw, ends)
            at = end
        if escaped_parts:
            yield escaped_start, "".join(escaped_parts)

    @cached_property
    def _tokens(self) -> re.Pattern[str]:
        release, separators = re.escape(self.release), re.escape(self.element + self.component)
        return re.compile(f"{release}(.)|([{separators}])|[^{release}{separators}]+", re.DOTALL)

    def _split_escaped(self, raw: str) -> Segment:
        segment: Segment = [[]]
        parts: list[str] = []
        for token in self._tokens.finditer(raw):
            separator = token[2]
            if separator is None:
                parts.append(token[1] or token[0])
                continue
            segment[-1].append("".join(parts))
            parts.clear()
            if separator == self.element:
                segment.append([])
        segment[-1].append("".join(parts))
        return segment

    def _escape(self, text: str) -> str:
        service = self.release + self.element + self.component + self.terminator + self.repetition
        if not any(character in text for character in service):
            return text
        if not self.release:
            raise InvalidEdi(f"{text!r} needs a release character, but none is defined")
        return "".join(self.release + c if c in service else c for c in text)


def _ends_escaped(piece: str, release: str) -> bool:
    """Whether an odd number of release characters escapes the terminator."""
    return piece.endswith(release) and (len(piece) - len(piece.rstrip(release))) % 2 == 1


def _join_wrapped(raw: str, ends: str) -> str:
    """Remove line ends inside a segment: some systems wrap the text every 80 characters."""
    for end in ends:
        raw = raw.replace(end, "")
    return raw
