"""The policy of a supplier: what counts as on time and in full. Shown beside every value.

A policy is a validated document; an error names the field and what to write instead.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.texts.sentence import Sentence

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKWEEK: Final = frozenset({0, 1, 2, 3, 4})
_ALLOWANCE: Final = re.compile(r"(\d{1,4})\s*(h|d|bd)")
_UNIT_NAMES: Final = {"h": "hours", "d": "days", "bd": "business days"}
_LONGEST_D: Final = 366
_DEMAND: Final = "; what was demanded before a line is taken from "
_Choice = TypeVar("_Choice", bound=StrEnum)


class PolicyRejected(ValueError):
    """An invalid policy; the message names the field and what to write instead."""

    def __init__(self, sentence: Sentence, field_name: str) -> None:
        super().__init__(sentence)
        self.field_name = field_name


class Reference(StrEnum):
    """The date that a delivery is compared with."""

    REQUESTED = "requested_delivery"  # the call-off's due date
    CONFIRMED = "confirmed"  # the arrival that the supplier announced before it was due


class PolicyLevel(StrEnum):
    """What is judged: each line, or an order with all its lines."""

    LINE = "line"
    ORDER = "order"


class DemandRule(StrEnum):
    """How the quantity demanded before an entry is determined."""

    ENTRIES = "entries"  # the sum of the measured entries before it
    LATEST = "latest"  # the last call-offs of the days before, frozen or not
    CUMULATIVE = "cumulative"  # the cumulative quantity stated in the entry, if there is one


_BEFORE: Final = {
    DemandRule.ENTRIES: "",
    DemandRule.LATEST: f"{_DEMAND}the last call-offs",
    DemandRule.CUMULATIVE: f"{_DEMAND}the cumulative quantities",
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much earlier or later is still on time: 4h, 1d, 2bd."""

    amount: int = 0
    unit: str = "h"

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def text(self) -> str:
        name = _UNIT_NAMES[self.unit]
        return f"{self.amount} {name.removesuffix('s') if self.amount == 1 else name}"


