"""CEL by Google's C++ engine: the one door to it. Checked at load, bounded at run.

`from cel_expr_python import cel` is this engine; `import cel` would be another package. Results
are asked for their type first: an error is a value of the type ERROR whose Python form is a text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings

from werknetz.connector.expressions.cel_check import check_expression
from werknetz.connector.expressions.cel_tree import parse_tree
from werknetz.connector.expressions.engine import (
    Budget,
    ExpressionError,
    Program,
    ResultKind,
    VariableKind,
    to_engine_value,
)
from werknetz.connector.values import UnreadableValue
from werknetz.connector.yaml_format import did_you_mean

_T: Final = cel.Type
_TYPES: Final[dict[VariableKind, Any]] = {
    "number": _T.DOUBLE, "text": _T.STRING, "status": _T.UINT, "json": _T.DYN,
    "fields": _T.Map(_T.STRING, _T.DYN), "segments": _T.Map(_T.STRING, _T.STRING),
}  # fmt: skip
_NUMBERS: Final = ("DOUBLE", "INT", "UINT")
_SCALARS: Final = (*_NUMBERS, "BOOL", "STRING", "NULL", "DYN")
_FITS: Final[dict[ResultKind, tuple[str, ...]]] = {
    "number": (*_NUMBERS, "BOOL", "NULL", "DYN"),
    "boolean": ("BOOL",),
    "text": ("STRING", "NULL", "DYN"),
    "instant": ("TIMESTAMP", "STRING", *_NUMBERS, "NULL", "DYN"),
    "texts": ("LIST", "STRING", "NULL", "DYN"),
    "scalar": (*_SCALARS, "TIMESTAMP"),
    "anything": (*_SCALARS, "TIMESTAMP", "LIST", "MAP"),
}
_MAY_COME: Final[dict[ResultKind, tuple[str, ...]]] = {  # where the type is known only at run
    "texts": (*_SCALARS, "TIMESTAMP", "LIST"),
    "anything": _FITS["anything"],
}
_SCALAR: Final = (*_SCALARS, "TIMESTAMP")
_TURN: Final[dict[ResultKind, str]] = {
    "number": "double(…)", "boolean": "a comparison, such as … == 'A'", "text": "string(…)",
    "instant": "timestamp(…), a text, or int µs since 1970", "texts": "a list of texts",
    "scalar": "a number, a text or true/false", "anything": "a value",
}  # fmt: skip
_ERROR: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_CODE: Final = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_OVERLOAD: Final = re.compile(r"no matching overload for '([^']*)' applied to '\((.*)\)'")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")


@dataclass(frozen=True, slots=True)
class CelProgram:
    """One checked expression."""

    text: str
    expression: Any
    wanted: ResultKind
    _needs: Mapping[str, frozenset[str] | None]

    def needs(self) -> Mapping[str, frozenset[str] | None]:
        return self._needs

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        try:
            result = self.expression.eval(data=values)
            value = result.value()
            if type(value) is float:  # most; an error's value is a text
                return value
            kind = _kind(result)
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise UnreadableValue(f"expression: {_said(str(error))}") from error
        if kind in {"ERROR", "UNKNOWN"}:
            raise UnreadableValue(f"expression: {_said(str(value))}")
        if kind not in _MAY_COME.get(self.wanted, _SCALAR):
            raise UnreadableValue(
                f"expression: gives {_word(kind)}, which is not {_TURN[self.wanted]}"
            )
        if kind == "TIMESTAMP":
            return value.astimezone(UTC) if isinstance(value, datetime) else value
        return _unpacked(result, kind, Budget()) if kind in {"LIST", "MAP"} else value


class CelEngine:
    """Compiles; keeps one environment for each set of variables."""

    def compile(
        self, text: str, variables: Mapping[str, VariableKind], wanted: ResultKind
    ) -> Program:
        environment = _environment(tuple(sorted(variables.items())))
        try:
            expression = environment.compile(text)
        except (RuntimeError, TypeError, ValueError) as error:  # TypeError: half a surrogate pair
            raise _refused(text, str(error), variables) from error
        kind = expression.return_type().name()
        if _first(kind) not in _FITS[wanted]:
            raise ExpressionError(
                f"gives {_word(kind)}, wanted is {_TURN[wanted]}", column=1, text=text
            )
        found = check_expression(text, parse_tree(expression.serialize()), variables)
        for pattern in found.patterns:
            _try_pattern(text, pattern.text or "", pattern.at)
        return CelProgram(text, expression, wanted, found.needs)


@cache
def _environment(variables: tuple[tuple[str, VariableKind], ...]) -> Any:
    return cel.NewEnv(
        variables={name: _TYPES[kind] for name, kind in variables},
        extensions=[ext_math.ExtMath(), ext_strings.ExtStrings()],
    )


def _try_pattern(text: str, pattern: str, offset: int) -> None:
    """A wrong pattern is told at load, not with each value."""
    program = _environment((("value", "text"), ("pattern", "text"))).compile(
        "value.matches(pattern)"
    )
    result = program.eval(data={"value": "", "pattern": pattern})
    if _kind(result) == "ERROR":
        before = text[:offset]
        raise ExpressionError(
            f"{_said(str(result.value()))}; patterns are RE2: no look-around, no back-references",
            line=before.count("\n") + 1, column=offset - before.rfind("\n"), text=text,
        )  # fmt: skip


def _unpacked(result: Any, kind: str, budget: Budget, depth: int = 0) -> Any:
    """Lists and maps step by step: a list may hold the same list many times."""
    if kind == "LIST" and depth < 8:
        budget.items -= 1
        return [_unpacked(inner, _kind(inner), budget, depth + 1) for inner in result.value()]
    if kind == "MAP" and depth < 8:
        pairs = result.value().items()
        return {
            str(name): _unpacked(inner, _kind(inner), budget, depth + 1) for name, inner in pairs
        }
    if kind in {"LIST", "MAP", "ERROR", "UNKNOWN"}:
        raise UnreadableValue(
            "expression: gives a list that is nested too deeply, or an error in it"
        )
    return to_engine_value(result.value(), budget)


def _kind(result: Any) -> str:
    return _first(result.type().name())


@cache
def _first(name: str) -> str:
    return name.partition("<")[0].upper()


def _said(message: str) -> str:
    """The engine's words without its codes."""
    text = _CODE.sub("", _CODE.sub("", message)).replace("Key not found in map : ", "no key ")
    return text[:300].strip() or "failed"


