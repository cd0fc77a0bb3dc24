"""What reading a file needs to know beside its bytes, and what it tells beside its facts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from werknetz_edge.edi.edifact.codes import Codes, codes_for
from werknetz_edge.edi.profile import STANDARD, Partner, Partners
from werknetz_edge.edi.values import Wrong, shown


@dataclass(slots=True)
class Context:
    """Of one file."""

    partners: Partners
    zone: str
    seen: Callable[[bytes], bytes | None] = lambda _key: None  # the ledger
    count: Callable[[str], None] = lambda _what: None
    remark: Callable[[str], None] = lambda _text: None
    unknown_partners: bool = True
    known: set[bytes] = field(default_factory=set)  # messages of this file, by content
    _codes: dict[tuple[int, str], Codes] = field(default_factory=dict)

    def partner(self, sender: str, receiver: str) -> Partner:
        """Raise Wrong where there is no profile and there should be one."""
        found = self.partners.of(sender, receiver)
        if found is None and not self.unknown_partners:
            raise Wrong(f"sender {shown(sender)} has no profile: add one under `partners`")
        return found or STANDARD

    def codes(self, message: str, partner: Partner) -> Codes:
        key = (id(partner), message)
        if key not in self._codes:
            self._codes[key] = codes_for(message, partner)
        return self._codes[key]

    def zone_of(self, partner: Partner) -> str:
        return partner.zone or self.zone
