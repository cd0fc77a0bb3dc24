"""Parses a file into chunks of facts and rejects: EDIFACT or VDA, detected by its beginning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from werknetz_edge.edi.chunks import ChunkBuilder
from werknetz_edge.edi.context import EdiContext
from werknetz_edge.edi.edifact.charset import decode, normalize_encoding
from werknetz_edge.edi.edifact.envelope import BOM, split_interchanges
from werknetz_edge.edi.edifact.interchange import InterchangeReader
from werknetz_edge.edi.profile import Partners
from werknetz_edge.edi.vda.file import TransmissionReader
from werknetz_edge.edi.vda.transmission import (
    LOOKS_LIKE,
    Transmission,
    VdaRecord,
    split_transmissions,
)
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile

WHOLE_MAX: Final = 8_000_000
"""Larger interchanges are not stored as a whole; each record then has its own segments."""

INTERCHANGES_MAX: Final = 10_000
"""Limit for a file: no partner sends more, and each invalid one would be a reject."""
_NOT_EDI: Final = "is neither EDIFACT (UNA, UNB) nor VDA 4905 or 4913 (511, 711)"


@dataclass(slots=True)
class EdiParser:
    """The parser of one connector. Its counts are shown in the connector's status."""

    partners: Partners
    zone: str
    bytes_max: int = 50_000_000
    unknown_partners: bool = True
    get_state: Callable[[bytes], bytes | None] = lambda _key: None
    whole_max: int = WHOLE_MAX
    details: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def parse(self, file: LocalFile) -> Iterator[Chunk]:
        if file.size > self.bytes_max:
            raise FileRefused(f"{file.size} bytes: more than `bytes_max`, {self.bytes_max}")
        yield from self.parse_bytes(file.path.read_bytes(), file.modified_us)

    def parse_bytes(self, content: bytes, at_us: int) -> Iterator[Chunk]:
        """Return the chunks of a file's content; raise FileRefused where it is not EDI."""
        try:
            normalized = normalize_encoding(content)
        except ValueError as error:
            raise FileRefused(f"its characters cannot be read: {error}") from error
        context = EdiContext(
            self.partners, self.zone, self.get_state, self._count, self._note,
            unknown_partners=self.unknown_partners,
        )  # fmt: skip
        builder = ChunkBuilder(at_us)
        start = normalized.removeprefix(BOM).lstrip()[:5]
        if LOOKS_LIKE.match(start):
            yield from self._parse_vda(normalized, context, builder)
        else:
            yield from self._parse_edifact(normalized, context, builder)
        yield builder.take_chunk()

    def _parse_edifact(
        self, content: bytes, context: EdiContext, builder: ChunkBuilder
    ) -> Iterator[Chunk]:
        number = 0
        for part in split_interchanges(content):
            if part.is_interchange:
                number += 1
                if number > INTERCHANGES_MAX:
                    raise FileRefused(f"more than {INTERCHANGES_MAX} interchanges: split the file")
                whole = len(part.content) <= self.whole_max
                yield from InterchangeReader(part, number, context, builder, whole).chunks()
                continue
            if number == 0 and part.start + len(part.content) == len(content):
                raise FileRefused(_NOT_EDI)
            self._count("parts rejected")
            builder.reject(
                "edi/(unknown)/file", _NOT_EDI, part.content[:65_536], f"byte {part.start}"
            )
            if builder.advance(1, len(part.content)):
                yield builder.take_chunk()
        if not number:
            raise FileRefused("it is empty")

    def _parse_vda(
        self, content: bytes, context: EdiContext, builder: ChunkBuilder
    ) -> Iterator[Chunk]:
        # Columns are characters: only single-byte character sets keep their positions.
        decoded = decode(content, "UNOC", self._charset(content))
        if decoded.note:
            self._note(decoded.note)
        text = decoded.text
        previous: Transmission | None = None
        for number, transmission in enumerate(split_transmissions(text), 1):
            if number > INTERCHANGES_MAX:
                raise FileRefused(f"more than {INTERCHANGES_MAX} transmissions: split the file")
            if previous is not None:
                yield from self._read_transmission(
                    previous, text, transmission.records[0], decoded.charset, context, builder
                )
            previous = transmission
        if previous is not None:
            yield from self._read_transmission(
                previous, text, None, decoded.charset, context, builder
            )

    def _read_transmission(
        self, transmission: Transmission, text: str, after: VdaRecord | None, charset: str,
        context: EdiContext, builder: ChunkBuilder,
    ) -> Iterator[Chunk]:  # fmt: skip
        end = len(text) if after is None else after.position
        content = text[transmission.records[0].position : end].encode(charset, errors="replace")
        yield from TransmissionReader(
            transmission, content, context, builder, keep_whole=len(content) <= self.whole_max
        ).chunks()

    def _charset(self, content: bytes) -> str | None:
        """Find the profile by the numbers of the head, which are ASCII in every character set."""
        head = content[:64].decode("iso8859-1")
        matching = [
            p for p in self.partners.partners if p.charset and (not p.sender or p.sender in head)
        ]
        return matching[0].charset if matching else None

    def _count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1
        self.details[name.replace(" ", "_")] = str(self._counts[name])

    def _note(self, text: str) -> None:
        self._count("notes")
        self.details["last_note"] = text.encode(errors="backslashreplace").decode()[:500]
