"""One VDA transmission → records and refusals: each call-off, each delivery note by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from werknetz.connector.contract import SourceMessage, SourceRecord, hash_message
from werknetz_edge.edi.chunks import Cut
from werknetz_edge.edi.context import Context
from werknetz_edge.edi.edifact.envelope import BLANK_ID
from werknetz_edge.edi.facts import Fault, Found, Scope
from werknetz_edge.edi.profile import Partner
from werknetz_edge.edi.values import Wrong, shown
from werknetz_edge.edi.vda import call_off, despatch
from werknetz_edge.edi.vda.transmission import TABLES, Record, Transmission, check, counts_fault
from werknetz_edge.files.connector import Chunk

_GROUPS: Final = {"VDA4905": "512", "VDA4913": "713"}
_RAW_MAX: Final = 65_536


@dataclass(slots=True)
class Sent:
    """A transmission that is being read."""

    sent: Transmission
    content: bytes  # as it came
    context: Context
    cut: Cut
    keep_whole: bool = True
    sender: str = BLANK_ID
    receiver: str = BLANK_ID
    hash: bytes = b""

    def chunks(self) -> Iterator[Chunk]:
        records = self.sent.records
        kind = self.sent.kind
        if kind:
            head = TABLES[kind][records[0].type]
            ours, theirs = ("customer", "supplier"), ("supplier", "customer")
            sender, receiver = ours if kind == "VDA4905" else theirs
            self.sender = head[sender].read(records[0].text) or BLANK_ID
            self.receiver = head[receiver].read(records[0].text) or BLANK_ID
        if self.keep_whole:
            self.hash = hash_message(self.content)
            self.cut.keep(SourceMessage(self._source, self.content, self.hash))
        try:
            yield from self._read(records)
        except Wrong as error:
            self.context.count("transmissions refused")
            self._refuse(str(error), records[0], (0, len(records) - 1), "")
            if self.cut.advance(len(records), len(self.content)):
                yield self.cut.take()
        self.cut.end_interchange()

    def _read(self, records: list[Record]) -> Iterator[Chunk]:
        """Raise Wrong before anything is given, where the transmission is not to be read."""
        kind = self.sent.kind
        if not kind:
            raise Wrong(f"record {shown(records[0].type)} stands outside a transmission")
        partner = self.context.partner(self.sender, self.receiver)
        zone = self.context.zone_of(partner)
        if partner.messages is not None and kind not in partner.messages:
            raise Wrong(f"{kind} is not agreed with {partner.name}: see `messages`")
        check(records[0], kind)
        self._know(partner, records[0].text)
        fault = counts_fault(self.sent)
        if fault and partner.counts.vda == "quarantine":
            raise Wrong(fault)
        head = (
            call_off.head_of(records[0].text, zone)
            if kind == "VDA4905"
            else despatch.head_of(records[0].text)
        )
        if self.cut.advance(1, 0):
            yield self.cut.take()
        yield from self._groups(head, partner, zone)
        if fault:
            last = len(records) - 1
            reason = f"{fault}; the records that are whole are kept"
            self._refuse(reason, records[last], (last, last), records[last].type)

    def _know(self, partner: Partner, head: str) -> None:
        """Numbers of transmissions begin anew after 99999: on one day none comes twice."""
        table = TABLES[self.sent.kind][self.sent.records[0].type]
        number, date = table["transmission"].read(head), table["date"].read(head)
        parts = (self.sent.kind, self.sender, self.receiver, number, date)
        key = b"vda\0" + "\0".join(parts).encode(errors="surrogateescape")
        digest = hash_message(self.content.translate(None, b"\r\n "))
        before = self.context.seen(key)
        if before is None:
            self.cut.remember(key, digest)
        elif before == digest:
            self.context.count("transmissions again")
        elif partner.reused_references == "quarantine":
            raise Wrong(
                f"transmission {shown(number)} of {shown(date)} came before with another content; "
                "say `reused_references: accept` if that is meant"
            )

    def _groups(self, head: Scope, partner: Partner, zone: str) -> Iterator[Chunk]:
        """Call-offs (512 …) or delivery notes (713 …), each with the transport it stands in."""
        kind = self.sent.kind
        opener = _GROUPS[kind]
        body = self.sent.records[1 : -1 if self.sent.is_ended else None]
        transport: Record | None = None
        at = number = 0
        while at < len(body):
            end = at + 1
            record = body[at]
            if record.type == "712" and kind == "VDA4913":
                transport = record
            elif record.type == opener:
                number += 1
                while end < len(body) and body[end].type not in {opener, "712"}:
                    end += 1
                group = body[at:end]
                found = (
                    call_off.read_call_off(head, group, number, partner, zone)
                    if kind == "VDA4905"
                    else despatch.read_note(head, transport, group, number, zone, partner)
                )
                self._give(found, self._key(transport, group))
            else:
                reason = f"record {shown(record.type)} stands outside {opener}"
                self._refuse(reason, record, (at + 1, at + 1), record.type)
            if self.cut.advance(end - at, sum(len(r.text) for r in body[at:end])):
                yield self.cut.take()
            at = end

    def _key(self, transport: Record | None, group: list[Record]) -> bytes:
        """The same for the same call-off or note told again."""
        lines = [record.text.rstrip() for record in ([transport] if transport else []) + group]
        content = "\n".join([self.sender, self.sent.kind, *lines])
        return blake2b(content.encode(errors="surrogatepass"), digest_size=16).digest()

    def _give(self, found: Iterator[Found | Fault], key: bytes) -> None:
        """Items count records of the file; identities must not, so that they say it again alike."""
        if key in self.context.known:
            self.context.count("messages again")
            return
        self.context.known.add(key)
        self.context.count("messages")
        first = self.sent.records[0].number
        for each in found:
            start, end = (number - first for number in each.segments)
            if isinstance(each, Fault):
                record = self.sent.records[each.segment - first]
                self._refuse(each.reason, record, (start, end), each.item)
                continue
            told = each.item.split(" ", 2)[2]
            self.cut.add(
                SourceRecord(
                    self._source, each.fields, key + told.encode(), each.item, each.kind,
                    each.at_us, self._raw(start, end)[:4096], self.hash,
                )
            )  # fmt: skip

    def _refuse(self, reason: str, record: Record, span: tuple[int, int], item: str) -> None:
        place = f"{item} (line {record.number}, byte {record.place})".strip()
        self.cut.refuse(self._source, reason, self._raw(*span), place, self.hash)

    def _raw(self, start: int, end: int) -> bytes:
        records = self.sent.records[start : min(end + 1, start + _RAW_MAX // 128)]
        return "\n".join(record.text for record in records)[:_RAW_MAX].encode(errors="replace")

    @property
    def _source(self) -> str:
        return f"edi/{self.sender}/{self.sent.kind or 'VDA'}"
