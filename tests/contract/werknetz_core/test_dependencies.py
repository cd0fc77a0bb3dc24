"""What FastAPI calls before an endpoint."""

import inspect
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant

from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings


def test_no_dependency_needs_a_thread() -> None:
    """A function that is not async runs in a thread: that costs as much as the rest of a poll."""
    app = create_app(CoreSettings("postgresql://nowhere"))
    calls = {
        call
        for route in app.routes
        for context in getattr(route, "effective_route_contexts", tuple)()
        for call in _calls(context.dependant)
    }
    assert len(calls) > 100, "no routes found: FastAPI stores them elsewhere now"
    is_async = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    assert not [call for call in calls if not any(check(call) for check in is_async)]


def _calls(dependant: Dependant) -> Iterator[object]:
    if dependant.call is not None:
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
