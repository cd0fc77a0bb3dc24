"""What reading a file needs to know beside its bytes, and what it tells beside its facts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from werknetz_edge.edi.edifact.codes import Codes, codes_for
from werknetz_edge.edi.profile import STANDARD, Partner, Partners


@dataclass(slots=True)
class Context:
    """Of one file."""

    partners: Partners
    zone: str
    seen: Callable[[bytes], bytes | None] = lambda _key: None  # the ledger
    count: Callable[[str], None] = lambda _what: None
    remark: Callable[[str], None] = lambda _text: None
    known: set[bytes] = field(default_factory=set)  # messages of this file, by content
    _codes: dict[tuple[int, str], Codes] = field(default_factory=dict)

    def partner(self, sender: str, receiver: str) -> Partner:
        return self.partners.of(sender, receiver) or STANDARD

    def codes(self, message: str, partner: Partner) -> Codes:
        key = (id(partner), message)
        if key not in self._codes:
            self._codes[key] = codes_for(message, partner)
        return self._codes[key]

    def zone_of(self, partner: Partner) -> str:
        return partner.zone or self.zone


def partners_of(partners: Sequence[Partner]) -> Partners:
    return Partners(partners=tuple(partners))