@dataclass(frozen=True, slots=True)
class Policy:
    version: int = 0  # 0: built in
    reference: Reference = Reference.REQUESTED
    early: Allowance = Allowance(1, "d")
    late: Allowance = Allowance()
    tolerance: float = 0.0  # share of a quantity that may be missing
    over_tolerance: float = 0.0  # share of the demand that may be delivered beyond it
    level: PolicyLevel = PolicyLevel.LINE
    frozen_days: float = 3.0
    demand: DemandRule = DemandRule.ENTRIES
    business_days: frozenset[int] = WORKWEEK
    holidays: frozenset[date] = frozenset()
    asn_expected: bool = True  # each receipt must have been announced

    @classmethod
    def parse(cls, document: Mapping[str, Any], version: int = 0) -> Self:
        """Parse a document; raise PolicyRejected with the field and the remedy."""
        names = {field.name for field in fields(cls)} - {"version"}
        if unknown := sorted(set(document) - names):
            raise PolicyRejected(
                Sentence("policies.unknown_field", unknown=unknown[0], names=sorted(names)),
                unknown[0],
            )
        built_in = cls()

        def value_of(name: str) -> Any:
            return document.get(name, getattr(built_in, name))

        asn_expected = value_of("asn_expected")
        if not isinstance(asn_expected, bool):
            raise PolicyRejected(
                Sentence("policies.asn_expected", asn_expected=asn_expected), "asn_expected"
            )
        return cls(
            version,
            _choice(value_of("reference"), "reference", Reference),
            _allowance(value_of("early"), "early"),
            _allowance(value_of("late"), "late"),
            _number(value_of("tolerance"), "tolerance", 0.99),
            _number(value_of("over_tolerance"), "over_tolerance", 10.0),
            _choice(value_of("level"), "level", PolicyLevel),
            _number(value_of("frozen_days"), "frozen_days", _LONGEST_D),
            _choice(value_of("demand"), "demand", DemandRule),
            _business_days(document.get("business_days", DAYS[:5])),
            _holidays(document.get("holidays", [])),
            asn_expected,
        )

    def to_document(self) -> dict[str, Any]:
        """Return the document that `parse` reads."""
        return {
            "reference": self.reference.value,
            "early": str(self.early),
            "late": str(self.late),
            "tolerance": self.tolerance,
            "over_tolerance": self.over_tolerance,
            "level": self.level.value,
            "frozen_days": self.frozen_days,
            "demand": self.demand.value,
            "business_days": [DAYS[day] for day in sorted(self.business_days)],
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
            "asn_expected": self.asn_expected,
        }

    @property
    def text(self) -> str:
        """Return the policy as one sentence, shown beside values."""
        until = f"{self.late.text} after its end" if self.late.amount else "its end"
        since = f"{self.early.text} before" if self.early.amount else "the start of"
        named = "announced arrival" if self.reference is Reference.CONFIRMED else "requested date"
        missing = f", {self.tolerance:.4g} of it may miss" if self.tolerance else ""
        what = "every line of an order" if self.level is PolicyLevel.ORDER else "each line"
        demand = _BEFORE[self.demand]
        return (
            f"{what}: the whole quantity{missing}, from {since} the {named} until {until}; "
            f"measured is what was called off {self.frozen_days:g} days before it was due{demand}"
        )

    @property
    def frozen_us(self) -> int:
        return round(self.frozen_days * 86_400_000_000)

    def window(self, from_us: int, until_us: int, zone: ZoneInfo) -> tuple[int, int]:
        """Return the span in which a delivery is on time, half-open.

        A due day ends with its midnight, which belongs to the next; a due instant itself is in.
        """
        # The last instant that is due, so that a whole day later is the end of the next day.
        last_us = max(until_us - 1, from_us)
        return (
            self._shift(from_us, self.early, -1, zone),
            self._shift(last_us, self.late, 1, zone) + 1,
        )

    def _shift(self, at_us: int, by: Allowance, sign: int, zone: ZoneInfo) -> int:
        if by.unit == "h" or not by.amount:
            return at_us + sign * by.amount * 3_600_000_000
        try:
            local = instant_of(at_us).astimezone(zone)
            day, left = local.date(), by.amount
            while left:
                day += timedelta(days=sign)
                left -= by.unit == "d" or self._is_business(day)
            moved = datetime.combine(day, local.time(), zone)
            return microseconds_of(moved.astimezone(UTC))
        except OverflowError:  # 9999-12-31, as some write "open": no day is after it
            return at_us

    def _is_business(self, day: date) -> bool:
        return day.weekday() in self.business_days and day not in self.holidays


BUILT_IN: Final = Policy()


def _choice(value: object, where: str, kind: type[_Choice]) -> _Choice:
    try:
        return kind(str(value))
    except ValueError as error:
        raise PolicyRejected(
            Sentence("policies.choice", where=where, value=value, choices=[*kind]), where
        ) from error


def _number(value: object, where: str, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= float(str(value)) <= most:
        return float(str(value))
    raise PolicyRejected(Sentence("policies.number", where=where, value=value, most=most), where)


def _allowance(value: object, where: str) -> Allowance:
    match = _ALLOWANCE.fullmatch(str(value))
    if match is None or int(match[1]) > _LONGEST_D * (24 if match[2] == "h" else 1):
        raise PolicyRejected(Sentence("policies.allowance", where=where, value=value), where)
    return Allowance(int(match[1]), match[2])


def _list(value: object, where: str) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise PolicyRejected(Sentence("policies.list", where=where, value=value), where)


def _business_days(value: object) -> frozenset[int]:
    names = [str(name) for name in _list(value, "business_days")]
    if not names or not set(names) <= set(DAYS):
        raise PolicyRejected(
            Sentence("policies.business_days", value=value, days=[*DAYS]), "business_days"
        )
    return frozenset(DAYS.index(name) for name in names)


def _holidays(value: object) -> frozenset[date]:
    dates = set()
    for text in _list(value, "holidays"):
        try:
            dates.add(date.fromisoformat(str(text)))
        except ValueError as error:
            raise PolicyRejected(Sentence("policies.holidays", text=text), "holidays") from error
    return frozenset(dates)
