"""Each route that can change something records it in the audit log, or a reason says why not."""

import dis
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import pytest
from fastapi.routing import iter_route_contexts

from werknetz_core.app import create_app
from werknetz_core.audit.record import record_change
from werknetz_core.settings import CoreSettings

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Routes that record no change, and why.
NOT_AUDITED: Final = {
    ("POST", "/api/v1/events:batch"): "it takes data of a source, which has books of its own",
    ("POST", "/api/v1/kpi_values:query"): "it only reads",
    ("POST", "/api/v1/kpi_definitions:test"): "it only computes",
    ("POST", "/api/v1/mappings:preview"): "it only computes",
    ("POST", "/api/v1/mappings:diff"): "it only computes",
    ("POST", "/api/v1/equipment/{path:path}/calendars:preview"): "it only computes",
    ("POST", "/api/v1/equipment/{path:path}/calendars:import"): "it only computes",
}


def unsafe_routes() -> dict[tuple[str, str], Callable[..., Any]]:
    app = create_app(CoreSettings("postgresql://nowhere"))
    return {
        (method, route.path or ""): route.endpoint
        for route in iter_route_contexts(app.routes)
        for method in (getattr(route, "methods", None) or set()) - SAFE
    }


def calls(function: object) -> Iterator[object]:
    """Yield what a function of the core may call: the names in its code that are global."""
    if isinstance(function, type):
        for member in vars(function).values():
            if isinstance(member, FunctionType | staticmethod | classmethod):
                yield inspect.unwrap(getattr(member, "__func__", member))
        return
    if not isinstance(function, FunctionType):
        return
    yield from _names_in(function.__code__, function.__globals__)


def _names_in(code: CodeType, names: dict[str, Any]) -> Iterator[object]:
    owner: object = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            owner = names.get(instruction.argval)
            yield owner
        elif instruction.opname in {"LOAD_ATTR", "LOAD_METHOD"}:
            # A function of a module that was imported as such; another attribute is nobody's.
            owner = getattr(owner, instruction.argval, None) if _is_owner(owner) else None
            yield owner
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant, names)


def _is_owner(owner: object) -> bool:
    return isinstance(owner, ModuleType | type)


def is_recorded(endpoint: Callable[..., Any]) -> bool:
    visited: set[int] = set()
    waiting: list[object] = [inspect.unwrap(endpoint)]
    while waiting:
        function = waiting.pop()
        if function is record_change:
            return True
        module = getattr(function, "__module__", None) or ""
        if id(function) in visited or not module.startswith("werknetz_core."):
            continue
        visited.add(id(function))
        waiting += calls(function)
    return False


ROUTES: Final = unsafe_routes()


@pytest.mark.parametrize("route", sorted(ROUTES.keys() - NOT_AUDITED.keys()), ids=" ".join)
def test_a_route_that_changes_something_is_in_the_audit_log(route: tuple[str, str]) -> None:
    assert is_recorded(ROUTES[route]), (
        f"{' '.join(route)} does not reach record_change: record the change in its transaction, "
        "or give the reason in NOT_AUDITED"
    )


@pytest.mark.parametrize("route", NOT_AUDITED, ids=" ".join)
def test_a_route_with_a_reason_exists_and_records_nothing(route: tuple[str, str]) -> None:
    assert not is_recorded(ROUTES[route])


def test_there_are_routes_that_change_something() -> None:
    assert len(ROUTES) > 40
