"""Mutants of a Python file: small changes of its syntax tree, each a fault that a test must find.

A mutant is found again by its number: the changes of a file are listed in a fixed order.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_SWAPS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or,
    ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip

Apply = Callable[[], None]
Change = tuple[ast.expr | ast.stmt, str, Apply]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file. `source` is the line that it changes, without its indentation."""

    module: str  # path relative to the checkout
    number: int
    line: int
    last_line: int  # of the expression or statement that it changes
    source: str
    change: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.change}: {self.source}"


def mutants_of(module: str, text: str) -> list[Mutant]:
    """Return every mutant of a file."""
    lines = text.splitlines()
    return [
        Mutant(
            module,
            number,
            node.lineno,
            node.end_lineno or node.lineno,
            lines[node.lineno - 1].strip(),
            change,
        )
        for number, (node, change, _) in enumerate(_changes(ast.parse(text)))
    ]


def tree_of(text: str, number: int) -> ast.Module:
    """Return the syntax tree of the file with one change applied."""
    tree = ast.parse(text)
    for index, (_, _, apply) in enumerate(_changes(tree)):
        if index == number:
            apply()
            return ast.fix_missing_locations(tree)
    raise IndexError(f"there is no mutant {number}")


def _changes(tree: ast.Module) -> Iterator[Change]:
    """List the changes before any is applied: applying one may alter the tree."""
    changes = list(_walk(tree))
    yield from changes


def _walk(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.ClassDef) and _is_protocol(node):
        return
    # A test of a limit's value would only repeat it; how the limit is compared is mutated.
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation).startswith("Final"):
        return
    yield from _changes_of(node)
    for name, value in ast.iter_fields(node):
        # Annotations are not run; a decorator of a dataclass says nothing that a caller sees.
        if name in {"annotation", "returns", "type_params"}:
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            if name == "decorator_list" and "dataclass" in ast.unparse(child):
                continue
            if isinstance(child, ast.AST):
                yield from _walk(child)


def _changes_of(node: ast.AST) -> Iterator[Change]:
    yield from _expression_changes(node)
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        if isinstance(statements, list):
            yield from _statement_changes(statements)


def _expression_changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                if swap := _swap_of(operator):
                    yield node, _label(operator, swap), _set_item(node.ops, index, swap)
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign():
            if swap := _swap_of(node.op):
                yield node, _label(node.op, swap), _set(node, "op", swap)
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield node, f"{_name(node.op)} removed", _replace_by_operand(node)
        case ast.Constant():
            yield from _constant_changes(node)
        case _:
            pass
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield node, "return None", _set(node, "value", ast.Constant(None))


def _constant_changes(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield node, f"{node.value} negated", _set(node, "value", not node.value)
    elif isinstance(node.value, int | float):
        for step in (1, -1):
            value = node.value + step
            yield node, f"{node.value} becomes {value}", _set(node, "value", value)


def _statement_changes(statements: list[ast.stmt]) -> Iterator[Change]:
    for index, statement in enumerate(statements):
        match statement:
            case ast.Continue():
                change = _set_item(statements, index, ast.Break())
                yield statement, "continue becomes break", change
            case ast.Break():
                change = _set_item(statements, index, ast.Continue())
                yield statement, "break becomes continue", change
            case (
                ast.Expr(value=ast.Call() | ast.Await())
                | ast.AugAssign()
                | ast.Raise()
                | ast.Delete()
                | ast.Assign(targets=[ast.Attribute() | ast.Subscript()])
            ):
                yield statement, "dropped", _set_item(statements, index, ast.Pass())
            case _:
                pass


def _swap_of(operator: ast.AST) -> ast.AST | None:
    swap = _SWAPS.get(type(operator))
    return swap() if swap else None


def _label(before: ast.AST, after: ast.AST) -> str:
    return f"{_name(before)} becomes {_name(after)}"


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


def _set(node: ast.AST, field: str, value: object) -> Apply:
    return lambda: setattr(node, field, value)


def _set_item(items: list[ast.stmt] | list[ast.cmpop], index: int, value: ast.AST) -> Apply:
    def apply() -> None:
        items[index] = ast.copy_location(value, items[index])  # type: ignore[call-overload]

    return apply


def _replace_by_operand(node: ast.UnaryOp) -> Apply:
    """Apply the operator twice, which leaves the operand as it is."""

    def apply() -> None:
        node.operand = ast.copy_location(ast.UnaryOp(node.op, node.operand), node)

    return apply


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_protocol(node: ast.ClassDef) -> bool:
    return any("Protocol" in ast.unparse(base) for base in node.bases)
