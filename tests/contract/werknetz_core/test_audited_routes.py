"""Each route that can change something records it in the audit log, or a reason says why not."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from fastapi.routing import iter_route_contexts

from plumbing.call_graph import reaches
from werknetz_core.app import create_app
from werknetz_core.audit.record import record_at_once, record_change
from werknetz_core.settings import CoreSettings

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Routes that record no change, and why.
NOT_AUDITED: Final = {
    ("POST", "/api/v1/events:batch"): "it takes data of a source, which has books of its own",
    ("POST", "/api/v1/kpi_values:query"): "it only reads",
    ("POST", "/api/v1/kpi_definitions:test"): "it only computes",
    ("POST", "/api/v1/mappings:preview"): "it only computes",
    ("POST", "/api/v1/mappings:diff"): "it only computes",
    ("POST", "/api/v1/mappings:amend"): "it only writes a document",
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


def is_recorded(endpoint: Callable[..., Any]) -> bool:
    return reaches(endpoint, record_change) or reaches(endpoint, record_at_once)


ROUTES: Final = unsafe_routes()


@pytest.mark.parametrize("route", sorted(ROUTES.keys() - NOT_AUDITED.keys()), ids=" ".join)
def test_a_route_that_changes_something_is_in_the_audit_log(route: tuple[str, str]) -> None:
    assert is_recorded(ROUTES[route]), (
        f"{' '.join(route)} does not reach record_change: record the change in its transaction "
        "(record_at_once what no rollback takes back), "
        "or give the reason in NOT_AUDITED"
    )


@pytest.mark.parametrize("route", NOT_AUDITED, ids=" ".join)
def test_a_route_with_a_reason_exists_and_records_nothing(route: tuple[str, str]) -> None:
    assert not is_recorded(ROUTES[route])


def test_there_are_routes_that_change_something() -> None:
    assert len(ROUTES) > 40
