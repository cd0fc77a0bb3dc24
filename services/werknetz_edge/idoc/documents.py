"""What identifies the lines of an IDoc: number and line of their document, or the IDoc itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import SourceGroupEnd, SourceRecord
from werknetz_edge.idoc.config import IdocConfig
from werknetz_edge.idoc.segments import IdocLine, IdocSegment

_PREFIX: Final = b"idoc\0"
_SENDER: Final = ("SNDPOR", "SNDPRT", "SNDPRN", "MANDT")


@dataclass(slots=True)
class CreationTimes:
    """When the latest IDoc of each document was created, over the ledger."""

    get_state: Callable[[bytes], bytes | None] = lambda _key: None
    _pending: dict[bytes, int] = field(default_factory=dict)

    def find(self, document: bytes) -> int | None:
        if document in self._pending:
            return self._pending[document]
        stored = self.get_state(_PREFIX + document)
        return None if stored is None else int.from_bytes(stored, "big", signed=True)

    def update(self, document: bytes, at_us: int) -> tuple[bytes, bytes]:
        self._pending[document] = at_us
        return _PREFIX + document, at_us.to_bytes(8, "big", signed=True)


@dataclass(slots=True)
class IdocDocuments:
    """The records of one IDoc, by document."""

    config: IdocConfig
    control: Mapping[str, str]
    kind: str  # IDOCTYP
    content: bytes  # hash of the IDoc: its identity where it has no number
    at_us: int | None
    message_hash: bytes
    created: CreationTimes
    _keys: dict[tuple[str, bytes], list[bytes]] = field(default_factory=dict)
    """By source and document."""
    _counts: dict[bytes, int] = field(default_factory=dict)
    _items: dict[bytes, str] = field(default_factory=dict)
    _cancelled: dict[bytes, str] = field(default_factory=dict)

    def records_of(self, lines: Sequence[IdocLine], position: str) -> Iterator[SourceRecord]:
        for line in lines:
            item = f"{position}, {line.path}"[:500]
            document = self._document_of(line.name, line.fields)
            if document and _has_any(line.fields, self.config.cancellations):
                self._cancelled[document] = item
                continue
            yield self._record(line, document, item)

    def ends_of(self, idoc: IdocSegment, position: str) -> Iterator[SourceGroupEnd]:
        """Yield the ends of cancelled documents, and of those that are complete."""
        self._find_cancelled_head(idoc, position)
        for document, item in self._cancelled.items():
            yield from self._ends_of_document(document, item, "cancelled")
        if self.control.get("MESTYP") in self.config.complete:
            for document, item in self._items.items():
                yield from self._ends_of_document(document, item, "replaced")

    def _find_cancelled_head(self, idoc: IdocSegment, position: str) -> None:
        """Find a cancelled document without a line: its number is in a segment of the head."""
        fields = {segment.name: segment.fields for segment in _walk(idoc)}
        fields |= {f"{s.name}:{s.fields.get('QUALF')}": s.fields for s in _walk(idoc)}
        if _has_any(fields, self.config.cancellations):
            for name in self.config.documents:
                document = self._document_of(name, fields, is_line=False)
                if document:
                    self._cancelled.setdefault(document, position)

    def _ends_of_document(
        self, document: bytes, item: str, reason: str
    ) -> Iterator[SourceGroupEnd]:
        if self.is_older(document):
            return
        for source in self._sources():
            keys = self._keys.get((source, document), ()) if reason == "replaced" else ()
            yield self._end(source, document, keys, item, reason)

    def is_older(self, document: bytes) -> bool:
        """Whether a later IDoc of the document has been read: this one must not end its lines."""
        former_us = self.created.find(document)
        return former_us is not None and self.at_us is not None and self.at_us < former_us

    def updates(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield what the ledger remembers: when the latest IDoc of a document was created."""
        for document in [*self._items, *self._cancelled]:
            if self.at_us is not None and not self.is_older(document):
                yield self.created.update(document, self.at_us)

    def _record(self, line: IdocLine, document: bytes, item: str) -> SourceRecord:
        source = self._source_of(line.name)
        if (split := self.config.split.get(line.name)) is not None:
            source += f"/{line.fields.get(split) or 'none'}"
        is_deleted = bool(document) and _has_any(line.fields, self.config.deletions)
        if document:
            self._items.setdefault(document, item)
            key = self._number_key(
                _hash(document, *_values_at(line.fields, self.config.documents[line.name][1:]))
            )
            if not is_deleted:
                self._keys.setdefault((source, document), []).append(key)
        else:
            number = self.control.get("DOCNUM", "")
            identity = [b"idoc", number.encode()] if number else [b"content", self.content]
            key = _hash(self._sender, *identity, line.path.encode())
        return SourceRecord(
            source=source, fields=line.fields, key=key, item=item, source_time_us=self.at_us,
            message_hash=self.message_hash, version=self.at_us if document else None,
            can_revise=bool(document), group=document, deleted=is_deleted,
        )  # fmt: skip

    def _number_key(self, key: bytes) -> bytes:
        """Number lines with equal numbers by their order: schedule lines of an item."""
        number = self._counts[key] = self._counts.get(key, 0) + 1
        return _hash(key, str(number).encode())

    def _document_of(self, name: str, fields: Mapping[str, Any], *, is_line: bool = True) -> bytes:
        """Return the key of the document; empty where its number, or that of the line, is empty."""
        paths = self.config.documents.get(name)
        if not paths:
            return b""
        values = _values_at(fields, paths)
        if not values[0] or (is_line and not all(values)):
            return b""
        return _hash(b"document", self._sender, values[0])

    @property
    def _sender(self) -> bytes:
        return "\0".join(self.control.get(name, "") for name in _SENDER).encode()

    def _sources(self) -> list[str]:
        return [self._source_of(name) for name in self.config.documents]

    def _source_of(self, name: str) -> str:
        return f"idoc/{self.kind}/{name}"

    def _end(
        self, source: str, document: bytes, keys: Sequence[bytes], item: str, reason: str
    ) -> SourceGroupEnd:
        return SourceGroupEnd(
            source=source, group=document, keys=keys, item=item, message_hash=self.message_hash,
            source_time_us=self.at_us, reason=reason,
        )  # fmt: skip


def content_of(idoc: IdocSegment) -> bytes:
    """Return a hash of names, fields and order: equal for the same IDoc in another notation."""
    digest = blake2b(digest_size=16)
    for segment in _walk(idoc):
        fields = [segment.name, *(f"{k}={v}" for k, v in sorted(segment.fields.items()) if v)]
        digest.update("\0".join(fields).encode() + b"\1")
    return digest.digest()


def _walk(segment: IdocSegment) -> Iterator[IdocSegment]:
    for child in segment.children:
        yield child
        yield from _walk(child)


def _has_any(fields: Mapping[str, Any], table: Mapping[str, tuple[str, ...]]) -> bool:
    return any(str(value_at_path(fields, path) or "") in values for path, values in table.items())


def _values_at(fields: Mapping[str, Any], paths: Sequence[str]) -> list[bytes]:
    return [str(value_at_path(fields, path) or "").encode() for path in paths]


def _hash(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
