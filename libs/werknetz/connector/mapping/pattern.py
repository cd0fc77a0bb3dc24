"""Addresses with named segments: `werk/{halle}/{maschine}/zyklus#gut`.

A segment reaches to the next literal sign, never over a `/` or a `#`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

_SEGMENT: Final = re.compile(r"\{([^{}]*)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_SIGNS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    names: tuple[str, ...]
    regex: re.Pattern[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; raise ValueError that says what is wrong and the remedy."""
        names: list[str] = []
        regex, end = "", 0
        for found in _SEGMENT.finditer(text):
            name = found.group(1)
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"segment {{{name}}} in {text!r}: name it with a-z, 0-9 and _, such as {{line}}"
                )
            regex += re.escape(text[end : found.start()])
            end = found.end()
            if text[end : end + 1] == "{":
                raise ValueError(f"{text!r}: put a literal sign between two segments")
            barred = re.escape("/#" + text[end : end + 1])
            regex += f"(?P={name})" if name in names else f"(?P<{name}>[^{barred}]+)"
            names.append(name)
        regex += re.escape(text[end:])
        return cls(text, tuple(dict.fromkeys(names)), re.compile(regex, re.DOTALL))

    def match(self, address: str) -> dict[str, str] | None:
        found = self.regex.fullmatch(address)
        return None if found is None else found.groupdict()

    def fill(self, template: str, segments: Mapping[str, str]) -> str:
        """Put segments into a template; raise ValueError for one that the source has not."""
        for name in _SEGMENT.findall(template):
            if name not in segments:
                there = ", ".join(f"{{{known}}}" for known in self.names) or "none"
                raise ValueError(
                    f"{template!r} names segment {{{name}}}, which the source has not; "
                    f"the source has {there}"
                )
        return _SEGMENT.sub(lambda found: to_slug(segments[found.group(1)]), template)


def to_slug(text: str) -> str:
    """Make a segment of an equipment path of it: `Presse 3` → `presse-3`."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower().translate(_SIGNS))
    return plain.strip("-_")[:63] or "x"


def signal_name_of(address: str) -> str:
    """Name a signal after its address: what stands last, without namespace and folders."""
    last = re.split(r"[/#]|[;][isgb]=", address)[-1]
    plain = re.sub(r"[^a-z0-9_.]+", "_", last.lower().translate(_SIGNS)).strip("_.")
    return plain[:200] or "value"
