"""Units of a mapping, resolved at load: two units to a factor and an offset.

Values are only multiplied and added; pint is not involved.
"""

from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

import pint

# The unit of counters, as plants write it.
_PIECES: Final = "piece = count = pcs = pc = Stück = Stk = Stueck"
# Standard coal, in which GB/T 2589 states energy.
_COAL_EQUIVALENT: Final = ("kgce = 29.3076 * megajoule", "tce = 1000 * kgce")


class UnitRejected(ValueError):
    """The unit is unknown, or two units do not match; the text names the remedy."""


def check_unit(unit: str) -> None:
    """Raise UnitRejected where the unit is unknown."""
    _parse(unit)


def conversion_factors(source_unit: str, unit: str) -> tuple[float, float]:
    """Return (factor, offset) such that value_in_unit = value_in_source * factor + offset."""
    origin, target = _parse(source_unit), _parse(unit)
    try:
        at_0, at_1, at_2 = (
            _registry().Quantity(Decimal(n), origin).to(target).magnitude for n in (0, 1, 2)
        )
    except pint.DimensionalityError as error:
        raise UnitRejected(
            f"source_unit {source_unit!r} is of {_dimension(origin)}, "
            f"unit {unit!r} is of {_dimension(target)}: use two units of one kind"
        ) from error
    except (ArithmeticError, TypeError, pint.PintError) as error:
        raise UnitRejected(f"{source_unit!r} cannot be converted to {unit!r}: {error}") from error
    factor, offset = Decimal(at_1) - Decimal(at_0), Decimal(at_0)
    if abs(Decimal(at_2) - Decimal(at_1) - factor) > abs(factor) * Decimal("1e-9"):
        raise UnitRejected(
            f"{source_unit!r} to {unit!r} is not linear: store it as {source_unit!r}"
        )
    return float(factor), float(offset)


@cache
def _registry() -> Any:
    registry: Any = pint.UnitRegistry(
        non_int_type=Decimal,
        cache_folder=None,
        on_redefinition="ignore",  # `pc` is a piece here, not the parsec
    )
    for definition in (_PIECES, *_COAL_EQUIVALENT):
        registry.define(definition)
    return registry


def _parse(unit: str) -> Any:
    try:
        return _registry().Unit(unit)
    except pint.UndefinedUnitError as error:
        raise UnitRejected(f"unit {unit!r} is not known{_near(unit)}") from error
    except Exception as error:  # pint's parser raises tokenizer, assertion and type errors alike
        raise UnitRejected(
            f"unit {unit!r} is invalid: write it as 'kWh', 'm/s' or 'degC'"
        ) from error


def _near(unit: str) -> str:
    names = [name for name in dir(_registry()) if not name.startswith("_")]
    nearest = get_close_matches(unit, names, n=1, cutoff=0.6) or get_close_matches(
        unit.lower(), names, n=1, cutoff=0.5
    )
    return f": did you mean {nearest[0]!r}?" if nearest else ": write it as 'kWh', 'm/s' or 'degC'"


def _dimension(unit: Any) -> str:
    return str(unit.dimensionality).replace(" ", "") or "no dimension"
