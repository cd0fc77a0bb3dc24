"""A line of a message with what was read of it, and access to components. Pure."""

from dataclasses import dataclass, field

from werknetz_edge.edi.edifact.syntax import Segment
from werknetz_edge.edi.facts import FactFields

NOTES_MAX = 20  # texts of a line
_CODES_SHOWN = 8


@dataclass(slots=True)
class MessageLine:
    """LIN with its segments, up to the next LIN."""

    number: int
    first: int
    fields: FactFields = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    bare_item: str = ""  # an item number without a qualifier
    unknown_items: dict[str, str] = field(default_factory=dict)  # item number by qualifier
    quantities: dict[str, float] = field(default_factory=dict)  # by meaning
    exact: dict[str, str] = field(default_factory=dict)  # decimal text of inexact quantities
    read: set[str] = field(default_factory=set)  # codes of quantities
    unread: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Codes of quantities that no table has: segment, and the quantity as written."""
    serial_numbers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_deleted: bool = False
    fault: tuple[str, str, int] | None = None  # tag, reason, segment: the first

    @property
    def key(self) -> str:
        """Return the number of the line in its document; without one, its item numbers."""
        number = self.fields.get("line")
        if number:
            return str(number)
        fields = self.fields
        names = (fields.get("material"), fields.get("supplier_material"), fields.get("ean"))
        return f"item\0{names[0] or ''}\0{names[1] or ''}\0{names[2] or ''}"


def component(segment: Segment, element: int, part: int) -> str:
    """Return a component, stripped; empty where it is missing."""
    try:
        return segment[element][part].strip()
    except IndexError:
        return ""


def missing_quantity_text(line: MessageLine, meaning: str, codes: str) -> str:
    others = sorted(code for code in line.unread if code)[:_CODES_SHOWN]
    if others:
        return (
            f"no {meaning} quantity ({codes}); it has QTY+{', QTY+'.join(others)}: set their "
            "meaning under `qualifiers.quantities` of the partner's profile"
        )
    return f"no {meaning} quantity ({codes})"


def missing_item_text(line: MessageLine) -> str:
    """Name the qualifiers of item numbers that no table has, and the remedy."""
    if not line.unknown_items:
        return "the line has no item number in LIN or PIA"
    shown = [f"{number!r} with qualifier {code!r}" for code, number in line.unknown_items.items()]
    return (
        f"the line has only item numbers of unknown qualifiers ({', '.join(shown[:_CODES_SHOWN])}):"
        " set them under `qualifiers.items` of the partner's profile"
    )
