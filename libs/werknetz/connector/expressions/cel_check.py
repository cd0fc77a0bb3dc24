"""Checks of an expression at load: allowed functions, number of joins, worst-case work.

The engine limits iterations, but neither texts that double nor nested lists; and `fields.qty + 1`
passes its type check and fails with each value, as numbers of a map are doubles.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.expressions.cel_tree import CelNode
from werknetz.connector.expressions.engine import INPUT_CHARS_MAX, INPUT_ITEMS_MAX, ExpressionError
from werknetz.connector.yaml_format import did_you_mean

ITERATIONS_MAX: Final = 10_000
"""The budget of the engine for all macros of one evaluation [measured: 9 999 pass]."""

JOINS_MAX: Final = 64
WORK_MAX: Final = 1_000_000_000
"""Bytes that are read in the worst case: about a second."""

_ARITHMETIC: Final = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%"}
_COMPARISONS: Final = {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"}
_OPERATORS: Final = {
    *_ARITHMETIC, *_COMPARISONS, "-_", "!_", "_&&_", "_||_", "_?_:_", "_[_]",
    "@not_strictly_false",
}  # fmt: skip
_SCANS: Final = {  # cost per byte, relative to reading it [measured]
    "size": 2, "contains": 4, "startsWith": 1, "endsWith": 1, "charAt": 8, "indexOf": 4,
    "lastIndexOf": 4, "lowerAscii": 8, "upperAscii": 8, "trim": 8, "substring": 8, "replace": 64,
    "split": 128, "reverse": 8, "matches": 8, "string": 1, "int": 1, "uint": 1, "double": 1,
    "bool": 1, "timestamp": 1, "duration": 1,
}  # fmt: skip
_PLAIN: Final = {
    "dyn", "type", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek",
    "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
}  # fmt: skip
_COUNTED: Final = re.compile(r"(\)?)\{(\d+(?:,\d*)?)\}", re.ASCII)
_SMALL_PATTERN: Final = 64  # up to this size the state table of a pattern is small
_NUMBERS: Final = {"int", "uint", "double"}
_SMALL: Final = {*_NUMBERS, "bool", "timestamp", "duration", "null", "type"}
_SCALARS: Final = {*_SMALL, "string"}


@dataclass(slots=True)
class CheckResult:
    """What the checks determined: the variables, and the patterns to compile."""

    needs: dict[str, frozenset[str] | None] = field(default_factory=dict)
    patterns: list[CelNode] = field(default_factory=list)  # of `matches`, to compile at load


@dataclass(slots=True)
class _Check:
    text: str
    variables: Collection[str]
    checked: CheckResult = field(default_factory=CheckResult)
    joins: int = 0
    work: int = 0

    def error_at(self, node: CelNode, problem: str) -> ExpressionError:
        line, column = line_and_column(self.text, max(node.at, 0))
        return ExpressionError(problem, line=line, column=column, text=self.text)

    def visit(self, node: CelNode, times: int, *, inside: bool) -> None:
        """Check a node that runs at most `times`; `inside`: within a macro."""
        self.work += times
        if node.kind == "ident" and node.name in self.variables:
            self._need(node.name, None)
        elif node.kind == "comprehension":
            self._macro(node, times, inside=inside)
        elif inside and node.kind == "call" and node.name == "_+_" and _is_collecting(node):
            self.work += times * INPUT_ITEMS_MAX * 16  # the engine copies the list at each step
            self.visit(node.parts[1].parts[0], times, inside=inside)
        else:
            for part in self._remaining(node):  # the innermost error is reported first
                self.visit(part, times, inside=inside)
            if node.kind == "call":
                self._call(node, times, inside=inside)
            elif node.kind in {"list", "struct"}:
                self._literal(node, inside=inside)

    def _remaining(self, node: CelNode) -> Iterator[CelNode]:
        """Yield the parts, without those that only select a key of a variable."""
        key = _key_of(node)
        for part in node.parts:
            if key is not None and part.kind == "ident" and part.name in self.variables:
                self._need(part.name, key)
            else:
                yield part

    def _need(self, variable: str, key: str | None) -> None:
        keys = self.checked.needs.get(variable, frozenset())
        all_keys = key is None or keys is None
        self.checked.needs[variable] = None if all_keys else (keys or frozenset()) | {key or ""}

    def _macro(self, node: CelNode, times: int, *, inside: bool) -> None:
        iterated, *rest = node.parts
        for part in iterated.walk():
            grows = part.kind == "call" and part.name == "_+_" and part.type in {"list", "dyn"}
            is_own = grows and _is_collecting(part)
            if (part.name == "split" and part.kind == "call") or (grows and not is_own):
                raise self.error_at(
                    part, "a macro over the result of `split` or `+`: use an item [n] of it instead"
                )
        self.visit(iterated, times, inside=inside)
        often = min(times * INPUT_ITEMS_MAX, ITERATIONS_MAX)
        for part in rest:
            self.visit(part, often, inside=True)

    def _literal(self, node: CelNode, *, inside: bool) -> None:
        if node.kind == "struct" and node.name:
            raise self.error_at(node, f"{node.name} is a message: write the value itself")
        if inside and any(part.type not in _SCALARS for part in node.parts):
            raise self.error_at(
                node, "a list or a map of other values inside a macro: use a field of it instead"
            )

    def _call(self, node: CelNode, times: int, *, inside: bool) -> None:
        name = node.name
        is_allowed = (
            name in _OPERATORS or name in _SCANS or name in _PLAIN or name.startswith("math.")
        )
        if not is_allowed:
            raise self.error_at(
                node, f"function {name!r} is not supported{did_you_mean(name, [*_SCANS])}"
            )
        if name in _ARITHMETIC:
            self._arithmetic(node, times, inside=inside)
        elif name in _COMPARISONS:
            small = any(p.type in _SMALL or p.kind in {"constant", "list"} for p in node.parts)
            self.work += times * (64 if small else INPUT_CHARS_MAX)
        elif name in _SCANS and node.parts and node.parts[0].type not in _SMALL:
            self.work += times * _SCANS[name] * INPUT_CHARS_MAX
        if name == "matches":
            self._matches(node, times)
        elif name == "replace":
            self._replace(node)

    def _arithmetic(self, node: CelNode, times: int, *, inside: bool) -> None:
        left, right = (part.type for part in node.parts)
        sign = _ARITHMETIC[node.name]
        if "dyn" in {left, right}:
            if sign == "%":
                raise self.error_at(
                    node, "numbers of a map are doubles, without %: write int(…) % 2"
                )
            if {left, right} & {"int", "uint"}:
                raise self.error_at(node, f"numbers of a map are doubles: write {sign} 2.0, not 2")
        if sign != "+" or node.type in _SMALL:
            return
        if inside:
            raise self.error_at(
                node, "`+` may join texts here without limit: write double(…) + double(…), "
                "or join outside the macro",
            )  # fmt: skip
        self.joins += 1
        self.work += times * INPUT_CHARS_MAX * self.joins
        if self.joins > JOINS_MAX:
            raise self.error_at(node, f"more than {JOINS_MAX} texts joined: split it")

    def _matches(self, node: CelNode, times: int) -> None:
        pattern = node.parts[-1]
        if pattern.text is None:
            raise self.error_at(
                node, "the pattern of `matches` must be a constant, such as '^A[0-9]+$'"
            )
        self.work += times * INPUT_CHARS_MAX * _steps_a_byte(pattern.text)
        self.checked.patterns.append(pattern)

    def _replace(self, node: CelNode) -> None:
        old, new = (part.text for part in node.parts[1:3])
        if not old or new is None or len(new.encode()) > len(old.encode()):
            raise self.error_at(
                node, "`replace` needs two constant texts, the second not longer than the first"
            )


def check_expression(text: str, tree: CelNode, variables: Mapping[str, str]) -> CheckResult:
    """Return what the expression reads; raise ExpressionError where its work is not bounded."""
    checking = _Check(text, variables.keys())
    checking.visit(tree, 1, inside=False)
    if checking.work > WORK_MAX:
        raise ExpressionError(
            f"may read {checking.work / 1e9:.0f} GB for one value: nest fewer macros, "
            "and split texts outside of them"
        )
    return checking.checked


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an offset in code points."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _steps_a_byte(pattern: str) -> int:
    """Return the cost of a pattern per byte: always linear, but proportional to its states."""
    size, counted = len(pattern), 1
    for group, counts in _COUNTED.findall(pattern):
        most = max(int(count) for count in counts.split(",") if count)
        if group:
            counted *= max(1, most)
        else:
            size += 4 * most
    return 0 if size * counted <= _SMALL_PATTERN else 10 * size * counted


def _key_of(node: CelNode) -> str | None:
    """Return the key of `x.key`, `x["key"]`, `has(x.key)` or `"key" in x`, else None."""
    if node.kind == "select":
        return node.name
    if node.kind == "call" and len(node.parts) == 2:
        if node.name == "_[_]" and node.parts[0].kind == "ident":
            return node.parts[1].text
        if node.name == "@in" and node.parts[1].kind == "ident":
            return node.parts[0].text
    return None


def _is_collecting(node: CelNode) -> bool:
    """Whether the node appends to the result of `map` or `filter`.

    The accumulator has a name that begins with @, which an expression cannot contain.
    """
    first, second = node.parts
    own = first.kind == "ident" and first.name.startswith("@")
    return own and second.kind == "list" and len(second.parts) == 1
