"""CEL with Google's C++ engine, checked at load, bounded at run time.

Only this module imports the engine. It is `from cel_expr_python import cel`; `import cel` is
another package. The type of a result is checked first: an error is a value of the type ERROR
whose Python value is a text.
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
from werknetz.connector.expressions.cel_tree import CelNode, parse_tree
from werknetz.connector.expressions.engine import (
    Budget,
    ExpressionError,
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
_ALLOWED: Final[dict[ResultKind, tuple[str, ...]]] = {
    "number": (*_NUMBERS, "BOOL", "NULL", "DYN"),
    "boolean": ("BOOL",),
    "text": ("STRING", "NULL", "DYN"),
    "instant": ("TIMESTAMP", "STRING", *_NUMBERS, "NULL", "DYN"),
    "texts": ("LIST", "STRING", "NULL", "DYN"),
    "scalar": (*_SCALARS, "TIMESTAMP"),
    "anything": (*_SCALARS, "TIMESTAMP", "LIST", "MAP"),
}
_ALLOWED_AT_RUN: Final[
    dict[ResultKind, tuple[str, ...]]
] = {  # where the type is known only at run time
    "texts": (*_SCALARS, "TIMESTAMP", "LIST"),
    "anything": _ALLOWED["anything"],
}
_SCALAR: Final = (*_SCALARS, "TIMESTAMP")
_DESCRIPTIONS: Final[dict[ResultKind, str]] = {
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
    result_kind: ResultKind
    _needs: Mapping[str, frozenset[str] | None]

    @property
    def tree(self) -> CelNode:
        """The checked expression as a tree, with the type of each node."""
        return parse_tree(self.expression.serialize())

    def needs(self) -> Mapping[str, frozenset[str] | None]:
        return self._needs

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        try:
            result = self.expression.eval(data=values)
            value = result.value()
            if type(value) is float:  # the most frequent; the value of an error is a text
                return value
            kind = _kind(result)
        except (RuntimeError, TypeError, ValueError, OverflowError) as error:
            raise UnreadableValue(f"expression: {_error_text(str(error))}") from error
        if kind in {"ERROR", "UNKNOWN"}:
            raise UnreadableValue(f"expression: {_error_text(str(value))}")
        if kind not in _ALLOWED_AT_RUN.get(self.result_kind, _SCALAR):
            raise UnreadableValue(
                f"expression: returns {_word(kind)}, which is not {_DESCRIPTIONS[self.result_kind]}"
            )
        if kind == "TIMESTAMP":
            return value.astimezone(UTC) if isinstance(value, datetime) else value
        return _to_python(result, kind, Budget()) if kind in {"LIST", "MAP"} else value


class CelEngine:
    """Compiles expressions, with one environment per set of variables."""

    def compile(
        self, text: str, variables: Mapping[str, VariableKind], result_kind: ResultKind
    ) -> CelProgram:
        environment = _environment(tuple(sorted(variables.items())))
        try:
            expression = environment.compile(text)
        except (RuntimeError, TypeError, ValueError) as error:  # TypeError: half a surrogate pair
            raise _compile_error(text, str(error), variables) from error
        kind = expression.return_type().name()
        if _first(kind) not in _ALLOWED[result_kind]:
            raise ExpressionError(
                f"returns {_word(kind)}, required is {_DESCRIPTIONS[result_kind]}",
                column=1,
                text=text,
            )
        result = check_expression(text, parse_tree(expression.serialize()), variables)
        for pattern in result.patterns:
            _check_pattern(text, pattern.text or "", pattern.at)
        return CelProgram(text, expression, result_kind, result.needs)


@cache
def _environment(variables: tuple[tuple[str, VariableKind], ...]) -> Any:
    return cel.NewEnv(
        variables={name: _TYPES[kind] for name, kind in variables},
        extensions=[ext_math.ExtMath(), ext_strings.ExtStrings()],
    )


def _check_pattern(text: str, pattern: str, offset: int) -> None:
    """Raise ExpressionError at load for an invalid pattern, instead of with each value."""
    program = _environment((("value", "text"), ("pattern", "text"))).compile(
        "value.matches(pattern)"
    )
    result = program.eval(data={"value": "", "pattern": pattern})
    if _kind(result) == "ERROR":
        before = text[:offset]
        raise ExpressionError(
            f"{_error_text(str(result.value()))}; "
            "patterns are RE2: no look-around, no back-references",
            line=before.count("\n") + 1, column=offset - before.rfind("\n"), text=text,
        )  # fmt: skip


def _to_python(result: Any, kind: str, budget: Budget, depth: int = 0) -> Any:
    """Convert lists and maps within the budget: a list may contain the same list many times."""
    if kind == "LIST" and depth < 8:
        budget.items -= 1
        return [_to_python(inner, _kind(inner), budget, depth + 1) for inner in result.value()]
    if kind == "MAP" and depth < 8:
        pairs = result.value().items()
        return {
            str(name): _to_python(inner, _kind(inner), budget, depth + 1) for name, inner in pairs
        }
    if kind in {"LIST", "MAP", "ERROR", "UNKNOWN"}:
        raise UnreadableValue(
            "expression: returns a list that is nested too deeply, or an error in it"
        )
    return to_engine_value(result.value(), budget)


def _kind(result: Any) -> str:
    return _first(result.type().name())


@cache
def _first(name: str) -> str:
    return name.partition("<")[0].upper()


def _error_text(message: str) -> str:
    """Return the message of the engine without its codes."""
    text = _CODE.sub("", _CODE.sub("", message)).replace("Key not found in map : ", "no key ")
    return text[:300].strip() or "failed"


def _word(kind: str) -> str:
    return {"DYN": "a value of a type that is not known at load"}.get(kind, kind.lower())


def _compile_error(
    text: str, message: str, variables: Mapping[str, VariableKind]
) -> ExpressionError:
    match = _ERROR.search(message)
    if match is None:
        problem = (
            "is nested too deeply: split it" if "recursion" in message else _error_text(message)
        )
        return ExpressionError(problem, column=1, text=text)
    line, column, problem = int(match[1]), int(match[2]), match[3]
    if "recursion depth" in problem:
        return ExpressionError("is nested too deeply: split it", column=1, text=text)
    problem = _CODE.sub("", problem).replace(" (in container '')", "")
    problem = _with_remedy(problem, variables)
    return ExpressionError(problem, line=line, column=column, text=text)


def _with_remedy(problem: str, variables: Mapping[str, VariableKind]) -> str:
    if (missing := _UNDECLARED.search(problem)) is not None:
        near = did_you_mean(missing[1].partition(".")[0], [*variables])
        return f"{missing[1]!r} is not a variable or function{near}"
    if (overload := _OVERLOAD.search(problem)) is not None:
        kinds = overload[2]
        types = re.findall(r"\b(?:double|int|uint|string)\b", kinds)
        return f"{problem.removeprefix('found ')}: {_remedy(set(types))}"
    if "yntax error" in problem:
        what = problem.partition("yntax error: ")[2].partition(" expecting ")[0]
        return f"is not CEL: {what}; check brackets, quotes and operators (&& || ! == ? :)"
    return f"{problem}; see the CEL language definition"


def _remedy(types: set[str]) -> str:
    if "string" in types:
        return "convert a text to a number with double(…), a number to a text with string(…)"
    if types == {"double", "int"}:
        return "write 2.0, not 2"
    if "uint" in types:
        return "write 2u, not 2; convert it with double(…) or uint(…)"
    return "convert one side with double(…), int(…) or string(…)"
