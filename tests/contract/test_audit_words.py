"""Every subject and action of the audit log has a word on the page, in both languages."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CORE: Final = ROOT / "services" / "werknetz_core"
TEXTS: Final = ROOT / "services" / "dashboard" / "src" / "i18n"


def _literals(node: ast.AST, constants: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the texts that an expression may be: of constants, of both ways of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, constants)
        yield from _literals(node.orelse, constants)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _literals(value, constants)
    elif isinstance(node, ast.Tuple):
        yield from _literals(node.elts[0], constants)
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _literals(constants[node.id], constants)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from _literals(constants.get(node.func.id, ast.Constant(None)), constants)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    constants: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            constants[node.target.id] = node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = node.value
        elif isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return):
            constants[node.name] = node.body[-1].value or ast.Constant(None)
    return constants


def _find_words(position: int) -> set[str]:
    """Return the actions (1) or subjects (2) that the core writes with `record_change`."""
    words: set[str] = set()
    for file in CORE.rglob("*.py"):
        tree = ast.parse(file.read_text())
        constants = _constants(tree)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"record_change", "record_at_once"}
                and len(node.args) > position + 1
            ):
                words |= set(_literals(node.args[position + 1], constants))
    return words


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("group", "position", "least"), [("actions", 1, 20), ("subjects", 2, 25)])
def test_what_the_audit_log_names_has_a_word(
    language: str, group: str, position: int, least: int
) -> None:
    recorded = _find_words(position)
    assert len(recorded) >= least, f"found only {sorted(recorded)}"
    texts = json.loads((TEXTS / language / "settings.json").read_text())
    assert recorded - set(texts["auditLog"][group]) == set()
