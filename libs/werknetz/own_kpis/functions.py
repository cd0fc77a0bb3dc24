"""The operators and functions of formulas, with the meaning that they have in CEL."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from werknetz.connector.expressions.cel_tree import CelNode

ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "_+_": operator.add, "_-_": operator.sub, "_*_": operator.mul,
}  # fmt: skip
COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "_==_": operator.eq, "_!=_": operator.ne, "_<_": operator.lt, "_<=_": operator.le,
    "_>_": operator.gt, "_>=_": operator.ge,
}  # fmt: skip


def _least(*numbers: float) -> float:
    return min(numbers)


def _greatest(*numbers: float) -> float:
    return max(numbers)


def _ceil(number: float) -> float:
    return float(math.ceil(number))


def _floor(number: float) -> float:
    return float(math.floor(number))


def _trunc(number: float) -> float:
    return float(math.trunc(number))


def _round(number: float) -> float:
    """Round half away from zero, as CEL does; Python's `round` goes to the even number."""
    whole = float(math.trunc(number))
    return whole + math.copysign(1.0, number) if abs(number - whole) >= 0.5 else whole


def _sign(number: float) -> float:
    return math.copysign(1.0, number) if number else 0.0


FUNCTIONS: Final[Mapping[str, Callable[..., float]]] = {
    "math.@min": _least, "math.@max": _greatest, "math.abs": abs, "math.ceil": _ceil,
    "math.floor": _floor, "math.round": _round, "math.sign": _sign, "math.sqrt": math.sqrt,
    "math.trunc": _trunc,
}  # fmt: skip
"""By the name in a checked tree: `math.least` and `math.greatest` are macros there."""

_OPERATORS: Final = {name: name.strip("_") for name in (*ARITHMETIC, *COMPARISONS, "_/_")} | {
    "_&&_": "&&", "_||_": "||",
}  # fmt: skip
_NAMES: Final = {"math.@min": "math.least", "math.@max": "math.greatest"}


def text_of(node: CelNode) -> str:
    """Return a part of a formula as text, to name it in a reason."""
    if node.kind == "constant":
        return _constant_text(node)
    parts = [text_of(part) for part in node.parts]
    match node.kind, parts:
        case "list", _:
            text = ", ".join(parts)
        case "call", [operand] if node.name in {"-_", "!_"}:
            text = f"{node.name[0]}{operand}"
        case "call", [left, right] if node.name in _OPERATORS:
            text = f"({left} {_OPERATORS[node.name]} {right})"
        case "call", [condition, then, otherwise] if node.name == "_?_:_":
            text = f"({condition} ? {then} : {otherwise})"
        case "call", _:
            text = f"{_NAMES.get(node.name, node.name)}({', '.join(parts)})"
        case _:
            text = node.name or node.kind
    return text


def _constant_text(node: CelNode) -> str:
    if node.double is not None:
        return repr(node.double)
    if node.text is not None:
        return repr(node.text)
    if node.type == "bool":
        return "true" if node.is_true else "false"
    return "null" if node.number is None else str(node.number)
