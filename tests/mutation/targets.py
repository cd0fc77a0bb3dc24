"""What is mutated, and by which tests each mutant must be files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Target:
    """A package or some modules of it, and the tests that guard them; both may be patterns."""

    name: str
    paths: tuple[str, ...]
    tests: tuple[str, ...]
    seeds: int = 0  # of the simulation, after the tests
    needs_database: bool = False  # each mutant starts PostgreSQL: left out of the short form
    in_short: bool = True  # false: left out of the short form, as its checks take long to load

    def modules(self) -> list[str]:
        """Return the paths of its modules, relative to the checkout."""
        files: list[Path] = []
        for path in _expand(self.paths):
            files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
        return [str(path.relative_to(ROOT)) for path in files if path.stat().st_size]

    def test_paths(self) -> tuple[str, ...]:
        """Return the paths of its tests, relative to the checkout."""
        return tuple(str(path.relative_to(ROOT)) for path in _expand(self.tests))


def _expand(patterns: tuple[str, ...]) -> list[Path]:
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    if not paths:
        raise FileNotFoundError(f"nothing matches {', '.join(patterns)}")
    return paths


TARGETS: Final = (
    Target(
        "kpi",
        ("libs/werknetz/kpi/*.py", "libs/werknetz/kpi/formulas"),
        (
            "tests/unit/werknetz/kpi/test_*.py",
            "tests/unit/werknetz/kpi/facts/test_people_and_material.py",
            "tests/unit/werknetz/kpi/golden",
            "tests/unit/werknetz/kpi/knowledge",
            "tests/unit/werknetz/kpi/timeline",
            "tests/unit/werknetz/own_kpis/test_definition.py",
        ),
    ),
    Target(
        "kpi knowledge",
        ("libs/werknetz/kpi/knowledge",),
        ("tests/unit/werknetz/kpi/knowledge", "tests/unit/werknetz/kpi/test_counts*.py"),
    ),
    Target(
        "kpi facts",
        ("libs/werknetz/kpi/facts",),
        ("tests/unit/werknetz/kpi/facts", "tests/unit/werknetz/kpi/golden"),
    ),
    Target(
        "kpi timeline",
        ("libs/werknetz/kpi/timeline",),
        ("tests/unit/werknetz/kpi/timeline", "tests/unit/werknetz/kpi/test_named_stops.py"),
    ),
    Target("kpi energy", ("libs/werknetz/kpi/energy",), ("tests/unit/werknetz/kpi/energy",)),
    Target("kpi stops", ("libs/werknetz/kpi/stops",), ("tests/unit/werknetz/kpi/test_*stop*.py",)),
    Target("kpi supply", ("libs/werknetz/kpi/supply",), ("tests/unit/werknetz/kpi/supply",)),
    Target("kpi stock", ("libs/werknetz/kpi/stock",), ("tests/unit/werknetz/kpi/stock",)),
    Target("kpi losses", ("libs/werknetz/kpi/losses",), ("tests/unit/werknetz/kpi/losses",)),
    Target("kpi targets", ("libs/werknetz/kpi/targets",), ("tests/unit/werknetz/kpi/targets",)),
    Target(
        "kpi orders",
        ("libs/werknetz/kpi/orders",),
        (
            "tests/unit/werknetz/kpi/test_orders.py",
            "tests/unit/werknetz/kpi/golden/test_order_examples.py",
            "tests/unit/werknetz/kpi/knowledge/test_oracle.py",
        ),
    ),
    Target(
        "kpi records", ("libs/werknetz/kpi/records",), ("tests/unit/werknetz/kpi/test_records.py",)
    ),
    Target("own kpis", ("libs/werknetz/own_kpis",), ("tests/unit/werknetz/own_kpis",)),
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
        "ingest rows",
        (
            "services/werknetz_core/ingest/records/sample_rows.py",
            "services/werknetz_core/ingest/records/event_changes.py",
            "services/werknetz_core/ingest/records/books.py",
            "services/werknetz_core/ingest/pace.py",
        ),
        ("tests/unit/werknetz_core/ingest",),
    ),
    Target(
        "required fields",
        ("libs/werknetz/events/required.py",),
        ("tests/unit/werknetz/events/test_required.py",),
    ),
    Target(
        "cursors",
        tuple(f"services/werknetz_core/http/{name}.py" for name in ("sorting", "pagination")),
        tuple(
            f"tests/unit/werknetz_core/http/test_{name}.py" for name in ("sorting", "pagination")
        ),
    ),
    Target(
        "reasons",
        ("services/werknetz_core/quarantine/reasons.py",),
        ("tests/unit/werknetz_core/quarantine",),
    ),
    # Only tests with a database guard these: each trial starts PostgreSQL, which takes seconds.
    Target(
        "ingest",
        (
            "services/werknetz_core/ingest/apply.py",
            "services/werknetz_core/ingest/leases.py",
            "services/werknetz_core/ingest/spool_batches.py",
            "services/werknetz_core/ingest/session.py",
            "services/werknetz_core/ingest/writer.py",
        ),
        ("tests/integration/werknetz_core/ingest", "tests/unit/werknetz_core/ingest/test_*.py"),
        needs_database=True,
    ),
    Target(
        "audit chain",
        ("libs/werknetz_client/audit/chain.py", "libs/werknetz_client/audit/files.py"),
        ("tests/unit/werknetz_client/audit",),
    ),
    Target(
        "sign-in",
        (
            "services/werknetz_core/accounts/names.py",
            "services/werknetz_core/accounts/password_rules.py",
            "services/werknetz_core/accounts/recovery_codes.py",
            "services/werknetz_core/accounts/secret_box.py",
            "services/werknetz_core/accounts/totp.py",
            "services/werknetz_core/sessions/cookies.py",
            "services/werknetz_core/sessions/kinds.py",
            "services/werknetz_core/sessions/origin_check.py",
        ),
        ("tests/unit/werknetz_core/accounts", "tests/unit/werknetz_core/sessions"),
    ),
    Target(
        "lock-out",
        ("services/werknetz_core/accounts/lock_out.py",),
        (
            "tests/unit/werknetz_core/accounts/test_back_off.py",
            "tests/unit/werknetz_core/accounts/test_lock_out.py",
        ),
    ),
    Target(
        "oidc",
        (
            "services/werknetz_core/oidc/attempt.py",
            "services/werknetz_core/oidc/groups.py",
            "services/werknetz_core/oidc/tokens/*.py",
            "services/werknetz_core/oidc/provider/signing_keys.py",
        ),
        ("tests/unit/werknetz_core/oidc",),
        in_short=False,
    ),
)
