"""The rules of names, words and sizes, as functions over source files.

`python -m plumbing.house [PATH …]` (from `tests/`) lists what breaks them; the test
`contract/test_house_rules.py` fails on it. A rule is data where it can be: add a word here.
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROOT: Final = Path(__file__).resolve().parents[2]
SHELVES: Final = ("libs", "services")
MODULES_MAX: Final = 12
CROWDED: Final[dict[str, str]] = {}
"""Packages above MODULES_MAX, with the reason why they are one subject."""

# Words that say what things do to each other instead of what they are.
FORBIDDEN_IN_NAMES: Final = _words("""
    told tell tells heard hear hears said say says spoken speak speaks asked asks ask asking
    story stories mischief crew wish wishes wished veiled veil holes owed greet greeting kept
    anew truths forgotten abroad abode
""")
# "taken" is a column of a connector's books.
BARE_NAMES: Final = _words("""
    one ones each found told said given kept asked heard known wanted held made seen
""")
PARTICIPLES: Final = _words("""
    told given kept found said heard held made cut spoken shown known written taken sent lost
    left seen gone done drawn brought meant bound born built understood
""")
NOT_PARTICIPLES: Final = _words("""
    feed seed need speed embed exceed proceed shed
""")
FORBIDDEN_PROSE: Final = re.compile(
    r"\b(told|tells?|telling|heard|hears?|said|spoken|speaks? of|across the gate|the beat|"
    r"story|stories|last words|a new life|mischief|what was asked|kept apart)\b",
    re.IGNORECASE,
)
SQL: Final = re.compile(
    r"^\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+(RECURSIVE\s+)?\w+\s"
    r"|TRUNCATE\s|COPY\s\w+)",
)
SQL_FREE: Final = ("services/werknetz_core/", "services/werknetz_worker/")
"""Statements over our tables have one home: werknetz/store."""


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    path: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


def python_files(*shelves: str) -> list[Path]:
    return sorted(
        path
        for shelf in shelves
        for path in (ROOT / shelf).rglob("*.py")
        if "node_modules" not in path.parts and not path.name.endswith("_pb2.py")
    )


def words_of(name: str) -> list[str]:
    """Split snake_case and CamelCase into lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def is_participle(name: str) -> bool:
    bare = name.strip("_").lower()
    if bare in NOT_PARTICIPLES:
        return False
    return bare in PARTICIPLES or (bare.endswith("ed") and "_" not in bare)


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(deco) for deco in node.decorator_list)


def _names_of(tree: ast.AST) -> Iterator[tuple[str, int, str]]:
    """Every name that the file defines: (name, line, kind)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, "property" if _is_property(node) else "function"
        elif isinstance(node, ast.ClassDef):
            yield node.name, node.lineno, "class"
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno, "variable"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno, "variable"
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno, "variable"


def name_breaches(path: Path, tree: ast.AST) -> Iterator[Breach]:
    where = str(path.relative_to(ROOT))
    for word in words_of(path.stem):
        if word in FORBIDDEN_IN_NAMES:
            yield Breach(where, 1, "forbidden word in a module's name", path.stem)
    for name, line, kind in _names_of(tree):
        bare = name.strip("_")
        if forbidden := FORBIDDEN_IN_NAMES.intersection(words_of(name)):
            yield Breach(where, line, f"forbidden word {min(forbidden)!r}", name)
        elif kind == "function" and is_participle(name):
            yield Breach(where, line, "a function is a verb, not a bare participle", name)
        elif kind == "variable" and bare in BARE_NAMES:
            yield Breach(where, line, "a variable is named for what it holds", name)


def _prose(text: str, tree: ast.AST) -> Iterator[tuple[str, int]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for number, line in enumerate(node.value.splitlines()):
                yield line, node.lineno + number


def prose_breaches(path: Path, text: str, tree: ast.AST) -> Iterator[Breach]:
    where = str(path.relative_to(ROOT))
    if path.name in {"house.py", "test_house_rules.py"}:
        return
    for line, number in _prose(text, tree):
        if match := FORBIDDEN_PROSE.search(line):
            yield Breach(where, number, f"private word {match.group(0)!r}", line.strip()[:90])


def sql_breaches(path: Path, tree: ast.AST) -> Iterator[Breach]:
    where = str(path.relative_to(ROOT))
    if not where.startswith(SQL_FREE):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield Breach(
                where, node.lineno, "SQL outside werknetz/store", " ".join(node.value.split())[:60]
            )


def file_breaches(path: Path) -> list[Breach]:
    text = path.read_text()
    tree = ast.parse(text)
    return sorted(
        {
            *name_breaches(path, tree),
            *prose_breaches(path, text, tree),
            *sql_breaches(path, tree),
        }
    )


def package_breaches() -> list[Breach]:
    breaches = []
    for package in {path.parent for path in python_files(*SHELVES)}:
        where = str(package.relative_to(ROOT))
        count = sum(1 for path in package.glob("*.py") if path.name != "__init__.py")
        if count > MODULES_MAX and where not in CROWDED:
            breaches.append(Breach(where, 0, f"more than {MODULES_MAX} modules", str(count)))
    return sorted(breaches)


def class_breaches() -> list[Breach]:
    places: dict[str, list[str]] = defaultdict(list)
    for path in python_files(*SHELVES):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return [
        Breach(where[0], 0, "class name used for two things", f"{name}: {', '.join(where)}")
        for name, where in sorted(places.items())
        if len(where) > 1
    ]


def main(paths: list[str]) -> int:
    selected = [(ROOT / path).resolve() for path in paths]
    files = [
        path
        for path in python_files("libs", "services", "tests", "deploy")
        if not selected or any(path == s or s in path.parents for s in selected)
    ]
    breaches = [breach for path in files for breach in file_breaches(path)]
    if not selected:
        breaches += package_breaches() + class_breaches()
    for breach in breaches:
        print(breach)
    counts = Counter(breach.rule.split(" '")[0] for breach in breaches)
    print(f"{len(breaches)} breaches: {dict(counts.most_common())}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
