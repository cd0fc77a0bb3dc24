"""Rules that matter are tests: names, words, sizes, one home for each thing.

`python -m plumbing.house [PATH …]` lists what breaks the rules of names and words.
"""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
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


def by_folder(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the files by the first three parts of their path: a test for each costs minutes."""
    folders: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        folders["/".join(path.parts[:3][: len(path.parts) - 1])].append(path)
    return folders


MODULES_OF = by_folder(MODULES)
OUR_FILES_OF = by_folder(OUR_FILES)


@cache
def tree_of(module: Path) -> tuple[str, ast.Module]:
    text = (ROOT / module).read_text()
    return text, ast.parse(text)


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("folder", MODULES_OF)
def test_modules(folder: str) -> None:
    defects = [
        f"{module}: {defect}" for module in MODULES_OF[folder] for defect in module_defects(module)
    ]
    assert not defects


def module_defects(module: Path) -> Iterator[str]:
    text, tree = tree_of(module)
    if module.stem in FORBIDDEN_MODULES:
        yield "name the module after what it holds"
    if FORBIDDEN_MARKS.search(text):
        yield "do it, or file an issue: no marks in the tree"
    if text.strip() and module.name != "__init__.py" and not ast.get_docstring(tree):
        yield "state in 1-5 lines what the module is for"
    if text.count("\n") > FILE_LINES_MAX:
        yield "split it along a reason"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
            and node.name != "register"
        ):
            yield f"{node.name} at line {node.lineno}: split it, keep the branching in the parent"


@pytest.mark.parametrize("folder", OUR_FILES_OF)
def test_names_and_prose_use_the_terms_of_the_field(folder: str) -> None:
    assert not [
        str(breach) for path in OUR_FILES_OF[folder] for breach in house.file_breaches(ROOT / path)
    ]


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


@pytest.mark.parametrize("folder", MODULES_OF)
def test_no_exception_is_swallowed(folder: str) -> None:
    silent = [
        f"{module}, line {node.lineno}: state the reason, or let it through"
        for module in MODULES_OF[folder]
        for node in ast.walk(tree_of(module)[1])
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
    ]
    assert not silent


@pytest.mark.parametrize("folder", MODULES_OF)
def test_no_task_runs_unsupervised(folder: str) -> None:
    """A bare task that dies is noticed by nobody: use a TaskGroup, or runtime/background.py."""
    bare = [
        f"{module}, line {node.lineno}"
        for module in MODULES_OF[folder]
        if module != BACKGROUND
        for node in ast.walk(tree_of(module)[1])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) in {"asyncio.create_task", "loop.create_task"}
    ]
    assert not bare


@pytest.mark.parametrize("folder", MODULES_OF)
def test_endpoints_return_what_they_declare(folder: str) -> None:
    ignoring = [
        module
        for module in MODULES_OF[folder]
        if "type: ignore[return-value]" in tree_of(module)[0]
    ]
    assert not ignoring


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
