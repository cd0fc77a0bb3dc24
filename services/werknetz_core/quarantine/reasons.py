"""What quarantined entries have in common: one group for each repair."""

import re
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from werknetz.connector.quarantine import (
    IS_DECIMAL_COMMA,
    NO_EVENT_RULE,
    NO_RULE,
    NOT_A_NUMBER,
    NOT_FINITE,
    TEXT_SHOWN_MAX,
    UNKNOWN_STATE,
    UNKNOWN_VALUE,
    VALUES,
)
from werknetz.store.tables import quarantine
from werknetz.texts.recognition import recognize
from werknetz.texts.sentence import Sentence

Repair = Literal["map_state", "map_value", "add_rule", "set_rule", "none"]
"""The change of the mapping that accepts such entries; none: the input itself is wrong."""

REASON_MAX: Final = 500
_QUOTED: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""  # as Python writes a text
_ESCAPED: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SIGNS: Final = {"n": "\n", "r": "\r", "t": "\t"}


def _regex_of(template: str) -> str:
    """Return the regular expression of a reason, with a group for each of its values."""
    return template.replace("{!r}", f"({_QUOTED})").replace("{}", r"(\w+)")


# A code that is missing in a table: each code is a repair of its own, so it stays in the reason.
CODED: Final = "|".join(
    (
        "^" + UNKNOWN_STATE.replace("{!r}", ".*"),
        UNKNOWN_VALUE.removeprefix("{}").replace("{!r}", ".*"),
    )
)
_STATE: Final = re.compile(_regex_of(UNKNOWN_STATE))
_VALUE: Final = re.compile(_regex_of(UNKNOWN_VALUE))
_NUMBER: Final = re.compile(_regex_of(NOT_A_NUMBER))
_UNMAPPED_TAG: Final = NO_RULE.partition("{}")[0]
_SENTENCES: Final[tuple[tuple[str, Sentence, Repair], ...]] = (
    (_UNMAPPED_TAG, Sentence("quarantine.no_rule"), "add_rule"),
    (NO_EVENT_RULE.partition("{}")[0], Sentence("quarantine.no_event_rule"), "none"),
    (NOT_FINITE, Sentence("quarantine.not_finite"), "none"),
)
"""Reasons by the words that they begin with."""


@dataclass(frozen=True, slots=True)
class GroupReason:
    """The reason of a group as a sentence, and the change that repairs it."""

    text: Sentence
    repair: Repair

    @classmethod
    def of(cls, reason: str) -> "GroupReason":
        """`reason`: of one entry of the group."""
        if match := _STATE.match(reason):
            code, table = _unquote(match[1]), _unquote(match[2])
            return cls(Sentence("quarantine.state_code", code=code, table=table), "map_state")
        if match := _VALUE.search(reason):
            code, repair = _unquote(match[2]), _repair_of_value(match[2])
            return cls(Sentence("quarantine.value_code", code=code, field=match[1]), repair)
        for start, sentence, repair in _SENTENCES:
            if reason.startswith(start):
                return cls(sentence, repair)
        if match := _NUMBER.search(reason):
            repair = "set_rule" if IS_DECIMAL_COMMA in reason else "none"
            return cls(Sentence("quarantine.not_a_number", value=_unquote(match[1])), repair)
        text = recognize(reason)
        if not isinstance(text, Sentence):
            text = Sentence("quarantine.other", reason=reason)
        return cls(text, "none")


def group_reason() -> sa.ColumnElement[str]:
    """Return the reason without variable values; the code that a table lacks stays in it."""
    reason = sa.func.left(quarantine.c.reason, REASON_MAX)
    return sa.case(
        (reason.regexp_match(CODED), reason),
        else_=sa.func.regexp_replace(reason, VALUES, "…", "g"),
    )


def is_unmapped_tag() -> sa.ColumnElement[bool]:
    """Return the condition that an entry is a tag that no rule of the mapping matches."""
    return quarantine.c.reason.startswith(_UNMAPPED_TAG)


def _repair_of_value(quoted: str) -> Repair:
    """Return no repair for a value that may be longer than the reason shows."""
    return "map_value" if len(_unquote(quoted)) < TEXT_SHOWN_MAX else "none"


def _unquote(quoted: str) -> str:
    return _ESCAPED.sub(_character_of, quoted[1:-1])


def _character_of(match: re.Match[str]) -> str:
    number = next((int(digits, 16) for digits in match.groups()[:3] if digits), None)
    if number is None:
        return _SIGNS.get(match[4], match[4])
    is_character = number < 0xD800 or 0xDFFF < number <= 0x10FFFF
    return chr(number) if is_character else match[0]
