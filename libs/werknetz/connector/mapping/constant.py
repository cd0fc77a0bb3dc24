"""Constants of a mapping: values that no machine sends, such as a planned run time.

A constant is a signal with one value, valid from `since` on, or else from the start of the edge
that first uses the mapping.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import nan
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from werknetz.connector.mapping import units
from werknetz.connector.values import to_text
from werknetz.connector.yaml_format import KeyPath
from werknetz.domain.bucket import microseconds_of
from werknetz.domain.path import EquipmentPath
from werknetz.domain.role import Role

CONSTANT_ROLES: Final = (Role.PLANNED_RUN_TIME, Role.PROCESS_VALUE, Role.MODE)
PLANNED_RUN_TIME_UNIT: Final = (
    "s"  # a planned run time is stored in it, whatever its unit in the mapping
)
_SINCE: Final = "since {!r} is not an ISO time: write 2026-11-01 or 2026-11-01T06:00:00+01:00"


class Constant(BaseModel):
    """A value that is part of the mapping, as no address provides it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    equipment: str | None = None
    signal: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role
    value: float | str
    unit: str | None = None
    since: datetime | None = None  # without zone: in the zone of the mapping

    @field_validator("since", mode="before")
    @classmethod
    def _since(cls, since: object) -> object:
        if since is None:
            return None
        try:
            return datetime.fromisoformat(str(since).strip())
        except ValueError as error:
            raise ValueError(_SINCE.format(since)) from error

    @field_validator("value", mode="before")
    @classmethod
    def _is_not_boolean(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError(f"value {value} is neither a number nor a text: write 1 or 0")  # noqa: TRY004  pydantic needs a ValueError
        return value

    @field_validator("unit")
    @classmethod
    def _unit(cls, unit: str | None) -> str | None:
        if unit is not None:
            units.check_unit(unit)
        return unit

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.role not in CONSTANT_ROLES:
            raise ValueError(
                f"a {self.role.value} is not constant: "
                f"the role is one of {', '.join(CONSTANT_ROLES)}"
            )
        if self.role is Role.MODE and self.unit is not None:
            raise ValueError("a mode has no unit: remove it")
        if self.role is not Role.MODE and isinstance(self.value, str):
            raise ValueError(f"value {self.value!r} is not a number: write 2.5, without quotes")
        if self.role is Role.PLANNED_RUN_TIME and self._number() <= 0:
            raise ValueError("a planned run time is above 0: it is the time per item")
        return self

    def _number(self) -> float:
        """Return the value in the stored unit; raise UnitRejected."""
        if isinstance(self.value, str) or self.role is Role.MODE:
            return nan
        if self.role is Role.PLANNED_RUN_TIME and self.unit is not None:
            factor, shift = units.conversion_factors(self.unit, PLANNED_RUN_TIME_UNIT)
            return self.value * factor + shift
        return self.value

    def stored_value(self) -> tuple[float, str | None, str | None]:
        """Return value, text and unit as they are stored."""
        if self.role is Role.MODE:
            return nan, to_text(self.value), None
        return (
            self._number(),
            None,
            PLANNED_RUN_TIME_UNIT if self.role is Role.PLANNED_RUN_TIME else self.unit,
        )

    def since_us(self, zone: str | None) -> int | None:
        if self.since is None:
            return None
        since = self.since if self.since.tzinfo else self.since.replace(tzinfo=ZoneInfo(zone or ""))
        return microseconds_of(since)


def constant_errors(
    constants: Sequence[Constant],
    equipment: str | None,
    zone: str | None,
    rules: Mapping[str, str],
) -> Iterator[tuple[KeyPath, str]]:
    """Yield the errors of constants as a whole. `rules`: point key → source of its rule."""
    first: dict[str, int] = {}
    for number, constant in enumerate(constants):
        at: KeyPath = ("constants", number)
        path = constant.equipment or equipment
        if path is None:
            yield at, "has no equipment: add `equipment` to the constant, or to the mapping for all"
            continue
        for key, text in (("equipment", path), ("signal", constant.signal)):
            if "{" in text or "}" in text:
                yield (
                    (*at, key),
                    f"{text!r}: a constant has no source with segments: write the full name",
                )
                break
        else:
            try:
                EquipmentPath.parse(path)
            except ValueError as error:
                yield (*at, "equipment"), str(error)
        point = f"{path}:{constant.signal}"
        if (earlier := first.setdefault(point, number)) != number:
            yield at, f"{point} is already constant {earlier + 1}: remove one"
        if point in rules:
            text = f"already has the source {rules[point]!r}: remove one, or name another signal"
            yield at, f"{point} {text}"
        if constant.since is not None and constant.since.tzinfo is None and zone is None:
            yield (
                (*at, "since"),
                "since has no zone: add one such as +01:00, or `time_zone` to the mapping",
            )
