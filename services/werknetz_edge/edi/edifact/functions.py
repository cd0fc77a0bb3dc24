"""The function of a document (BGM 1225), and what identifies it. Pure functions.

original: new; again with other content it is a conflict. duplicate: the same content once more.
replace: all lines; those that it lacks are withdrawn. change: its lines replace their former ones.
addition: only new lines. deletion: its lines are withdrawn, without lines the document.
cancellation: the document is withdrawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from werknetz_edge.edi.edifact.message import RawMessage
from werknetz_edge.edi.edifact.readers.line import component
from werknetz_edge.edi.edifact.syntax import Syntax
from werknetz_edge.edi.profile import DocumentFunction, Partner
from werknetz_edge.edi.values import InvalidEdi, quote

FUNCTIONS: Final[Mapping[str, DocumentFunction]] = {
    "1": "cancellation", "2": "addition", "3": "deletion", "4": "change", "5": "replace",
    "7": "duplicate", "9": "original", "17": "cancellation", "31": "duplicate",
    "35": "duplicate",
}  # fmt: skip
_NAMES: Final = {
    "6": "confirmation", "8": "status", "10": "not found", "11": "response",
    "12": "not processed", "13": "request", "14": "advance notification", "15": "reminder",
    "16": "proposal", "18": "reissue", "20": "replacement of the heading",
    "21": "replacement of lines and summary", "22": "final transmission", "24": "delivery",
    "27": "not accepted", "29": "accepted", "33": "change in the heading",
    "34": "accepted with amendment", "36": "change in the detail section", "42": "confirmation",
    "43": "additional transmission", "46": "provisional", "47": "definitive",
}  # fmt: skip
_CODE_LENGTH: Final = 3
"""1225 is an..3: a longer text is something else in its place, which the reader remarks."""

_FORMER: Final = "ACW"
"""RFF of the document that this one replaces or cancels. AIF only names the call-off before."""

_HEAD_ENDS: Final = frozenset({"LIN", "CPS", "UNS", "SEQ", "GIS"})


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """What identifies a document, and what it does to a former one."""

    number: str = ""
    function: DocumentFunction | None = None  # none: the sender does not use functions
    former: str = ""  # number of the document that it replaces or cancels, where another
    has_lines: bool = False


def head_of(message: RawMessage, syntax: Syntax, partner: Partner) -> DocumentHead:
    """Read the document's number and function; raise InvalidEdi for an unknown function."""
    number = code = former = ""
    is_head, has_lines, has_bgm = True, False, False
    for raw in message.segments:
        tag = raw[:3]
        if tag in _HEAD_ENDS:
            is_head = False
            has_lines = has_lines or tag == "LIN"
            if has_lines:
                break
        if not is_head or tag not in {"BGM", "RFF"}:
            continue
        segment = syntax.split(raw)
        if tag == "BGM" and not has_bgm:
            has_bgm = True
            number, code = component(segment, 2, 0), component(segment, 3, 0)
        elif tag == "RFF" and component(segment, 1, 0) == _FORMER:
            former = component(segment, 1, 1)
    return DocumentHead(
        number, function_of(code, partner), former if former != number else "", has_lines
    )


def function_of(code: str, partner: Partner) -> DocumentFunction | None:
    """Return the meaning of BGM 1225; raise InvalidEdi with the remedy for an unknown code."""
    if not code or len(code) > _CODE_LENGTH:
        return None
    meaning = partner.qualifiers.functions.get(code) or FUNCTIONS.get(code)
    if meaning is None:
        name = f" ({_NAMES[code]})" if code in _NAMES else ""
        raise InvalidEdi(
            f"BGM: function {quote(code)}{name} is not read by default: set its meaning under "
            "`qualifiers.functions` of the partner's profile (original, duplicate, replace, "
            "change, addition, deletion, cancellation)"
        )
    return meaning
