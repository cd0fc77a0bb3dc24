"""Equipment paths after ISA-95: enterprise > plant > area > line > machine."""

import re
from dataclasses import dataclass
from typing import Final, Self

LEVELS: Final = ("enterprise", "plant", "area", "line", "machine")
_SEGMENT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, order=True)
class EquipmentPath:
    """A path such as `nordwerk/emden-1/body/line-2/press-3`."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a path; raise ValueError with the invalid segment and the allowed characters."""
        segments = tuple(text.split("/"))
        if len(segments) > len(LEVELS):
            raise ValueError(
                f"equipment path {text!r} has {len(segments)} levels, "
                f"but there are {len(LEVELS)}: {' > '.join(LEVELS)}"
            )
        for segment in segments:
            if not _SEGMENT.fullmatch(segment):
                raise ValueError(
                    f"equipment path {text!r}: segment {segment!r} must be lower case letters, "
                    "digits, '-' or '_', 1 to 63 of them"
                )
        return cls(segments)

    def __str__(self) -> str:
        return "/".join(self.segments)

    @property
    def level(self) -> str:
        return LEVELS[len(self.segments) - 1]

    @property
    def name(self) -> str:
        return self.segments[-1]

    @property
    def parent(self) -> "EquipmentPath | None":
        return EquipmentPath(self.segments[:-1]) if len(self.segments) > 1 else None

    @property
    def plant(self) -> "EquipmentPath | None":
        return EquipmentPath(self.segments[:2]) if len(self.segments) > 1 else None

    def ancestors(self) -> tuple["EquipmentPath", ...]:
        """Return the paths from the enterprise down to this one, which is included."""
        return tuple(EquipmentPath(self.segments[:n]) for n in range(1, len(self.segments) + 1))
