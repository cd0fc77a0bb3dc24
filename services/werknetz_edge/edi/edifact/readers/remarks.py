"""The remarks of one message: each code once, with its first position and its count."""

from dataclasses import dataclass, field, replace
from typing import Final

from werknetz_edge.edi.facts import EdiRemark

CODES_MAX: Final = 100


@dataclass(slots=True)
class MessageRemarks:
    _by_code: dict[str, EdiRemark] = field(default_factory=dict)

    def add(self, code: str, item: str, reason: str, at: int) -> None:
        if code not in self._by_code and len(self._by_code) >= CODES_MAX:
            code = item = "(others)"
            reason = f"more codes without a meaning than {CODES_MAX}"
        before = self._by_code.get(code)
        if before is None:
            self._by_code[code] = EdiRemark(item, reason, at)
        else:
            self._by_code[code] = replace(before, count=before.count + 1)

    def list(self) -> list[EdiRemark]:
        return sorted(self._by_code.values(), key=lambda remark: remark.segment)
