"""Rules that matter are tests: names, words, sizes, one home for each thing.

`python -m plumbing.house [PATH …]` lists what breaks the rules of names and words.
"""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from plumbing import house

ROOT = house.ROOT
MODULES = [path.relative_to(ROOT) for path in house.python_files(*house.SHELVES)]
OUR_FILES = [
    path.relative_to(ROOT) for path in house.python_files(*house.SHELVES, "tests", "deploy", "docs")
]
FUNCTION_LINES_MAX = 50  # one screen
FILE_LINES_MAX = 400
FORBIDDEN_MODULES = {"utils", "helpers", "common", "misc", "manager", "handler", "handlers", "data"}
FORBIDDEN_MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HOSTS = re.compile(rb"https?://[a-z0-9.-]*(pypi|pythonhosted|npmjs|debian\.org/debian)")
BACKGROUND = Path("libs/werknetz/runtime/background.py")
"""The one module that may start a task outside a TaskGroup: it logs and restarts it."""


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module(module: Path) -> None:
    text = (ROOT / module).read_text()
    tree = ast.parse(text)
    assert module.stem not in FORBIDDEN_MODULES, "name the module after what it holds"
    assert not FORBIDDEN_MARKS.search(text), "do it, or file an issue: no marks in the tree"
    if text.strip() and module.name != "__init__.py":
        assert ast.get_docstring(tree), "state in 1-5 lines what the module is for"
    assert text.count("\n") <= FILE_LINES_MAX, "split it along a reason"
    too_long = [
        f"{node.name} at line {node.lineno}: split it, keep the branching in the parent"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
        and node.name != "register"
    ]
    assert not too_long


@pytest.mark.parametrize("path", OUR_FILES, ids=str)
def test_names_and_prose_use_the_terms_of_the_field(path: Path) -> None:
    assert not [str(breach) for breach in house.file_breaches(ROOT / path)]


def test_a_package_has_one_subject() -> None:
    assert not [str(breach) for breach in house.package_breaches()]


def test_a_class_name_means_one_thing() -> None:
    assert not [str(breach) for breach in house.class_breaches()]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("def told(): ...", "forbidden word 'told'"),
        ("def kept(): ...", "forbidden word 'kept'"),
        ("def written(): ...", "a function is a verb, not a bare participle"),
        ("def f():\n    found = 1", "a variable is named for what it holds"),
        ("def f(one): ...", "a variable is named for what it holds"),
        ("class SaidThings: ...", "forbidden word 'said'"),
        ('X = "what the source told us"', "private word 'told'"),
        ("x = 1  # across the gate", "private word 'across the gate'"),
    ],
)
def test_the_rules_find_what_they_forbid(text: str, rule: str, tmp_path: Path) -> None:
    tree = ast.parse(text)
    path = ROOT / "libs" / "example.py"
    breaches = [
        *house.name_breaches(path, tree),
        *house.prose_breaches(path, text + "\n", tree),
    ]
    assert [breach.rule for breach in breaches] == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "def load(): ...",
        "class A:\n    @property\n    def closed(self): ...",
        "def feed(): ...",
    ],
)
def test_the_rules_pass_plain_names(text: str) -> None:
    path = ROOT / "libs" / "example.py"
    tree = ast.parse(text)
    assert not [*house.name_breaches(path, tree), *house.prose_breaches(path, text + "\n", tree)]


def test_sql_outside_the_store_is_found() -> None:
    path = ROOT / "services" / "werknetz_core" / "example.py"
    assert list(house.sql_breaches(path, ast.parse('Q = "SELECT 1 FROM samples"')))
    assert not list(house.sql_breaches(path, ast.parse('Q = "select a plant"')))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_exception_is_swallowed(module: Path) -> None:
    silent = [
        f"line {node.lineno}: state the reason, or let it through"
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
    ]
    assert not silent


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_task_runs_unsupervised(module: Path) -> None:
    """A bare task that dies is noticed by nobody: use a TaskGroup, or runtime/background.py."""
    bare = [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse((ROOT / module).read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"asyncio.create_task", "loop.create_task"}
        and module != BACKGROUND
    ]
    assert not bare


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_endpoints_return_what_they_declare(module: Path) -> None:
    assert "type: ignore[return-value]" not in (ROOT / module).read_text()


def test_dirty_buckets_are_marked_in_one_place() -> None:
    """Several statements had drifted: one of them forgot the guard of the retention."""
    places = [
        str(module)
        for module in MODULES
        if re.search(r"INSERT\s+INTO\s+dirty_buckets", (ROOT / module).read_text())
    ]
    assert places == ["libs/werknetz/store/dirty.py"]


def _tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / name.decode() for name in listing.split(b"\0") if name]


def test_no_registry_host_and_no_lock_with_addresses_is_tracked_files() -> None:
    tracked = [path for path in _tracked_files() if path.is_file()]
    assert not [path for path in tracked if path.name in {"uv.lock", "pylock.toml"}]
    assert not [str(path) for path in tracked if HOSTS.search(path.read_bytes())]


def test_no_large_or_generated_file_is_tracked_files() -> None:
    assert not [str(p) for p in _tracked_files() if p.is_file() and p.stat().st_size > 1_000_000]
    assert not [str(p) for p in _tracked_files() if "node_modules" in p.parts]
