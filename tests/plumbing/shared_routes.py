"""Let the applications of a test session share what FastAPI builds of their routes.

To build it for 171 operations takes half a second, each test has an application of its own, and
all include the same routers in the same way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from fastapi.routing import _IncludedRouter

_candidates: dict[Any, tuple[Any, Any]] = {}
_low_priority: dict[Any, tuple[Any, Any]] = {}
_build_candidates = _IncludedRouter.effective_candidates
_build_low_priority = _IncludedRouter.effective_low_priority_routes


@contextmanager
def shared_routes() -> Iterator[None]:
    """Within it applications are created from routes that were built before."""
    with (
        mock.patch.object(_IncludedRouter, "effective_candidates", _shared_candidates),
        mock.patch.object(_IncludedRouter, "effective_low_priority_routes", _shared_low_priority),
    ):
        yield


def _shared_candidates(router: _IncludedRouter) -> Any:
    key = _key_of(router)
    if key in _candidates:
        routes, routes_version = _candidates[key]
        router._effective_candidates = routes
        router._effective_candidates_version = routes_version
    routes = _build_candidates(router)  # at once, unless the router has other routes now
    _candidates[key] = routes, router._effective_candidates_version
    return routes


def _shared_low_priority(router: _IncludedRouter) -> Any:
    key = _key_of(router)
    if key in _low_priority:
        routes, routes_version = _low_priority[key]
        router._effective_low_priority_routes = routes
        router._effective_low_priority_routes_version = routes_version
    routes = _build_low_priority(router)
    _low_priority[key] = routes, router._effective_low_priority_routes_version
    return routes


def _key_of(router: _IncludedRouter) -> Any:
    include = router.include_context
    dependencies = tuple(dependency.dependency for dependency in include.dependencies)
    return id(router.original_router), include.prefix, dependencies, include.include_in_schema
