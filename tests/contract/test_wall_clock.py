"""Time-outs and ages are measured by the monotonic clock: no arithmetic with the wall clock.

A function that reads the wall clock and subtracts or compares what it has read is listed here with
its reason, or it is a defect: the operator, NTP or a summer-time bug may set the clock at any time.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "clock_us", "now_us"}
ALLOWED = {
    # module: {function: why only the wall clock can say it}
    "libs/werknetz_client/commands/doctor.py": {
        "*": "compares the wall clocks of two machines, which is its purpose",
    },
    "services/werknetz_edge/opcua/explore/on_demand.py": {
        "_certificate_document": "a certificate is valid between two instants",
    },
    "services/werknetz_core/api_keys/endpoints.py": {
        "rotate_key": "keys end at an instant that a person chose",
    },
    "services/werknetz_core/kpis/values/compute.py": {"reads": "windows are instants of data"},
    "services/werknetz_core/stream/topics.py": {
        "_load_states": "newest states are looked for from an instant of data on",
    },
    "services/werknetz_core/ingest/records/gap_marks.py": {
        "gap_edge_marks": "the ends of a gap are instants of data",
    },
    "services/werknetz_edge/opcua/subscription/item_check.py": {
        "_renew": "a gap begins at an instant: now less an age by the monotonic clock",
    },
    "services/werknetz_edge/sparkplug/connector.py": {
        "_save_session_time": "a gap begins at an instant: now less a monotonic delay",
    },
    "services/werknetz_edge/sql/session.py": {"_advance": "instants of the source's rows"},
    "services/werknetz_edge/rest/client.py": {"*": "Retry-After names an instant"},
    "services/werknetz_edge/webhook/app.py": {"*": "signatures name the instant of sending"},
    "services/werknetz_edge/webhook/auth.py": {"*": "signatures name the instant of sending"},
    "services/werknetz_edge/opcua/connection/pki.py": {"*": "certificates name their validity"},
    "services/werknetz_edge/pipeline/pump.py": {
        "_status_of": "shows the age of a batch that an earlier boot may have stored",
    },
}
SKIPPED = (
    "services/werknetz_simulator",  # plants and their wall clocks
    "services/werknetz_demo",
    *(f"services/werknetz_core/{name}/" for name in (
        "annotations", "deliveries", "forecast", "losses", "mappings", "plants", "stops",
        "suppliers", "targets",
    )),  # queries about instants of data
)  # fmt: skip
_NO_ORDER = ast.Is | ast.IsNot | ast.In | ast.NotIn


def _name_of(call: ast.Call) -> str:
    names = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return ".".join(reversed(names[:2]))


def _reads_clock(node: ast.AST, clock_names: set[str]) -> bool:
    """Whether the expression contains a read of the wall clock, or a variable that holds one."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            name = _name_of(part)
            if name in READS or name.rpartition(".")[2] in {"clock_us", "now_us", "_clock_us"}:
                return True
        if isinstance(part, ast.Name) and part.id in clock_names:
            return True
    return False


def wall_clock_arithmetic(source: str) -> Iterator[tuple[str, int]]:
    """Yield (function, line) of each subtraction or comparison with the wall clock."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        names = {
            target.id
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and _reads_clock(node.value, set())
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            operands: list[ast.expr] = []
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                operands = [node.left, node.right]
            elif isinstance(node, ast.Compare) and not isinstance(node.ops[0], _NO_ORDER):
                operands = [node.left, *node.comparators]
            if any(_reads_clock(operand, names) for operand in operands):
                yield function.name, node.lineno


def _modules() -> list[Path]:
    return [
        path
        for folder in ("libs", "services")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not str(path.relative_to(ROOT)).startswith(SKIPPED)
    ]


def test_no_time_out_is_measured_by_the_wall_clock() -> None:
    defects = []
    for path in _modules():
        module = str(path.relative_to(ROOT))
        allowed = ALLOWED.get(module, {})
        defects += [
            f"{module}:{line}: {function}"
            for function, line in wall_clock_arithmetic(path.read_text(encoding="utf-8"))
            if "*" not in allowed and function not in allowed
        ]
    assert defects == [], "\n".join(["measure with time.monotonic(), or say why not:", *defects])


def test_every_exception_is_still_needed() -> None:
    for module, functions in ALLOWED.items():
        existing = {name for name, _ in wall_clock_arithmetic((ROOT / module).read_text())}
        unused = [name for name in functions if name != "*" and name not in existing]
        assert not unused, f"{module}: {unused} no longer needs an exception"


@pytest.mark.parametrize(
    ("source", "is_defect"),
    [
        ("def f(self): return time.time() - self.started > 5", True),
        ("def f(): now = time.time_ns() // 1000; return old < now", True),
        ("def f(): return datetime.now(UTC) - started", True),
        ("def f(self): return self._clock_us() - self.at_us", True),
        ("def f(): return time.monotonic() - started > 5", False),
        ("def f(): return Record(at_us=time.time_ns() // 1000)", False),
        ("def f(): now_us = time.time_ns(); return Record(now_us)", False),
    ],
)
def test_the_check_finds_arithmetic(source: str, *, is_defect: bool) -> None:
    assert bool(list(wall_clock_arithmetic(source))) is is_defect
