"""A file → pieces of facts and refusals: EDIFACT or VDA, by what it begins with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from werknetz_edge.edi.chunks import Cut
from werknetz_edge.edi.context import Context
from werknetz_edge.edi.edifact.charset import decode, plain_bytes
from werknetz_edge.edi.edifact.envelope import BOM, pieces
from werknetz_edge.edi.edifact.interchange import Interchange
from werknetz_edge.edi.profile import Partners
from werknetz_edge.edi.vda.file import Sent
from werknetz_edge.edi.vda.transmission import LOOKS_LIKE, Record, Transmission, transmissions
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile

WHOLE_MAX: Final = 8_000_000
"""Larger interchanges are not kept whole beside their facts; each record has its segments then."""

INTERCHANGES_MAX: Final = 10_000
"""Of a file: one that has more is no file of a partner, and each would be told by itself."""
_NOTHING: Final = "is neither EDIFACT (UNA, UNB) nor VDA 4905 or 4913 (511, 711)"


@dataclass(slots=True)
class EdiParser:
    """Of one connector. Counts what it met: the connector's status shows it."""

    partners: Partners
    zone: str
    bytes_max: int = 50_000_000
    unknown_partners: bool = True
    seen: Callable[[bytes], bytes | None] = lambda _key: None
    whole_max: int = WHOLE_MAX
    details: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        if file.size > self.bytes_max:
            raise FileRefused(f"{file.size} bytes: more than `bytes_max`, {self.bytes_max}")
        yield from self.parse_bytes(file.path.read_bytes(), file.modified_us)

    def parse_bytes(self, content: bytes, at_us: int) -> Iterator[Chunk]:
        """The pieces of a file's content; raise FileRefused where there is nothing to read."""
        try:
            plain = plain_bytes(content)
        except ValueError as error:
            raise FileRefused(f"its characters cannot be read: {error}") from error
        context = Context(
            self.partners, self.zone, self.seen, self._count, self._remark,
            unknown_partners=self.unknown_partners,
        )  # fmt: skip
        cut = Cut(at_us)
        start = plain.removeprefix(BOM).lstrip()[:5]
        if LOOKS_LIKE.match(start):
            yield from self._vda(plain, context, cut)
        else:
            yield from self._edifact(plain, context, cut)
        yield cut.take()

    def _edifact(self, content: bytes, context: Context, cut: Cut) -> Iterator[Chunk]:
        number = 0
        for piece in pieces(content):
            if piece.is_interchange:
                number += 1
                if number > INTERCHANGES_MAX:
                    raise FileRefused(f"more than {INTERCHANGES_MAX} interchanges: split the file")
                whole = len(piece.content) <= self.whole_max
                yield from Interchange(piece, number, context, cut, whole).chunks()
                continue
            if number == 0 and piece.start + len(piece.content) == len(content):
                raise FileRefused(_NOTHING)
            self._count("stretches refused")
            cut.refuse(
                "edi/(unknown)/file", _NOTHING, piece.content[:65_536], f"byte {piece.start}"
            )
            if cut.advance(1, len(piece.content)):
                yield cut.take()
        if not number:
            raise FileRefused("it is empty")

    def _vda(self, content: bytes, context: Context, cut: Cut) -> Iterator[Chunk]:
        # Columns are characters: only a charset of single bytes keeps them where they are.
        decoded = decode(content, "UNOC", self._charset(content))
        if decoded.remark:
            self._remark(decoded.remark)
        text = decoded.text
        before: Transmission | None = None
        for number, sent in enumerate(transmissions(text), 1):
            if number > INTERCHANGES_MAX:
                raise FileRefused(f"more than {INTERCHANGES_MAX} transmissions: split the file")
            if before is not None:
                yield from self._sent(before, text, sent.records[0], decoded.charset, context, cut)
            before = sent
        if before is not None:
            yield from self._sent(before, text, None, decoded.charset, context, cut)

    def _sent(
        self, sent: Transmission, text: str, after: Record | None, charset: str, context: Context,
        cut: Cut,
    ) -> Iterator[Chunk]:  # fmt: skip
        end = len(text) if after is None else after.place
        content = text[sent.records[0].place : end].encode(charset, errors="replace")
        yield from Sent(
            sent, content, context, cut, keep_whole=len(content) <= self.whole_max
        ).chunks()

    def _charset(self, content: bytes) -> str | None:
        """The profile is found by the head's numbers, which are plain in every charset."""
        head = content[:64].decode("iso8859-1")
        own = [
            p for p in self.partners.partners if p.charset and (not p.sender or p.sender in head)
        ]
        return own[0].charset if own else None

    def _count(self, what: str) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1
        self.details[what.replace(" ", "_")] = str(self._counts[what])

    def _remark(self, text: str) -> None:
        self._count("remarks")
        self.details["last_remark"] = text.encode(errors="backslashreplace").decode()[:500]
