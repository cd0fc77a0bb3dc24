"""Writes the facts of one document: keys, its end, withdrawals of lines that it no longer has."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from werknetz.connector.contract import SourceGroupEnd, SourceRecord
from werknetz_edge.edi.chunks import ChunkBuilder
from werknetz_edge.edi.document_log import (
    CONTENTS_MAX,
    LINES_MAX,
    DocumentLog,
    DocumentStatus,
    KnownDocument,
    judge,
)
from werknetz_edge.edi.facts import EdiFact
from werknetz_edge.edi.profile import DocumentFunction, Partner

_COMPLETE: Final = frozenset({None, "original", "duplicate", "replace"})
"""Functions of messages with all lines of their document."""

_WITH_ENTRIES: Final = frozenset({"delivery_called_off", "stock_counted", "stock_moved"})

CONFLICT: Final = (
    "document {} came before with other content: a correction needs the function 5 (replace) or "
    "4 (change); set `repeated_documents: replace` in the partner's profile if the later one "
    "replaces it"
)


@dataclass(slots=True)
class DocumentWriter:
    """The target of one message. `document` is the key of its document."""

    log: DocumentLog
    builder: ChunkBuilder
    source: str
    kinds: tuple[str, ...]
    document: bytes
    content: bytes
    function: DocumentFunction | None
    message_hash: bytes
    partner: Partner
    former_identity: bytes = b""
    """Set where version 0.1 has read this message: its lines keep the identity that it gave."""

    former_words: int = 0  # words of the item that were not part of that identity
    is_partial: bool = False
    _state: KnownDocument | None = None
    _can_revise: bool = True
    _ends_group: bool = False
    _keys: dict[str, list[bytes]] = field(default_factory=dict)  # by kind
    _groups: dict[str, bytes] = field(default_factory=dict)  # by kind
    _occurrences: dict[str, int] = field(default_factory=dict)  # of a line's key
    _line: tuple[int, bytes] = (-1, b"")  # its first segment, and its key
    _entries: dict[bytes, int] = field(default_factory=dict)
    _last: EdiFact | None = None

    def open(self) -> str:
        """Prepare to write; return why the message is not read: "repetition" or "conflict"."""
        state = self._state = self.log.find(self.document)
        if state is not None:
            self.former_identity = b""
        verdict = judge(state, self.content, self.function)
        replaces = self.partner.repeated_documents == "replace"
        if verdict == "conflict" and not replaces:
            return verdict
        if verdict == "repetition":
            return verdict
        is_first = state is None and self.function in {None, "original", "duplicate"}
        # Without a log, after a loss of the ledger, the core still detects a contradiction.
        self._can_revise = replaces or not (is_first or self.function == "addition")
        self._ends_group = self.function in _COMPLETE and not is_first
        return ""

    @property
    def is_known(self) -> bool:
        return self._state is not None

    def add(self, fact: EdiFact, item: str, raw: bytes) -> None:
        """Add a fact, or withdraw a line that the sender deletes."""
        first = fact.segments[0]
        if self._line[0] != first:
            number = self._occurrences[fact.line] = self._occurrences.get(fact.line, 0) + 1
            name = f"{fact.line}\0{number}".encode(errors="surrogatepass")
            self._line = first, blake2b(name, digest_size=16, key=self.document).digest()
        line = self._line[1]
        self._last = fact
        if fact.is_deleted:
            self._delete(line, fact, item, raw)
            return
        if self.former_identity:
            part = fact.item.split(" ", self.former_words)[-1]
            self.builder.add_record(
                SourceRecord(
                    self.source, fact.fields, self.former_identity + part.encode(), item, fact.kind,
                    fact.at_us, raw, self.message_hash, group=self._group_of(fact.kind),
                    has_former_identity=True,
                )
            )  # fmt: skip
            return
        if fact.entry:
            self._entries[line] = max(fact.entry, self._entries.get(line, 0))
        key = _key_of(line, fact.entry)
        group = self._groups.get(fact.kind)
        if group is None:
            group = self._groups[fact.kind] = self._group_of(fact.kind)
            self._keys[fact.kind] = []
        self._keys[fact.kind].append(key)
        self.builder.add_record(
            SourceRecord(
                self.source, fact.fields, key, item, fact.kind, fact.at_us, raw, self.message_hash,
                can_revise=self._can_revise, group=group,
            )
        )  # fmt: skip

    def finish(self, item: str) -> None:
        """End the document after its last line: withdraw what it no longer has."""
        if self.former_identity:
            return
        at_us = None if self._last is None else self._last.fields.get("document_us")
        if self._ends_group and not self.is_partial:
            for kind in self.kinds:
                self._end(kind, self._keys.get(kind, ()), item, at_us, "replaced")
        elif self.function == "change":
            for line, count in self._entries.items():
                former = self._state.entries.get(line, 0) if self._state else 0
                self._withdraw_entries(line, range(count + 1, former + 1), item)
        self._update_log("partial" if self.is_partial else "complete")

    def cancel(self, item: str) -> None:
        """Withdraw the whole document."""
        self._state = self.log.find(self.document)
        for kind in self.kinds:
            self._end(kind, (), item, None, "cancelled")
        self._update_log("cancelled")

    def end_former(self, document: bytes, item: str) -> None:
        """Withdraw the document of another number that this one replaces."""
        for kind in self.kinds:
            self._end(kind, (), item, None, "replaced", document)

    def _end(
        self, kind: str, keys: "list[bytes] | tuple[()]", item: str, at_us: int | None,
        reason: str, document: bytes = b"",
    ) -> None:  # fmt: skip
        self.builder.add_group_end(
            SourceGroupEnd(
                source=self.source, group=self._group_of(kind, document), keys=keys, kind=kind,
                item=item, message_hash=self.message_hash, source_time_us=at_us, reason=reason,
            )
        )  # fmt: skip

    def _delete(self, line: bytes, fact: EdiFact, item: str, raw: bytes) -> None:
        former = self._state.entries.pop(line, 0) if self._state else 0
        has_entries = fact.kind in _WITH_ENTRIES
        numbers = range(1, max(former, 1) + 1) if has_entries else range(1)
        self._withdraw_entries(line, numbers, item, raw)

    def _withdraw_entries(self, line: bytes, numbers: range, item: str, raw: bytes = b"") -> None:
        for number in numbers:
            for kind in self.kinds:
                self.builder.add_record(
                    SourceRecord(
                        self.source, {}, _key_of(line, number), item, kind, raw=raw,
                        message_hash=self.message_hash, group=self._group_of(kind), deleted=True,
                    )
                )  # fmt: skip

    def _update_log(self, status: DocumentStatus) -> None:
        state = self._state or KnownDocument()
        is_change = self.function in {"change", "addition", "deletion"}
        entries = {**state.entries, **self._entries} if is_change else self._entries
        if status == "complete" and is_change:
            status = state.status if state.contents else "complete"
        contents = [*state.contents, (self.content, self.function or "original")]
        if state.contents and state.contents[-1] == contents[-1]:
            del contents[-1]
        new_state = KnownDocument(
            status,
            contents[-CONTENTS_MAX:],
            entries if len(entries) <= LINES_MAX else {},
        )
        self.builder.add_state_update(*self.log.update(self.document, new_state))

    def _group_of(self, kind: str, document: bytes = b"") -> bytes:
        return (document or self.document) + kind.encode()


def _key_of(line: bytes, entry: int) -> bytes:
    return line + entry.to_bytes(4, "big")
