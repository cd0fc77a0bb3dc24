"""What a KPI is: a formula over elements, and everything a reader must know about it.

A formula returns a number, or `Undefined` with the reason: never 0 for what cannot be told.
Machines, suppliers and warehouses have elements of their own; a `Subject` says whose they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from werknetz.kpi.additive import AdditiveElements, element_names
from werknetz.kpi.elements import Elements

NO_BUSY_TIME: Final = "no planned busy time"
NO_DATA: Final = "no good data"
E = TypeVar("E", bound=AdditiveElements)


class KpiUnit(StrEnum):
    RATIO = "ratio"
    SECONDS = "s"
    DAYS = "d"
    COUNT = "count"


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

    def count_of(self, e: Elements) -> float:
        return e.fe + 1 if self is Divisor.FAILURES_PLUS_ONE else e.fe


@dataclass(frozen=True, slots=True)
class Undefined:
    """Why a KPI has no value."""

    reason: str


Value = float | Undefined
Formula = Callable[[E], Value]
MeanFormula = Callable[[Elements, Divisor], Value]


@dataclass(frozen=True, slots=True)
class Kpi:
    name: str
    number: int | None  # in ISO 22400-2; None: not one of its 34
    description: str
    formula: str
    unit: KpiUnit
    lower: float | None
    upper: float | None  # None: no bound; never clipped
    trend: Trend
    inputs: tuple[str, ...]  # names of elements
    timing: tuple[Timing, ...]
    audience: tuple[str, ...]
    methodology: tuple[str, ...]
    calculate: Callable[[Any, Divisor], Value]  # over the elements of its subject
    subject: "KpiSubject[Any]"
    has_divisor: bool = False
    version: int = 1

    @property
    def scope(self) -> tuple[str, ...]:
        return self.subject.scopes

    def compute(
        self, elements: AdditiveElements, *, divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    ) -> tuple[float | None, str | None]:
        """Return the value, or None and the reason why there is none."""
        if elements.lacks_data_for(self.inputs):
            return None, NO_DATA
        value = self.calculate(elements, divisor)
        return (None, value.reason) if isinstance(value, Undefined) else (value, None)


REGISTRY: Final[dict[str, Kpi]] = {}
"""By name, which is unique over all subjects: the API knows a KPI by nothing else."""


@dataclass(frozen=True, slots=True)
class KpiSubject(Generic[E]):
    """Whose elements a formula is over, and how formulas over them enter the catalogue."""

    name: str  # also the parameter of `kpi_values` that names one
    elements: type[E]
    scopes: tuple[str, ...]  # what a value can be asked for

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the names of its elements."""
        return element_names(self.elements)

    def kpi(
        self,
        *,
        number: int | None,
        formula: str,
        inputs: Sequence[str],
        trend: Trend,
        unit: KpiUnit = KpiUnit.RATIO,
        lower: float | None = 0.0,
        upper: float | None = 1.0,
        audience: Sequence[str] = ("operator", "supervisor", "management"),
    ) -> Callable[[Formula[E]], Formula[E]]:
        """Enter a formula into the catalogue; its docstring's first line is the description."""

        def enter(function: Formula[E]) -> Formula[E]:
            def calculate(elements: E, _: Divisor) -> Value:
                return function(elements)

            bounds = (lower, upper)
            details = (number, formula, tuple(inputs), trend, unit, bounds, tuple(audience))
            self.register(function, calculate, details)
            return function

        return enter

    def register(
        self,
        function: Callable[..., Value],
        calculate: Callable[[Any, Divisor], Value],
        details: "_Details",
        *,
        divisor: bool = False,
    ) -> None:
        name = getattr(function, "__name__", "")
        number, formula, inputs, trend, unit, bounds, audience = details
        if name in REGISTRY:
            raise ValueError(f"there is already a KPI named {name}")
        if unknown := set(inputs) - set(self.inputs):
            raise ValueError(f"KPI {name}: {sorted(unknown)} are no elements of a {self.name}")
        description = (function.__doc__ or "").partition("\n")[0].strip()
        if not description:
            raise ValueError(f"KPI {name}: say in the docstring what it tells")
        REGISTRY[name] = Kpi(
            name, number, description, formula, unit, *bounds, trend, inputs,
            (Timing.PERIODIC, Timing.ON_DEMAND) if divisor else tuple(Timing), audience,
            ("discrete", "batch"), calculate, self, divisor,
        )  # fmt: skip


_Bounds = tuple[float | None, float | None]
_Details = tuple[int | None, str, tuple[str, ...], Trend, KpiUnit, _Bounds, tuple[str, ...]]

EQUIPMENT: Final = KpiSubject(
    "equipment", Elements, ("enterprise", "plant", "area", "line", "machine")
)
kpi: Final = EQUIPMENT.kpi


def mean_kpi(
    *, number: int, formula: str, inputs: Sequence[str], trend: Trend
) -> Callable[[MeanFormula], MeanFormula]:
    """Enter a mean time between events: as `kpi`, with the divisor as an option."""

    def enter(function: MeanFormula) -> MeanFormula:
        details = (number, formula, tuple(inputs), trend, KpiUnit.SECONDS, (0.0, None))
        EQUIPMENT.register(
            function, function, (*details, ("supervisor", "management")), divisor=True
        )
        return function

    return enter


def ratio(part: float, whole: float, reason: str) -> Value:
    return part / whole if whole > 0 else Undefined(reason)
