"""What each route costs is known before it reads: by what is asked, or constant with a reason."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from plumbing.call_graph import reaches
from werknetz_core.app import create_app
from werknetz_core.limits.reading import reading, wide_turn
from werknetz_core.settings import CoreSettings

CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Routes with a span or a horizon, or without pages, that cost the same whatever is asked; the
# others that read are pages in the order of an index, or one object by its key.
_PAGE: Final = "a page of rows in the order of an index; the span only bounds it"
CONSTANT: Final = {
    **dict.fromkeys(
        (
            "GET /annotations", "GET /audit", "GET /due_lines", "GET /events", "GET /findings",
            "GET /gaps", "GET /operations", "GET /orders", "GET /quantity_entries",
            "GET /receipts", "GET /shipments", "GET /stock_movements",
        ),
        _PAGE,
    ),
    "GET /audit/head": "the newest entry and a count",
    "GET /equipment/{path:path}/calendars": "the versions of one calendar",
    "GET /equipment/{path:path}/calendars.ics": "at most three years of one calendar",
    "GET /shifts": "at most 400 days of one calendar",
    "GET /kpis": "the definitions of KPIs, which are in memory",
    "GET /kpis.xml": "the definitions of KPIs, which are in memory",
    "GET /me": "who asks",
    "GET /session": "who asks",
    "GET /session/ways": "the settings of signing in",
    "GET /session/oidc/login": "one redirection",
    "GET /session/oidc/callback": "one session",
    "GET /stream": "changes from now on, at most two a second of a signal",
    "GET /health/live": "nothing is read",
    "GET /health/ready": "one probe of each server",
    "GET /info": "nothing is read",
    "GET /metrics": "the counters of this process",
}  # fmt: skip
# Routes that are sent by POST, and only read.
READING_POSTS: Final = frozenset({
    "POST /kpi_values:query", "POST /mappings:preview", "POST /mappings:diff",
})  # fmt: skip


def routes() -> Iterator[tuple[str, RouteContext]]:
    app = create_app(CoreSettings("postgresql://nowhere"))
    for route in iter_route_contexts(app.routes):
        for method in (getattr(route, "methods", None) or set()) - {"HEAD", "OPTIONS"}:
            if (route.path or "").startswith("/api/v1"):
                yield f"{method} {(route.path or '').removeprefix('/api/v1')}", route


def parameters_of(route: RouteContext) -> frozenset[str]:
    """Return the names of all query parameters."""

    def names(dependant: Any) -> Iterator[str]:
        yield from (field.alias for field in dependant.query_params)
        for own in dependant.dependencies:
            yield from names(own)

    return frozenset(names(getattr(route, "dependant", None)))


def is_weighed(endpoint: Callable[..., Any]) -> bool:
    return reaches(endpoint, reading, wide_turn)


def is_page(name: str, route: RouteContext) -> bool:
    """Whether it is a page of an index, or one object."""
    parameters = parameters_of(route)
    has_span = not parameters.isdisjoint({"start", "end", "days", "horizon_days"})
    is_one = name.endswith("}") and not has_span
    return is_one or ("cursor" in parameters and not has_span)


ROUTES: Final = dict(routes())
READING: Final = {n: r for n, r in ROUTES.items() if n.partition(" ")[0] not in CHANGING}
DECLARED: Final = {n: r for n, r in READING.items() if not is_page(n, r)}


@pytest.mark.parametrize("name", sorted(DECLARED.keys() | READING_POSTS))
def test_a_route_has_a_weight_or_the_reason_why_it_costs_the_same(name: str) -> None:
    assert is_weighed(ROUTES[name].endpoint) != (name in CONSTANT), (
        f"{name} neither reads by `werknetz_core.limits.reading.reading` with what it reads, nor "
        "gives the reason in CONSTANT"
    )


@pytest.mark.parametrize("name", CONSTANT)
def test_a_reason_is_of_a_route_that_needs_one(name: str) -> None:
    assert name in DECLARED


def test_the_routes_are_found() -> None:
    weighed = {name for name, route in ROUTES.items() if is_weighed(route.endpoint)}
    assert weighed >= READING_POSTS
    assert len(weighed) > 15
    assert len(READING) > 60
