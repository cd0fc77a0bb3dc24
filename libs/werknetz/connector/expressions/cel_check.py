"""What an expression may do, decided when it is loaded: functions, joins, worst-case work.

The engine stops endless iterations, but neither doubling texts nor lists of lists of lists; and
`fields.qty + 1` passes its check and fails with each value, as numbers of a map are doubles.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from werknetz.connector.expressions.cel_tree import CelNode
from werknetz.connector.expressions.engine import INPUT_CHARS_MAX, INPUT_ITEMS_MAX, ExpressionError
from werknetz.connector.yaml_format import did_you_mean

ITERATIONS_MAX: Final = 10_000
"""The engine's own budget over all macros of one evaluation [seen: 9 999 pass]."""

JOINS_MAX: Final = 64
WORK_MAX: Final = 1_000_000_000
"""Bytes looked at in the worst case: about a second."""

_ARITHMETIC: Final = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%"}
_COMPARISONS: Final = {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"}
_OPERATORS: Final = {
    *_ARITHMETIC, *_COMPARISONS, "-_", "!_", "_&&_", "_||_", "_?_:_", "_[_]",
    "@not_strictly_false",
}  # fmt: skip
_SCANS: Final = {  # how many times slower than a look at each byte [measured]
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
_SMALL_PATTERN: Final = 64  # so large, its table of states stays small, too
_NUMBERS: Final = {"int", "uint", "double"}
_SMALL: Final = {*_NUMBERS, "bool", "timestamp", "duration", "null", "type"}
_SCALARS: Final = {*_SMALL, "string"}


@dataclass(slots=True)
class CheckResult:
    """What the checks found out on the way."""

    needs: dict[str, frozenset[str] | None] = field(default_factory=dict)
    patterns: list[CelNode] = field(default_factory=list)  # of `matches`: to be tried at load


@dataclass(slots=True)
class _Check:
    text: str
    variables: Collection[str]
    checked: CheckResult = field(default_factory=CheckResult)
    joins: int = 0
    work: int = 0

    def refuse(self, node: CelNode, problem: str) -> ExpressionError:
        line, column = line_and_column(self.text, max(node.at, 0))
        return ExpressionError(problem, line=line, column=column, text=self.text)

    def visit(self, node: CelNode, times: int, *, inside: bool) -> None:
        """`times`: how often it runs at most; `inside`: of a macro."""
        self.work += times
        if node.kind == "ident" and node.name in self.variables:
            self._need(node.name, None)
        elif node.kind == "comprehension":
            self._macro(node, times, inside=inside)
        elif inside and node.kind == "call" and node.name == "_+_" and _is_collecting(node):
            self.work += times * INPUT_ITEMS_MAX * 16  # the engine copies the list at each step
            self.visit(node.parts[1].parts[0], times, inside=inside)
        else:
            for part in self._remaining(node):  # the innermost mistake is told
                self.visit(part, times, inside=inside)
            if node.kind == "call":
                self._call(node, times, inside=inside)
            elif node.kind in {"list", "struct"}:
                self._literal(node, inside=inside)

    def _remaining(self, node: CelNode) -> Iterator[CelNode]:
        """The parts, without those that only name a key of a variable."""
        key = _key_of(node)
        for part in node.parts:
            if key is not None and part.kind == "ident" and part.name in self.variables:
                self._need(part.name, key)
            else:
                yield part

    def _need(self, variable: str, key: str | None) -> None:
        known = self.checked.needs.get(variable, frozenset())
        whole = key is None or known is None
        self.checked.needs[variable] = None if whole else (known or frozenset()) | {key or ""}

    def _macro(self, node: CelNode, times: int, *, inside: bool) -> None:
        reached, *rest = node.parts
        for part in reached.walk():
            grows = part.kind == "call" and part.name == "_+_" and part.type in {"list", "dyn"}
            is_own = grows and _is_collecting(part)
            if (part.name == "split" and part.kind == "call") or (grows and not is_own):
                raise self.refuse(
                    part, "a macro over a list that `split` or `+` made: take [n] of it instead"
                )
        self.visit(reached, times, inside=inside)
        often = min(times * INPUT_ITEMS_MAX, ITERATIONS_MAX)
        for part in rest:
            self.visit(part, often, inside=True)

    def _literal(self, node: CelNode, *, inside: bool) -> None:
        if node.kind == "struct" and node.name:
            raise self.refuse(node, f"{node.name} is a message: write the value itself")
        if inside and any(part.type not in _SCALARS for part in node.parts):
            raise self.refuse(
                node, "a list or a map of others inside a macro: take a field of it instead"
            )

    def _call(self, node: CelNode, times: int, *, inside: bool) -> None:
        name = node.name
        known = name in _OPERATORS or name in _SCANS or name in _PLAIN or name.startswith("math.")
        if not known:
            raise self.refuse(
                node, f"function {name!r} is not offered{did_you_mean(name, [*_SCANS])}"
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
                raise self.refuse(node, "numbers of a map are doubles, without %: write int(…) % 2")
            if {left, right} & {"int", "uint"}:
                raise self.refuse(node, f"numbers of a map are doubles: write {sign} 2.0, not 2")
        if sign != "+" or node.type in _SMALL:
            return
        if inside:
            raise self.refuse(
                node, "`+` may join texts here, without end: write double(…) + double(…), "
                "or join outside of the macro",
            )  # fmt: skip
        self.joins += 1
        self.work += times * INPUT_CHARS_MAX * self.joins
        if self.joins > JOINS_MAX:
            raise self.refuse(node, f"more than {JOINS_MAX} texts joined: divide it")

    def _matches(self, node: CelNode, times: int) -> None:
        pattern = node.parts[-1]
        if pattern.text is None:
            raise self.refuse(node, "the pattern of `matches` must be written out, as '^A[0-9]+$'")
        self.work += times * INPUT_CHARS_MAX * _steps_a_byte(pattern.text)
        self.checked.patterns.append(pattern)

    def _replace(self, node: CelNode) -> None:
        old, new = (part.text for part in node.parts[1:3])
        if not old or new is None or len(new.encode()) > len(old.encode()):
            raise self.refuse(
                node, "`replace` takes two written texts, the new one not longer than the old one"
            )


def check_expression(text: str, tree: CelNode, variables: Mapping[str, str]) -> CheckResult:
    """Return what the expression needs; raise ExpressionError for what is not bounded."""
    checking = _Check(text, variables.keys())
    checking.visit(tree, 1, inside=False)
    if checking.work > WORK_MAX:
        raise ExpressionError(
            f"may look at {checking.work / 1e9:.0f} GB for one value: nest fewer macros, "
            "and take texts apart outside of them"
        )
    return checking.checked


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in code points."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _steps_a_byte(pattern: str) -> int:
    """How long a pattern looks at a byte: linear always, but large ones by each of their states."""
    size, counted = len(pattern), 1
    for group, counts in _COUNTED.findall(pattern):
        most = max(int(count) for count in counts.split(",") if count)
        if group:
            counted *= max(1, most)
        else:
            size += 4 * most
    return 0 if size * counted <= _SMALL_PATTERN else 10 * size * counted


def _key_of(node: CelNode) -> str | None:
    """The key, where the node is `x.key`, `x["key"]`, `has(x.key)` or `"key" in x`."""
    if node.kind == "select":
        return node.name
    if node.kind == "call" and len(node.parts) == 2:
        if node.name == "_[_]" and node.parts[0].kind == "ident":
            return node.parts[1].text
        if node.name == "@in" and node.parts[1].kind == "ident":
            return node.parts[0].text
    return None


def _is_collecting(node: CelNode) -> bool:
    """Whether it is the step of `map` and `filter`: the macro's own list and one more.

    Its name begins with @, which nobody can write.
    """
    first, second = node.parts
    own = first.kind == "ident" and first.name.startswith("@")
    return own and second.kind == "list" and len(second.parts) == 1
