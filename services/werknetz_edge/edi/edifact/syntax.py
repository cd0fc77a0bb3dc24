"""The service characters of an interchange, and text cut into segments, elements and components.

Own, as pydifact 0.2.3 does not hold: a BOM is an error, a second interchange with a UNA makes it
drop the first, what follows the last terminator vanishes, no segment knows its place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from werknetz_edge.edi.values import Wrong

Segment = list[list[str]]
"""Elements of components; the tag is the first component of the first element."""

BLOCK: Final = 1 << 16  # characters that are split at once: a large message is never cut whole
BLANK: Final = " \t\r\n\0"
LEVEL_B: Final = "\x1f\x1d.? \x1c"
"""Level B of syntax 1 to 3 may use control characters as separators, without a UNA."""


@dataclass(frozen=True)
class Syntax:
    """What UNA says; the default is what holds without one."""

    component: str = ":"
    element: str = "+"
    mark: str = ""  # the decimal mark; empty: point and comma mean the same
    release: str = "?"  # empty: none
    reserved: str = "*"  # UNA's fifth
    terminator: str = "'"
    repetition: str = ""  # between repeats of an element: in syntax version 4 only
    has_una: bool = False

    @classmethod
    def of_una(cls, six: str) -> "Syntax":
        """Read the six characters after UNA; raise Wrong where they cannot be told apart."""
        component, element, mark, release, repetition, terminator = [*six]
        release, mark = release.strip(" "), mark.strip(" ")
        used = [component, element, terminator, *release]
        plain = all(c.isascii() and not c.isalnum() and c != " " for c in used)
        if len({*used}) < len(used) or not plain:
            raise Wrong(f"UNA {six!r}: the service characters cannot be told apart")
        if mark not in {"", ".", ","}:
            raise Wrong(f"UNA {six!r}: {mark!r} is no decimal mark")
        reserved = "" if repetition in {" ", *used} else repetition
        return cls(component, element, mark, release, reserved, terminator, has_una=True)

    def of_version(self, version: str) -> "Syntax":
        """Version 4 takes point and comma alike and may repeat elements."""
        return replace(self, mark="", repetition=self.reserved) if version == "4" else self

    def split(self, raw: str) -> Segment:
        """Cut a segment; raise Wrong for what is not read here."""
        if self.release and self.release in raw:
            return self._split_released(raw)
        if self.repetition and self.repetition in raw:
            raise Wrong(f"a repeated element ({self.repetition!r} in syntax 4) is not read")
        component = self.component
        return [part.split(component) for part in raw.split(self.element)]

    def join(self, segment: Segment) -> str:
        """Write a segment without its terminator: what `split` reads back."""
        return self.element.join(
            self.component.join(map(self._released, parts)) for parts in segment
        )

    def segments(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield (place in the text, segment); line ends around and inside are no data.

        What follows the last terminator is yielded, too: it was cut off.
        """
        terminator, release = self.terminator, self.release
        ends = "\r\n".replace(terminator, "")
        at, size = 0, len(text)
        opened: list[str] = []  # a segment whose terminators so far were released
        open_at = 0
        while at < size:
            end = text.find(terminator, at + BLOCK) + 1 or size
            block = text[at:end]
            released = bool(release) and release in block
            pieces = block.split(terminator)
            if not pieces[-1]:
                pieces.pop()
            for piece in pieces:
                place, at = at, at + len(piece) + 1
                if released and _ends_in(piece, release):
                    open_at = open_at if opened else place
                    opened += [piece, terminator]
                    continue
                if opened:
                    piece, place = "".join(opened) + piece, open_at  # noqa: PLW2901
                    opened = []
                raw = piece.lstrip(BLANK)
                if raw:
                    place += len(piece) - len(raw)
                    yield place, raw if raw.isprintable() else _unwrapped(raw, ends)
            at = end
        if opened:
            yield open_at, "".join(opened)

    @cached_property
    def _tokens(self) -> re.Pattern[str]:
        release, separators = re.escape(self.release), re.escape(self.element + self.component)
        return re.compile(f"{release}(.)|([{separators}])|[^{release}{separators}]+", re.DOTALL)

    def _split_released(self, raw: str) -> Segment:
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

    def _released(self, text: str) -> str:
        service = self.release + self.element + self.component + self.terminator + self.repetition
        if not any(character in text for character in service):
            return text
        if not self.release:
            raise Wrong(f"{text!r} needs a release character, and there is none")
        return "".join(self.release + c if c in service else c for c in text)


def _ends_in(piece: str, release: str) -> bool:
    """An odd number of release characters at the end takes the terminator's meaning away."""
    return piece.endswith(release) and (len(piece) - len(piece.rstrip(release))) % 2 == 1


def _unwrapped(raw: str, ends: str) -> str:
    """Some systems break the text every 80 characters: inside a segment, too."""
    for end in ends:
        raw = raw.replace(end, "")
    return raw