def _word(kind: str) -> str:
    return {"DYN": "a value of a type that is not known at load"}.get(kind, kind.lower())


def _refused(text: str, message: str, variables: Mapping[str, VariableKind]) -> ExpressionError:
    found = _ERROR.search(message)
    if found is None:
        problem = "is nested too deeply: divide it" if "recursion" in message else _said(message)
        return ExpressionError(problem, column=1, text=text)
    line, column, problem = int(found[1]), int(found[2]), found[3]
    if "recursion depth" in problem:
        return ExpressionError("is nested too deeply: divide it", column=1, text=text)
    problem = _CODE.sub("", problem).replace(" (in container '')", "")
    problem = _remedied(problem, variables)
    return ExpressionError(problem, line=line, column=column, text=text)


def _remedied(problem: str, variables: Mapping[str, VariableKind]) -> str:
    if (missing := _UNDECLARED.search(problem)) is not None:
        near = did_you_mean(missing[1].partition(".")[0], [*variables])
        return f"{missing[1]!r} is no variable or function{near}"
    if (overload := _OVERLOAD.search(problem)) is not None:
        kinds = overload[2]
        given = re.findall(r"\b(?:double|int|uint|string)\b", kinds)
        return f"{problem.removeprefix('found ')}: {_remedy(set(given))}"
    if "yntax error" in problem:
        what = problem.partition("yntax error: ")[2].partition(" expecting ")[0]
        return f"is not CEL: {what}; look at brackets, quotes and operators (&& || ! == ? :)"
    return f"{problem}; see the CEL language definition"


def _remedy(given: set[str]) -> str:
    if "string" in given:
        return "turn a text into a number with double(…), a number into a text with string(…)"
    if given == {"double", "int"}:
        return "write 2.0, not 2"
    if "uint" in given:
        return "write 2u, not 2; turn it with double(…) or uint(…)"
    return "turn one side with double(…), int(…) or string(…)"
