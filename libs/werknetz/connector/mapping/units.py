"""Units, resolved when a mapping is loaded: from a pair of units to a factor and an offset.

Values never meet pint: they are multiplied and added.
"""

from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

import pint

# What machines count, and how plants write it.
_PIECES: Final = "piece = count = pcs = pc = Stück = Stk = Stueck"


class UnitRejected(ValueError):
    """The unit is not known, or the pair does not fit; the text says the remedy."""


def check_unit(unit: str) -> None:
    """Raise UnitRejected unless the unit is known."""
    _parsed(unit)


def conversion_factors(source_unit: str, unit: str) -> tuple[float, float]:
    """Return (factor, offset) such that value_in_unit = value_in_source * factor + offset."""
    origin, target = _parsed(source_unit), _parsed(unit)
    try:
        zero, one, two = (
            _registry().Quantity(Decimal(n), origin).to(target).magnitude for n in (0, 1, 2)
        )
    except pint.DimensionalityError as error:
        raise UnitRejected(
            f"source_unit {source_unit!r} is of {_dimension(origin)}, "
            f"unit {unit!r} is of {_dimension(target)}: take two of the same kind"
        ) from error
    except (ArithmeticError, TypeError, pint.PintError) as error:
        raise UnitRejected(f"{source_unit!r} cannot be turned into {unit!r}: {error}") from error
    factor, offset = Decimal(one) - Decimal(zero), Decimal(zero)
    if abs(Decimal(two) - Decimal(one) - factor) > abs(factor) * Decimal("1e-9"):
        raise UnitRejected(
            f"{source_unit!r} to {unit!r} is not a straight line: store it as {source_unit!r}"
        )
    return float(factor), float(offset)


@cache
def _registry() -> Any:
    registry: Any = pint.UnitRegistry(
        non_int_type=Decimal,
        cache_folder=None,
        on_redefinition="ignore",  # pc is a piece here, and the parsec is not missed
    )
    registry.define(_PIECES)
    return registry


def _parsed(unit: str) -> Any:
    try:
        return _registry().Unit(unit)
    except pint.UndefinedUnitError as error:
        raise UnitRejected(f"unit {unit!r} is not known{_near(unit)}") from error
    except Exception as error:  # pint's parser raises tokenizer, assertion and type errors alike
        raise UnitRejected(
            f"unit {unit!r} cannot be read: write it as 'kWh', 'm/s' or 'degC'"
        ) from error


def _near(unit: str) -> str:
    names = [name for name in dir(_registry()) if not name.startswith("_")]
    found = get_close_matches(unit, names, n=1, cutoff=0.6) or get_close_matches(
        unit.lower(), names, n=1, cutoff=0.5
    )
    return f": did you mean {found[0]!r}?" if found else ": write it as 'kWh', 'm/s' or 'degC'"


def _dimension(unit: Any) -> str:
    return str(unit.dimensionality).replace(" ", "") or "no dimension"
