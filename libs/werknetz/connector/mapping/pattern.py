"""Patterns of addresses with named segments: `werk/{halle}/{maschine}/zyklus#gut`.

A segment ends at the next literal character, and never contains `/` or `#`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

_SEGMENT: Final = re.compile(r"\{([^{}]*)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    names: tuple[str, ...]
    regex: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a pattern; raise ValueError with the problem and the remedy."""
        names: list[str] = []
        regex, end = "", 0
        for match in _SEGMENT.finditer(text):
            name = match.group(1)
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"segment {{{name}}} in {text!r}: name it with a-z, 0-9 and _, such as {{line}}"
                )
            regex += re.escape(text[end : match.start()])
            end = match.end()
            if text[end : end + 1] == "{":
                raise ValueError(f"{text!r}: put a literal character between two segments")
            excluded = re.escape("/#" + text[end : end + 1])
            regex += f"(?P={name})" if name in names else f"(?P<{name}>[^{excluded}]+)"
            names.append(name)
        regex += re.escape(text[end:])
        return cls(text, tuple(dict.fromkeys(names)), re.compile(regex, re.DOTALL))

    def match(self, address: str) -> dict[str, str] | None:
        match = self.regex.fullmatch(address)
        return None if match is None else match.groupdict()

    def fill(self, template: str, segments: Mapping[str, str]) -> str:
        """Insert segments into a template; raise ValueError where the source does not have one."""
        for name in _SEGMENT.findall(template):
            if name not in segments:
                available = ", ".join(f"{{{segment}}}" for segment in self.names) or "none"
                raise ValueError(
                    f"{template!r} uses segment {{{name}}}, which is not in the source; "
                    f"the source has {available}"
                )
        return _SEGMENT.sub(lambda match: to_slug(segments[match.group(1)]), template)


def to_slug(text: str) -> str:
    """Return a text as a segment of an equipment path: `Presse 3` → `presse-3`."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower().translate(_UMLAUTS))
    return plain.strip("-_")[:63] or "x"


def signal_name_of(address: str) -> str:
    """Return a signal name from an address: its last part, without namespace and folders."""
    last = re.split(r"[/#]|[;][isgb]=", address)[-1]
    plain = re.sub(r"[^a-z0-9_.]+", "_", last.lower().translate(_UMLAUTS)).strip("_.")
    return plain[:200] or "value"
