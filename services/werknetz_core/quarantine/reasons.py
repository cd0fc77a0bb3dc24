"""What quarantined entries have in common: one group for each repair."""

import re
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from werknetz.store.tables import quarantine
from werknetz.texts.sentence import Sentence

Repair = Literal["map_state", "map_value", "add_rule", "set_rule", "none"]
"""The change of the mapping that accepts such entries; none: the input itself is wrong."""

VALUES: Final = "'[^']*'|\"[^\"]*\"|[0-9]+"
# A code that is missing in a table: each code is a repair of its own, so it stays in the reason.
CODED: Final = r"^state code .* is not in table |: .* is not in its table of values"
REASON_MAX: Final = 500
_QUOTED: Final = r"(?:'(?P<{0}>[^']*)'|\"(?P<{0}_2>[^\"]*)\")"
_STATE: Final = re.compile(
    rf"state code {_QUOTED.format('code')} is not in table {_QUOTED.format('table')}"
)
_VALUE: Final = re.compile(
    rf"(?P<field>\w+): {_QUOTED.format('code')} is not in its table of values"
)
_NUMBER: Final = re.compile(rf"{_QUOTED.format('value')} is not a number")
_SENTENCES: Final[tuple[tuple[str, Sentence, Repair], ...]] = (
    ("no rule of mapping ", Sentence("quarantine.no_rule"), "add_rule"),
    ("no event rule of mapping ", Sentence("quarantine.no_event_rule"), "none"),
    ("the value is ", Sentence("quarantine.not_finite"), "none"),
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
        if match := _STATE.search(reason):
            code, table = _quoted_text(match, "code"), _quoted_text(match, "table")
            return cls(Sentence("quarantine.state_code", code=code, table=table), "map_state")
        if match := _VALUE.search(reason):
            code, name = _quoted_text(match, "code"), match["field"]
            return cls(Sentence("quarantine.value_code", code=code, field=name), "map_value")
        for start, sentence, repair in _SENTENCES:
            if reason.startswith(start):
                return cls(sentence, repair)
        if match := _NUMBER.search(reason):
            repairable: Repair = "set_rule" if "`decimal: comma`" in reason else "none"
            value = _quoted_text(match, "value")
            return cls(Sentence("quarantine.not_a_number", value=value), repairable)
        return cls(Sentence("quarantine.other", reason=reason), "none")


def group_reason() -> sa.ColumnElement[str]:
    """Return the reason without variable values; the code that a table lacks stays in it."""
    reason = sa.func.left(quarantine.c.reason, REASON_MAX)
    return sa.case(
        (reason.regexp_match(CODED), reason),
        else_=sa.func.regexp_replace(reason, VALUES, "…", "g"),
    )


def is_unmapped_tag() -> sa.ColumnElement[bool]:
    """Return the condition that an entry is a tag that no rule of the mapping matches."""
    return quarantine.c.reason.startswith("no rule of mapping ")


def _quoted_text(match: re.Match[str], name: str) -> str:
    return match[name] if match[name] is not None else match[f"{name}_2"] or ""
