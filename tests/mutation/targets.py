"""What is mutated, and by which tests each mutant must be files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Target:
    """A package or some modules of it, and the tests that guard them."""

    name: str
    paths: tuple[str, ...]
    tests: tuple[str, ...]
    seeds: int = 0  # of the simulation, after the tests
    needs_database: bool = False  # each mutant starts PostgreSQL: left out of the short form

    def modules(self) -> list[str]:
        """Return the paths of its modules, relative to the checkout."""
        files: list[Path] = []
        for path in self.paths:
            whole = ROOT / path
            files += sorted(whole.rglob("*.py")) if whole.is_dir() else [whole]
        return [str(path.relative_to(ROOT)) for path in files if path.stat().st_size]

    def tests_of(self, module: str) -> list[str]:
        """Return the tests of a module: first the folder that mirrors its own."""
        mirror = Path("tests/unit") / Path(*Path(module).parts[1:]).parent
        first = [str(mirror)] if (ROOT / mirror).is_dir() else []
        return list(dict.fromkeys([*first, *self.tests]))


TARGETS: Final = (
    Target("kpi", ("libs/werknetz/kpi",), ("tests/unit/werknetz/kpi",)),
    Target(
        "link",
        tuple(f"libs/werknetz/link/{name}.py" for name in ("receiver", "sender", "watermark")),
        ("tests/unit/werknetz/link",),
        seeds=40,
    ),
    Target(
        "link messages",
        ("libs/werknetz/link/wire.py", "libs/werknetz/link/memory.py"),
        ("tests/unit/werknetz/link", "tests/contract/werknetz/link"),
    ),
    Target("domain", ("libs/werknetz/domain",), ("tests/unit/werknetz/domain",)),
    Target("spool", ("services/werknetz_edge/spool",), ("tests/unit/werknetz_edge/spool",)),
    Target(
        "ingest rows", ("services/werknetz_core/ingest/rows.py",), ("tests/unit/werknetz_core",)
    ),
    Target(
        "ingest",
        tuple(
            f"services/werknetz_core/ingest/{name}.py" for name in ("apply", "session", "writer")
        ),
        ("tests/integration/werknetz_core/ingest",),
        needs_database=True,
    ),
)
