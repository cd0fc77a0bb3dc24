"""Rules that matter are tests: names, sizes, words that may not stand in the tree."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path.relative_to(ROOT)
    for shelf in ("libs", "services")
    for path in (ROOT / shelf).rglob("*.py")
)
FUNCTION_LINES_MAX = 50  # one screen
FILE_LINES_MAX = 400
FORBIDDEN_MODULES = {"utils", "helpers", "common", "misc", "manager", "handler", "handlers", "data"}
FORBIDDEN_MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HOSTS = re.compile(rb"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|debian\.org/debian)")


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module(module: Path) -> None:
    text = (ROOT / module).read_text()
    tree = ast.parse(text)
    assert module.stem not in FORBIDDEN_MODULES, "name the module after what it holds"
    assert not FORBIDDEN_MARKS.search(text), "do it, or file an issue: no marks in the tree"
    if text.strip() and module.name != "__init__.py":
        assert ast.get_docstring(tree), "a module says in 1-5 lines what it is for"
    assert text.count("\n") <= FILE_LINES_MAX, "split it along a reason"
    too_long = [
        f"{node.name} at line {node.lineno}: split it, keep the branching in the parent"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
        and node.name != "register"
    ]
    assert not too_long


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_exception_is_swallowed(module: Path) -> None:
    silent = [
        f"line {node.lineno}: say why, or let it through"
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
    ]
    assert not silent


def _tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / name.decode() for name in listing.split(b"\0") if name]


def test_no_registry_host_and_no_lock_with_addresses_is_tracked() -> None:
    tracked = [path for path in _tracked() if path.is_file()]
    assert not [path for path in tracked if path.name in {"uv.lock", "pylock.toml"}]
    assert not [str(path) for path in tracked if HOSTS.search(path.read_bytes())]


def test_no_large_or_generated_file_is_tracked() -> None:
    assert not [str(p) for p in _tracked() if p.is_file() and p.stat().st_size > 1_000_000]
    assert not [str(p) for p in _tracked() if "node_modules" in p.parts]
