"""Layouts of segments in flat IDocs: from the configuration, or SAP's parser file (WE60)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SegmentLayout = tuple[tuple[str, int, int], ...]
"""Name, start and end of each field in the data of a segment."""

HEADER: Final = 63  # characters of a data record before the data
_VERSION: Final = re.compile(r"^([EZ])2(.*?)(\d{3})?$", re.DOTALL)


class InvalidLayout(ValueError):
    """The parser file cannot be read; the text names the remedy."""


@dataclass(frozen=True, slots=True)
class SegmentLayouts:
    """Layouts by the name in the file, and by the name in the tree."""

    layouts: Mapping[str, SegmentLayout]
    names: Mapping[str, str]  # E2EDL20004 → E1EDL20

    def name_of(self, name: str) -> str:
        """Return the segment type of a name in the file: E2EDL20004 is E1EDL20."""
        if name in self.names:
            return self.names[name]
        match = _VERSION.match(name)
        return name if match is None else f"{match[1]}1{match[2]}"

    def find(self, name: str) -> SegmentLayout | None:
        layout = self.layouts.get(name)
        return self.layouts.get(self.name_of(name)) if layout is None else layout


def layouts_of(
    configured: Mapping[str, Mapping[str, int]], definitions: Path | None
) -> SegmentLayouts:
    """Build the layouts; the configuration takes precedence. Raises InvalidLayout."""
    layouts: dict[str, SegmentLayout] = {}
    names: dict[str, str] = {}
    if definitions is not None:
        try:
            text = definitions.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InvalidLayout(f"`definitions`: {error}") from error
        layouts, names = _parse(text)
        if not layouts:
            raise InvalidLayout(
                f"`definitions`: {definitions} has no BEGIN_SEGMENT: export it in WE60, menu "
                "Documentation, Parser"
            )
    for name, fields in configured.items():
        position, layout = 0, []
        for field, length in fields.items():
            layout.append((field, position, position + length))
            position += length
        layouts[name] = (*layout,)
    return SegmentLayouts(layouts, names)


def _parse(text: str) -> tuple[dict[str, SegmentLayout], dict[str, str]]:
    layouts: dict[str, SegmentLayout] = {}
    names: dict[str, str] = {}
    segment, field = "", ""
    fields: list[tuple[str, int, int]] = []
    first = -1
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        value = rest.strip()
        match word:
            case "BEGIN_SEGMENT":
                segment, fields = value, []
            case "SEGMENTTYPE" if segment:
                names[segment] = value
            case "NAME" if segment:
                field = value
            case "CHARACTER_FIRST" | "BYTE_FIRST" if segment and value.isdigit():
                first = int(value) - 1 - HEADER
            case "CHARACTER_LAST" | "BYTE_LAST" if segment and field and value.isdigit():
                fields.append((field, first, int(value) - HEADER))
                field = ""
            case "END_SEGMENT" if segment:
                layouts[segment] = (*fields,)
                layouts.setdefault(names.get(segment, segment), (*fields,))
                segment = ""
    return layouts, names
