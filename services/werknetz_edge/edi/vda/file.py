"""Reads one VDA transmission: each call-off or delivery note is stored or rejected alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from werknetz.connector.contract import SourceMessage, hash_message
from werknetz_edge.edi.chunks import ChunkBuilder
from werknetz_edge.edi.context import EdiContext
from werknetz_edge.edi.document_log import document_key_of
from werknetz_edge.edi.document_writer import DocumentWriter
from werknetz_edge.edi.edifact.envelope import BLANK_ID
from werknetz_edge.edi.facts import EdiFact, EdiFault, EdiRemark, FactFields
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import InvalidEdi, quote
from werknetz_edge.edi.vda import call_off, despatch
from werknetz_edge.edi.vda.transmission import (
    TABLES,
    Transmission,
    VdaRecord,
    check_record,
    count_fault,
)
from werknetz_edge.files.connector import Chunk

_GROUPS: Final = {"VDA4905": "512", "VDA4913": "713"}
_DOCUMENT: Final = {
    "VDA4905": (
        "plant", "call_off", "date", "material", "supplier_material", "order", "unloading_point",
    ),
    "VDA4913": ("note",),
}  # fmt: skip
"""Columns of 512 and 713 that identify a call-off or a delivery note of a sender."""

_NUMBER: Final = {"VDA4905": "call_off", "VDA4913": "note"}
_CONFLICT: Final = (
    "{} {} came before with other content; set `repeated_documents: replace` in the partner's "
    "profile if the later one replaces it"
)
_RAW_MAX: Final = 65_536


@dataclass(slots=True)
class TransmissionReader:
    """Reads one transmission."""

    transmission: Transmission
    content: bytes  # the original bytes
    context: EdiContext
    builder: ChunkBuilder
    keep_whole: bool = True
    sender: str = BLANK_ID
    receiver: str = BLANK_ID
    hash: bytes = b""
    _is_former: bool = False  # read by version 0.1
    _contents: dict[bytes, int] = field(default_factory=dict)  # number of contents by document

    def chunks(self) -> Iterator[Chunk]:
        records = self.transmission.records
        kind = self.transmission.kind
        if kind:
            head = TABLES[kind][records[0].type]
            sender, receiver = "customer", "supplier"
            if kind == "VDA4913":
                sender, receiver = receiver, sender
            self.sender = head[sender].read(records[0].text) or BLANK_ID
            self.receiver = head[receiver].read(records[0].text) or BLANK_ID
        if self.keep_whole:
            self.hash = hash_message(self.content)
            self.builder.add_message(SourceMessage(self._source, self.content, self.hash))
        try:
            yield from self._read(records)
        except InvalidEdi as error:
            self.context.count("transmissions rejected")
            self._reject(str(error), records[0], (0, len(records) - 1), "")
            if self.builder.advance(len(records), len(self.content)):
                yield self.builder.take_chunk()
        self.builder.end_interchange()

    def _read(self, records: list[VdaRecord]) -> Iterator[Chunk]:
        """Read all groups; first raise InvalidEdi where the transmission must not be read."""
        kind = self.transmission.kind
        if not kind:
            raise InvalidEdi(f"record {quote(records[0].type)} is outside of a transmission")
        partner = self.context.partner_of(self.sender, self.receiver)
        zone = self.context.zone_of(partner)
        if partner.messages is not None and kind not in partner.messages:
            raise InvalidEdi(f"{kind} is not agreed with {partner.name}: see `messages`")
        check_record(records[0], kind)
        self._check_reference(partner, records[0].text)
        fault = count_fault(self.transmission)
        if fault and partner.counts.vda == "quarantine":
            raise InvalidEdi(fault)
        head = (
            call_off.read_head(records[0].text, zone)
            if kind == "VDA4905"
            else despatch.read_head(records[0].text)
        )
        if self.builder.advance(1, 0):
            yield self.builder.take_chunk()
        yield from self._groups(head, partner, zone)
        if fault:
            last = len(records) - 1
            reason = f"{fault}; the complete records are stored"
            self._reject(reason, records[last], (last, last), records[last].type)

    def _check_reference(self, partner: Partner, head: str) -> None:
        """Numbers of transmissions restart after 99999: on one day each is used once."""
        table = TABLES[self.transmission.kind][self.transmission.records[0].type]
        number, date = table["transmission"].read(head), table["date"].read(head)
        parts = (self.transmission.kind, self.sender, self.receiver, number, date)
        key = b"vda\0" + "\0".join(parts).encode(errors="surrogateescape")
        digest = hash_message(self.content.translate(None, b"\r\n "))
        use, value = self.context.find_use(key, digest)
        self._is_former = use == "former"
        if use == "new":
            self.builder.add_state_update(key, value)
        elif use != "other":
            self.context.count("duplicate transmissions")
        elif partner.reused_references == "quarantine":
            raise InvalidEdi(
                f"transmission {quote(number)} of {quote(date)} was used before with other "
                "content; set `reused_references: accept` if that is intended"
            )

    def _groups(self, head: FactFields, partner: Partner, zone: str) -> Iterator[Chunk]:
        """Read call-offs (512 …) or delivery notes (713 …), each with its transport."""
        kind = self.transmission.kind
        opener = _GROUPS[kind]
        body = self.transmission.records[1 : -1 if self.transmission.is_ended else None]
        transport: VdaRecord | None = None
        at = number = 0
        while at < len(body):
            end = at + 1
            record = body[at]
            if record.type == "712" and kind == "VDA4913":
                transport = record
                if end == len(body) or body[end].type != opener:
                    self._reject("a transport without a delivery note (713)", record,
                                 (at + 1, at + 1), record.type)  # fmt: skip
            elif record.type == opener:
                number += 1
                while end < len(body) and body[end].type not in {opener, "712"}:
                    end += 1
                group = body[at:end]
                results = (
                    call_off.read_call_off(head, group, number, partner, zone)
                    if kind == "VDA4905"
                    else despatch.read_note(head, transport, group, number, zone, partner)
                )
                writer = self._writer(transport, group, partner)
                if writer is not None:
                    self._add_results(results, writer)
            else:
                reason = f"record {quote(record.type)} is outside of {opener}"
                self._reject(reason, record, (at + 1, at + 1), record.type)
            if self.builder.advance(end - at, sum(len(r.text) for r in body[at:end])):
                yield self.builder.take_chunk()
            at = end

    def _content_key_of(self, transport: VdaRecord | None, group: list[VdaRecord]) -> bytes:
        """Identify a call-off or note by its content: equal for a repetition."""
        lines = [record.text.rstrip() for record in ([transport] if transport else []) + group]
        content = "\n".join([self.sender, self.transmission.kind, *lines])
        return blake2b(content.encode(errors="surrogatepass"), digest_size=16).digest()

    def _writer(
        self, transport: VdaRecord | None, group: list[VdaRecord], partner: Partner
    ) -> DocumentWriter | None:
        """Return the writer of a call-off or note; None for a repetition or a conflict."""
        content = self._content_key_of(transport, group)
        kind, first = self.transmission.kind, group[0]
        layout = TABLES[kind][first.type]
        numbers = [layout[name].read(first.text) for name in _DOCUMENT[kind]]
        document = document_key_of("vda", self.sender, self.receiver, kind, *numbers)
        if not self.context.is_repeated(content, None):
            ordinal = self._contents.get(document, 0)
            self._contents[document] = ordinal + 1
            if ordinal:  # a transmission may use a number twice: two documents
                document = document_key_of(document.hex(), str(ordinal))
            writer = DocumentWriter(
                self.context.documents, self.builder, self._source,
                (call_off.KIND if kind == "VDA4905" else despatch.KIND,),
                document, content, None, self.hash, partner,
                content if self._is_former else b"", 2,
            )  # fmt: skip
            verdict = writer.open()
            if not verdict:
                return writer
            if verdict == "conflict":
                name = "call-off" if kind == "VDA4905" else "delivery note"
                start = first.number - self.transmission.records[0].number
                reason = _CONFLICT.format(name, quote(layout[_NUMBER[kind]].read(first.text)))
                self._reject(reason, first, (start, start + len(group) - 1), first.type)
                return None
        self.context.count("duplicate messages")
        self.builder.add_duplicate()
        return None

    def _add_results(
        self, results: Iterator[EdiFact | EdiFault | EdiRemark], writer: DocumentWriter
    ) -> None:
        self.context.count("messages")
        first = self.transmission.records[0].number
        item = ""
        for result in results:
            item = " ".join(result.item.split(" ", 2)[:2])
            if isinstance(result, EdiFact):
                start, end = (number - first for number in result.segments)
                writer.add(result, result.item, self._raw(start, end)[:4096])
                continue
            at = result.segment - first
            span = (at, at)
            if isinstance(result, EdiRemark):
                self.context.count("remarks")
            else:
                writer.is_partial = True
                span = (result.segments[0] - first, result.segments[1] - first)
            self._reject(result.reason, self.transmission.records[at], span, result.item)
        writer.finish(item)

    def _reject(self, reason: str, record: VdaRecord, span: tuple[int, int], item: str) -> None:
        position = f"{item} (line {record.number}, byte {record.position})".strip()
        self.builder.reject(self._source, reason, self._raw(*span), position, self.hash)

    def _raw(self, start: int, end: int) -> bytes:
        records = self.transmission.records[start : min(end + 1, start + _RAW_MAX // 128)]
        return "\n".join(record.text for record in records)[:_RAW_MAX].encode(errors="replace")

    @property
    def _source(self) -> str:
        return f"edi/{self.sender}/{self.transmission.kind or 'VDA'}"
