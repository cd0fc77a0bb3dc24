"""The definition of a KPI: a formula over elements with its metadata after ISO 22400-2.

A formula returns a number, or `Undefined` with the reason: never 0 for an unknown value.
Machines, suppliers and warehouses have different elements; each is a `KpiSubject`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from werknetz.kpi.additive import AdditiveElements, element_names
from werknetz.kpi.elements import Elements
from werknetz.kpi.facts.elements import EquipmentElements

NO_BUSY_TIME: Final = "no planned busy time"
NO_DATA: Final = "no good data"
E = TypeVar("E", bound=AdditiveElements)


class KpiUnit(StrEnum):
    RATIO = "ratio"
    SECONDS = "s"
    DAYS = "d"
    COUNT = "count"
    ITEMS_PER_SECOND = "item/s"
    ENERGY_PER_ITEM = "kWh/item"
    MASS_PER_ITEM = "kg/item"


class Trend(StrEnum):
    UP = "up"
    DOWN = "down"


class Timing(StrEnum):
    REAL_TIME = "real-time"
    PERIODIC = "periodic"
    ON_DEMAND = "on demand"


class Divisor(StrEnum):
    """The divisor of mean times: KPIs 31 to 33."""

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
class OwnRecord:
    """What a customer wrote about a KPI of their own, beside its formula."""

    name_de: str
    name_en: str
    effect_model: str
    notes: str
    valid_from_us: int


@dataclass(frozen=True, slots=True)
class Kpi:
    name: str
    number: int | None  # in ISO 22400-2; None: it is not one of its 34
    description: str
    formula: str
    unit: str  # a KpiUnit, or the unit of an own KPI
    lower: float | None
    upper: float | None  # None: no bound; values are never clipped
    trend: Trend
    inputs: tuple[str, ...]  # names of elements
    timing: tuple[Timing, ...]
    audience: tuple[str, ...]
    methodology: tuple[str, ...]
    calculate: Callable[[Any, Divisor], Value]  # over the elements of its subject
    subject: "KpiSubject[Any]"
    has_divisor: bool = False
    version: int = 1  # of the formula: another one where the same elements give another value
    strict: Callable[[Any, Divisor], Value] | None = None  # None: the same as `calculate`
    quantity_known: str | None = None  # the planned busy time in which its quantities are known
    levels: tuple[str, ...] | None = None  # of an own KPI: where it may be queried; None: anywhere
    own: OwnRecord | None = None  # None: a KPI of this catalogue
    versions: tuple["Kpi", ...] = field(default=(), repr=False)  # of an own KPI, the oldest first

    @property
    def scope(self) -> tuple[str, ...]:
        return self.levels or self.subject.scopes

    def in_force_at(self, at_us: int) -> "Kpi":
        """Return the version that defines values at an instant.

        The newest that is valid by then. Before the first one, the first: a new KPI has values of
        the time before, too. The formulas of the catalogue hold for all times.
        """
        if not self.versions:
            return self
        valid = [v for v in self.versions if v.own is not None and v.own.valid_from_us <= at_us]
        if valid:
            return max(valid, key=lambda v: v.version)
        return min(self.versions, key=_first_validity)

    def compute(
        self, elements: AdditiveElements, *, divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    ) -> tuple[float | None, str | None]:
        """Return the value, or None and the reason."""
        if elements.lacks_data_for(self.inputs):
            return None, NO_DATA
        value = self.calculate(elements, divisor)
        return (None, value.reason) if isinstance(value, Undefined) else (value, None)

    def compute_strict(
        self, elements: AdditiveElements, *, divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    ) -> float | None:
        """Return the value over all planned time, in which time of unknown state is a loss."""
        if self.strict is None:
            return self.compute(elements, divisor=divisor)[0]
        if self.quantity_known is None and elements.lacks_data_for(self.inputs):
            return None  # of times alone, when none is known; quantities need no state
        value = self.strict(elements, divisor)
        return None if isinstance(value, Undefined) else value


def _first_validity(kpi: Kpi) -> tuple[int, int]:
    """Return the order of versions before the first is valid; of two, the newer holds."""
    return (0 if kpi.own is None else kpi.own.valid_from_us, -kpi.version)


REGISTRY: Final[dict[str, Kpi]] = {}
"""By name, which is unique over all subjects: the API identifies a KPI by its name."""


@dataclass(frozen=True, slots=True)
class KpiSubject(Generic[E]):
    """What KPIs are about, with its elements; registers the formulas over them."""

    name: str  # also the query parameter of `kpi_values`
    elements: type[E]
    scopes: tuple[str, ...]  # levels at which a value can be queried

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
        strict: Formula[E] | None = None,
        quantity_known: str | None = None,
        version: int = 1,
    ) -> Callable[[Formula[E]], Formula[E]]:
        """Register a formula; the first line of its docstring is the description.

        `strict`: the formula over all planned time; None: unknown time makes no difference.
        """

        def add_to_catalogue(function: Formula[E]) -> Formula[E]:
            def calculate(elements: E, _: Divisor) -> Value:
                return function(elements)

            def calculate_strict(elements: E, _: Divisor) -> Value:
                return function(elements) if strict is None else strict(elements)

            bounds = (lower, upper)
            details = (number, formula, tuple(inputs), trend, unit, bounds, tuple(audience))
            self.register(function, calculate, details)
            REGISTRY[function.__name__] = replace(
                REGISTRY[function.__name__],
                version=version,
                strict=None if strict is None else calculate_strict,
                quantity_known=quantity_known,
            )
            return function

        return add_to_catalogue

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
            raise ValueError(f"KPI {name}: {sorted(unknown)} are not elements of a {self.name}")
        description = (function.__doc__ or "").partition("\n")[0].strip()
        if not description:
            raise ValueError(f"KPI {name}: its docstring must describe it")
        REGISTRY[name] = Kpi(
            name, number, description, formula, unit, *bounds, trend, inputs,
            (Timing.PERIODIC, Timing.ON_DEMAND) if divisor else tuple(Timing), audience,
            ("discrete", "batch"), calculate, self, divisor,
        )  # fmt: skip


_Bounds = tuple[float | None, float | None]
_Details = tuple[int | None, str, tuple[str, ...], Trend, KpiUnit, _Bounds, tuple[str, ...]]

EQUIPMENT: Final = KpiSubject(
    "equipment", EquipmentElements, ("enterprise", "plant", "area", "line", "machine")
)
kpi: Final = EQUIPMENT.kpi


def mean_kpi(
    *, number: int, formula: str, inputs: Sequence[str], trend: Trend
) -> Callable[[MeanFormula], MeanFormula]:
    """Register a mean time between events: like `kpi`, with the divisor as an option."""

    def add_to_catalogue(function: MeanFormula) -> MeanFormula:
        details = (number, formula, tuple(inputs), trend, KpiUnit.SECONDS, (0.0, None))
        EQUIPMENT.register(
            function, function, (*details, ("supervisor", "management")), divisor=True
        )
        return function

    return add_to_catalogue


def ratio(part: float, whole: float, reason: str) -> Value:
    return part / whole if whole > 0 else Undefined(reason)
