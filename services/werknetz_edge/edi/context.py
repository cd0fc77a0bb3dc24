"""The context of reading a file: partners, code tables, ledger, counters and notes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from werknetz_edge.edi.document_log import DocumentLog
from werknetz_edge.edi.edifact.codes import Codes, codes_for
from werknetz_edge.edi.profile import STANDARD, Partner, Partners
from werknetz_edge.edi.values import InvalidEdi, quote

ReferenceUse = Literal["new", "same", "former", "other"]
_MARK: Final = b"2"


@dataclass(slots=True)
class EdiContext:
    """The context of one file."""

    partners: Partners
    zone: str
    get_state: Callable[[bytes], bytes | None] = lambda _key: None  # the ledger
    count: Callable[[str], None] = lambda _name: None
    note: Callable[[str], None] = lambda _text: None
    unknown_partners: bool = True
    documents: DocumentLog = field(init=False)
    _read_messages: dict[bytes, set[str]] = field(default_factory=dict)
    """Functions of this file's messages by content."""
    _codes: dict[tuple[int, str], Codes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.documents = DocumentLog(self.get_state)

    def is_repeated(self, content: bytes, function: str | None) -> bool:
        """Whether this file has the message already: with this function, or as a duplicate."""
        functions = self._read_messages.setdefault(content, set())
        name = function or "original"
        if name in functions or (functions and name == "duplicate"):
            return True
        functions.add(name)
        return False

    def find_use(self, reference: bytes, digest: bytes) -> tuple[ReferenceUse, bytes]:
        """Return how a control reference was used before, and the value to store for it.

        former: with this content, by version 0.1, whose values lack the mark.
        """
        value = digest + _MARK
        stored = self.get_state(reference)
        if stored is None:
            return "new", value
        if stored[: len(digest)] != digest:
            return "other", value
        return ("former" if stored == digest else "same"), value

    def partner_of(self, sender: str, receiver: str) -> Partner:
        """Return the sender's profile; raise InvalidEdi where a required profile is missing."""
        partner = self.partners.find(sender, receiver)
        if partner is None and not self.unknown_partners:
            raise InvalidEdi(f"sender {quote(sender)} has no profile: add one under `partners`")
        return partner or STANDARD

    def codes_of(self, message: str, partner: Partner) -> Codes:
        key = (id(partner), message)
        if key not in self._codes:
            self._codes[key] = codes_for(message, partner)
        return self._codes[key]

    def zone_of(self, partner: Partner) -> str:
        return partner.zone or self.zone
