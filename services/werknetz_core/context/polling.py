"""Responses that dashboards poll: an ETag, 304 without a query, and no unknown parameter."""

import difflib
from collections.abc import Awaitable, Callable, Iterator, Sequence

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from werknetz_core.context.app_context import AppContext, Viewer
from werknetz_core.http.etag import CACHE_CONTROL, etag_matches
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.responses import json_response, not_modified


async def polled_response(
    request: Request,
    context: AppContext,
    paths: Sequence[str],
    facts: Sequence[object],
    compute: Callable[[], Awaitable[object]],
) -> Response:
    """Respond with what `compute` returns, or with 304 if nothing has changed.

    `facts`: what the response depends on beside the data below `paths`.
    """
    etag = await context.watermarks.etag_of(paths, [request.url.path, *facts], context.now_us())
    if etag is not None and etag_matches(request.headers.get("if-none-match"), etag):
        return not_modified(etag, CACHE_CONTROL)
    # The ETag was read before the rows: after a change in between, the next poll computes again.
    headers = {"Vary": "Accept, Authorization, X-API-Key"}
    if etag is not None:
        headers |= {"ETag": etag, "Cache-Control": CACHE_CONTROL}
    return json_response(await compute(), headers)


def refuse_unknown_parameters(request: Request, _: Viewer) -> None:
    """Raise 422 with the nearest name for a query parameter that the route does not have.

    The key is checked first: without one a request gets no other answer than 401.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    parameters = set(_query_names(route.dependant))
    for name in sorted(set(request.query_params) - parameters):
        near = difflib.get_close_matches(name, sorted(parameters), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(parameters))}."
        raise invalid_parameter(name, f"This route has no parameter {name!r}.", hint)


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _query_names(dependency)
