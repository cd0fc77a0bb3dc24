"""Small EDI messages, and what is in force after they were read: for tests of documents."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partner, Partners

STANDARD = Partner(name="any")
UNA = "UNA:+.? '"


def interchange_of(
    *messages: tuple[str, Sequence[str]], reference: str = "R1", sender: str = "A", head: str = UNA
) -> bytes:
    """Encode messages, each of its type ("DESADV", or "DELFOR:D:04A") and segments."""
    body: list[str] = []
    for number, (kind, segments) in enumerate(messages, 1):
        name = kind if ":" in kind else f"{kind}:D:96A"
        message = [f"UNH+{number}+{name}:UN", *segments]
        body += [*message, f"UNT+{len(message) + 1}+{number}"]
    parts = [f"UNB+UNOC:3+{sender}+B+260101:0101+{reference}", *body]
    parts.append(f"UNZ+{len(messages)}+{reference}")
    return (head + "".join(f"{part}'" for part in parts)).encode()


@dataclass
class DocumentStore:
    """Reads files one after the other, as the connector and the core do."""

    partner: Partner = STANDARD
    zone: str = "UTC"
    facts: dict[tuple[str, bytes], dict[str, Any]] = field(default_factory=dict)
    groups: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    conflicts: int = 0
    duplicates: int = 0
    ledger: dict[bytes, bytes] = field(default_factory=dict)

    def read(self, content: bytes) -> "DocumentStore":
        parser = EdiParser(
            Partners(partners=(self.partner,)), self.zone, get_state=self.ledger.get
        )  # the ledger is written once the chunks are on disk
        chunks = [*parser.parse_bytes(content, 0)]
        for chunk in chunks:
            self.reasons += [entry.reason for entry in chunk.rejects]
            self.items += [entry.item for entry in chunk.rejects]
            self.duplicates += chunk.duplicates
            for record in chunk.records:
                key = (record.kind, record.key)
                if record.deleted:
                    self.facts.pop(key, None)
                elif not record.can_revise and self.facts.get(key, record.fields) != record.fields:
                    self.conflicts += 1
                else:
                    self.facts[key], self.groups[key] = dict(record.fields), record.group
            for end in chunk.group_ends:
                keys = {(end.kind, key) for key in end.keys}
                for key in [*self.facts]:
                    if self.groups[key] == end.group and key not in keys:
                        del self.facts[key]
        self.ledger.update(pair for chunk in chunks for pair in chunk.state_updates)
        return self

    def message(self, kind: str, *segments: str, reference: str = "") -> "DocumentStore":
        """Read an interchange with one message."""
        reference = reference or f"R{len(self.ledger)}"
        return self.read(interchange_of((kind, segments), reference=reference))

    def values_of(self, *names: str) -> list[Any]:
        rows = [tuple(fact.get(name) for name in names) for fact in self.facts.values()]
        return rows if len(names) > 1 else [row[0] for row in rows]

    @property
    def quantities(self) -> list[float]:
        return [float(value) for value in self.values_of("quantity") if value is not None]
