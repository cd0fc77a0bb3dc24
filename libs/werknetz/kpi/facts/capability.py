"""Capability of a characteristic: KPIs 19 to 22 after ISO 22400-2.

A measurement is normalised by the limits that it was judged by: -1 is the lower limit, 0 the
middle, 1 the upper limit. So limits may change within a window, and several windows add up. Where
only one limit exists, it is the distance from that limit in the unit of the measurement.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from werknetz.kpi.additive import AdditiveElements
from werknetz.kpi.definition import KpiSubject, Trend, Undefined, Value

Sides = tuple[float | None, float | None]
SUBGROUP: Final = 5
"""Consecutive measurements of one subgroup."""

_D2: Final = 2.326  # expected range of 5 values of a normal distribution with deviation 1
CHARACTERISTIC_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class CharacteristicElements(AdditiveElements):
    measurements: float = 0.0
    unlimited: float = 0.0  # measurements without any limit
    two_sided: float = 0.0  # measurements with both limits
    upper_only: float = 0.0
    lower_only: float = 0.0
    deviation: float = 0.0  # sum of the normalised measurements
    squares: float = 0.0  # sum of their squares
    subgroups: float = 0.0  # complete ones
    ranges: float = 0.0  # sum of the ranges of the subgroups, normalised

    @property
    def limited(self) -> float:
        return self.two_sided + self.upper_only + self.lower_only

    @property
    def mean(self) -> float:
        return self.deviation / self.limited

    @property
    def coverage(self) -> float | None:
        """Share of the measurements that have a limit."""
        return self.limited / self.measurements if self.measurements else None

    def lacks_data_for(self, inputs: Sequence[str]) -> bool:  # noqa: ARG002 - formulas say why
        return False


CHARACTERISTIC: Final = KpiSubject("characteristic", CharacteristicElements, ("characteristic",))
_INPUTS: Final = (
    "measurements", "unlimited", "two_sided", "upper_only", "lower_only", "deviation", "squares",
)  # fmt: skip
_LONG_TERM: Final = (*_INPUTS, "subgroups", "ranges")
_AUDIENCE: Final = ("operator", "supervisor")


@CHARACTERISTIC.kpi(
    number=19, formula="(USL - LSL) / (6 s)", inputs=_INPUTS, trend=Trend.UP, upper=None,
    audience=_AUDIENCE,
)  # fmt: skip
def machine_capability(e: CharacteristicElements) -> Value:
    """Cm: width of the tolerance against the deviation of all measurements in the window."""
    return _potential(e, _deviation_of_all(e))


@CHARACTERISTIC.kpi(
    number=20, formula="min(USL - mean, mean - LSL) / (3 s)", inputs=_INPUTS, trend=Trend.UP,
    lower=None, upper=None, audience=_AUDIENCE,
)  # fmt: skip
def critical_machine_capability(e: CharacteristicElements) -> Value:
    """Cmk: distance of the mean from the nearer limit against the deviation."""
    return _critical(e, _deviation_of_all(e))


@CHARACTERISTIC.kpi(
    number=21, formula="(USL - LSL) / (6 sigma)", inputs=_LONG_TERM, trend=Trend.UP, upper=None,
    audience=_AUDIENCE,
)  # fmt: skip
def process_capability(e: CharacteristicElements) -> Value:
    """Cp: as Cm, with the deviation within subgroups of five consecutive measurements."""
    return _potential(e, _deviation_in_subgroups(e))


@CHARACTERISTIC.kpi(
    number=22, formula="min(USL - mean, mean - LSL) / (3 sigma)", inputs=_LONG_TERM,
    trend=Trend.UP, lower=None, upper=None, audience=_AUDIENCE,
)  # fmt: skip
def critical_process_capability(e: CharacteristicElements) -> Value:
    """Cpk: as Cmk, with the deviation within subgroups of five consecutive measurements."""
    return _critical(e, _deviation_in_subgroups(e))


def _deviation_of_all(e: CharacteristicElements) -> Value:
    """Return the sample standard deviation of the normalised measurements."""
    if (reason := _reason_not_judged(e)) is not None:
        return reason
    variance = (e.squares - e.limited * e.mean**2) / (e.limited - 1)
    return sqrt(variance) if variance > 0 else Undefined("the measurements do not differ")


def _deviation_in_subgroups(e: CharacteristicElements) -> Value:
    if (reason := _reason_not_judged(e)) is not None:
        return reason
    if e.subgroups < CHARACTERISTIC_MIN:
        return Undefined(f"fewer than {2 * SUBGROUP} consecutive measurements")
    sigma = e.ranges / e.subgroups / _D2
    return sigma if sigma > 0 else Undefined("the measurements of each subgroup do not differ")


def _reason_not_judged(e: CharacteristicElements) -> Undefined | None:
    if not e.measurements:
        return Undefined("nothing was measured")
    if not e.limited:
        return Undefined("the measurements have no specification limits")
    if len([n for n in (e.two_sided, e.upper_only, e.lower_only) if n]) > 1:
        return Undefined("measurements with one and with two limits: ask for a shorter window")
    if e.limited < CHARACTERISTIC_MIN:
        return Undefined("a single measurement has no deviation")
    return None


def _potential(e: CharacteristicElements, deviation: Value) -> Value:
    if isinstance(deviation, Undefined):
        return deviation
    if not e.two_sided:
        return Undefined("the tolerance has one limit only: ask for the critical capability")
    return 1 / (3 * deviation)


def _critical(e: CharacteristicElements, deviation: Value) -> Value:
    if isinstance(deviation, Undefined):
        return deviation
    return min(side for side in _sides(e, deviation) if side is not None)


def _sides(e: CharacteristicElements, deviation: float) -> Sides:
    """Return the distances of the mean from the lower and the upper limit, each by 3 deviations."""
    if e.two_sided:
        return (1 + e.mean) / (3 * deviation), (1 - e.mean) / (3 * deviation)
    if e.upper_only:
        return None, -e.mean / (3 * deviation)
    return e.mean / (3 * deviation), None


def critical_sides(name: str, e: CharacteristicElements) -> Sides:
    """Return both sides of a critical capability, of which it is the smaller one.

    First (mean - LSL), then (USL - mean), by three deviations; None: there is no such limit, no
    value, or it is another KPI.
    """
    deviation_of = _DEVIATIONS.get(name)
    deviation = None if deviation_of is None else deviation_of(e)
    return _sides(e, deviation) if isinstance(deviation, float) else (None, None)


_DEVIATIONS: Final[Mapping[str, Callable[[CharacteristicElements], Value]]] = {
    "critical_machine_capability": _deviation_of_all,
    "critical_process_capability": _deviation_in_subgroups,
}
