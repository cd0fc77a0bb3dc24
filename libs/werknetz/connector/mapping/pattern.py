"""Patterns of addresses with named segments: `werk/{halle}/{maschine}/zyklus#gut`.

A segment ends at the next literal character, and never contains `/` or `#`. A brace of the
address itself is doubled: `{{` and `}}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from werknetz.connector.mapping.names import ToName, to_slug

_TOKEN: Final = re.compile(r"(\{\{|\}\})|\{([^{}]*)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    names: tuple[str, ...]
    regex: re.Pattern[str]
    literal: str  # the address, where it has no segments

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a pattern; raise ValueError with the problem and the remedy."""
        names: list[str] = []
        regex, literal, end = "", "", 0
        for match in _TOKEN.finditer(text):
            before = text[end : match.start()]
            regex, literal, end = regex + re.escape(before), literal + before, match.end()
            if match[1] is not None:
                regex, literal = regex + re.escape(match[1][0]), literal + match[1][0]
                continue
            name = match[2]
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"segment {{{name}}} in {text!r}: name it with a-z, 0-9 and _, such as "
                    "{line}; a brace of the address is doubled: {{ and }}"
                )
            following = text[end : end + 1]
            if following == "{" and text[end : end + 2] != "{{":
                raise ValueError(f"{text!r}: put a literal character between two segments")
            excluded = re.escape("/#" + following)
            regex += f"(?P={name})" if name in names else f"(?P<{name}>[^{excluded}]+)"
            names.append(name)
        regex, literal = regex + re.escape(text[end:]), literal + text[end:]
        return cls(text, tuple(dict.fromkeys(names)), re.compile(regex, re.DOTALL), literal)

    def match(self, address: str) -> dict[str, str] | None:
        match = self.regex.fullmatch(address)
        return None if match is None else match.groupdict()

    def fill(self, template: str, segments: Mapping[str, str], to_name: ToName = to_slug) -> str:
        """Insert segments into a template; raise ValueError where the source does not have one."""

        def replace(match: re.Match[str]) -> str:
            if match[1] is not None:
                return match[1][0]
            if match[2] not in segments:
                available = ", ".join(f"{{{segment}}}" for segment in self.names) or "none"
                raise ValueError(
                    f"{template!r} uses segment {{{match[2]}}}, which is not in the source; "
                    f"the source has {available}"
                )
            return to_name(segments[match[2]])

        return _TOKEN.sub(replace, template)


def escape_address(address: str) -> str:
    """Return the pattern that matches exactly this address: `{x}` → `{{x}}`."""
    return address.replace("{", "{{").replace("}", "}}")
