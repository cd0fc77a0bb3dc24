"""What a KPI is: a formula over elements, and everything a reader must know about it.

A formula returns a number, or `Undefined` with the reason: never 0 for what cannot be told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from werknetz.kpi.elements import ELEMENT_NAMES, Elements

SCOPES: Final = ("enterprise", "plant", "area", "line", "machine")
NO_TIME: Final = "no planned busy time"
NO_DATA: Final = "no good data"


class Unit(StrEnum):
    RATIO = "ratio"
    SECONDS = "s"


class Trend(StrEnum):
    UP = "up"
    DOWN = "down"


class Timing(StrEnum):
    REAL_TIME = "real-time"
    PERIODIC = "periodic"
    ON_DEMAND = "on demand"


class Divisor(StrEnum):
    """What mean times are divided by: numbers 31 to 33."""

    FAILURES_PLUS_ONE = "fe+1"
    FAILURES = "fe"

    def of(self, e: Elements) -> float:
        return e.fe + 1 if self is Divisor.FAILURES_PLUS_ONE else e.fe


@dataclass(frozen=True, slots=True)
class Undefined:
    """Why a KPI has no value."""

    reason: str


Value = float | Undefined
Formula = Callable[[Elements], Value]
MeanFormula = Callable[[Elements, Divisor], Value]


@dataclass(frozen=True, slots=True)
class Kpi:
    name: str
    number: int | None  # in ISO 22400-2; None: not one of its 34
    description: str
    formula: str
    unit: Unit
    lower: float | None
    upper: float | None  # None: no bound; never clipped
    trend: Trend
    inputs: tuple[str, ...]  # names of elements
    timing: tuple[Timing, ...]
    audience: tuple[str, ...]
    methodology: tuple[str, ...]
    calculate: MeanFormula
    has_divisor: bool = False
    version: int = 1
    scope: tuple[str, ...] = SCOPES

    def compute(
        self, elements: Elements, *, divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    ) -> tuple[float | None, str | None]:
        """Return the value, or None and the reason why there is none."""
        if elements.pbt_s > 0 and elements.unknown_s >= elements.pbt_s and self._needs_states:
            return None, NO_DATA
        value = self.calculate(elements, divisor)
        return (None, value.reason) if isinstance(value, Undefined) else (value, None)

    @property
    def _needs_states(self) -> bool:
        return any(name.endswith("_s") for name in self.inputs)


REGISTRY: Final[dict[str, Kpi]] = {}


def kpi(
    *,
    number: int | None,
    formula: str,
    inputs: Sequence[str],
    trend: Trend,
    unit: Unit = Unit.RATIO,
    upper: float | None = 1.0,
    audience: Sequence[str] = ("operator", "supervisor", "management"),
) -> Callable[[Formula], Formula]:
    """Enter a formula into the catalogue; its docstring's first line is the description."""

    def enter(function: Formula) -> Formula:
        _register(
            function,
            lambda elements, _: function(elements),
            (number, formula, tuple(inputs), trend, unit, upper, tuple(audience)),
        )
        return function

    return enter


def mean_kpi(
    *, number: int, formula: str, inputs: Sequence[str], trend: Trend
) -> Callable[[MeanFormula], MeanFormula]:
    """Enter a mean time between events: as `kpi`, with the divisor as an option."""

    def enter(function: MeanFormula) -> MeanFormula:
        details = (number, formula, tuple(inputs), trend, Unit.SECONDS, None)
        _register(function, function, (*details, ("supervisor", "management")), divisor=True)
        return function

    return enter


_Details = tuple[int | None, str, tuple[str, ...], Trend, Unit, float | None, tuple[str, ...]]


def _register(
    function: Formula | MeanFormula,
    calculate: MeanFormula,
    details: _Details,
    *,
    divisor: bool = False,
) -> None:
    name = getattr(function, "__name__", "")
    number, formula, inputs, trend, unit, upper, audience = details
    if name in REGISTRY:
        raise ValueError(f"there is already a KPI named {name}")
    if unknown := set(inputs) - set(ELEMENT_NAMES):
        raise ValueError(f"KPI {name}: {sorted(unknown)} are no elements")
    description = (function.__doc__ or "").partition("\n")[0].strip()
    if not description:
        raise ValueError(f"KPI {name}: say in the docstring what it tells")
    REGISTRY[name] = Kpi(
        name, number, description, formula, unit, 0.0, upper, trend, inputs,
        (Timing.PERIODIC, Timing.ON_DEMAND) if divisor else tuple(Timing), audience,
        ("discrete", "batch"), calculate, divisor,
    )  # fmt: skip


def ratio(part: float, whole: float, reason: str) -> Value:
    return part / whole if whole > 0 else Undefined(reason)
