"""Responses that dashboards poll: an ETag, 304 without a query, and no unknown parameter."""

import difflib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from werknetz.store.shop_floor.stops import LAST_CHANGES
from werknetz.texts.language import wanted_language
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal, require_key
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.etag import CACHE_CONTROL, etag_matches
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.responses import VARY, json_response, not_modified, with_content_etag

KNOWN_AT: Final[dict[str, tuple[str, ...]]] = {
    "as_of": (
        "kpi_values of equipment", "kpi_values/explain", "stops", "equipment/{path}/states",
        "equipment/{path}/counts",
    ),
    "known_at": ("call_offs", "stock_levels", "days_of_supply"),
}  # fmt: skip
"""Which routes answer by what was known at an instant, by the parameter that they take."""

KNOWN_THEN: Final = Sentence(
    "requests.known_at",
    as_of=[*KNOWN_AT["as_of"]],
    known_at=[*KNOWN_AT["known_at"]],
)
_VARY: Final = {"Vary": VARY}
SUPPLY_WATERMARKS: Final = ("#supply", "#stock")
"""Watermarks of what is derived from deliveries and stock, as workers increment them."""
PRODUCTS_WATERMARK: Final = "#products"
"""The watermark of what orders make."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What an answer depends on: data of the equipment, changes by people, the tree, the request.

    `etag` None: without Redis nobody knows what has changed.
    """

    etag: str | None
    is_known: bool  # the client has this answer

    @classmethod
    async def of(
        cls,
        request: Request,
        context: AppContext,
        paths: Sequence[str],
        facts: Sequence[object] = (),
    ) -> Self:
        """`paths`: the requested equipment, or names of watermarks; `facts`: further inputs."""
        changes = await context.database.fetchrow(LAST_CHANGES)
        tree = await context.tree.current()
        inputs = [
            str(request.url.path), str(request.url.query), request.headers.get("accept"),
            wanted_language(), tree.version, tuple(changes or ()), *facts,
        ]  # fmt: skip
        etag = await context.watermarks.etag_of(paths, inputs, context.now_us())
        return cls(etag, etag_matches(request.headers.get("if-none-match"), etag))

    @property
    def headers(self) -> dict[str, str]:
        if self.etag is None:
            return _VARY
        return {"ETag": self.etag, "Cache-Control": CACHE_CONTROL, **_VARY}

    def not_modified(self) -> Response:
        return not_modified(self.etag or "", CACHE_CONTROL)

    def complete(self, request: Request, response: Response) -> Response:
        """Return the response with an ETag; without Redis that of its content."""
        return response if self.etag is not None else with_content_etag(request, response)


async def polled_response(
    request: Request,
    context: AppContext,
    paths: Sequence[str],
    facts: Sequence[object],
    compute: Callable[[], Awaitable[object]],
) -> Response:
    """Respond with what `compute` returns, or with 304 if nothing has changed.

    `facts`: what the response depends on beside the request, the data below `paths` and what
    people changed.
    """
    revision = await Revision.of(request, context, paths, facts)
    if revision.is_known:
        return revision.not_modified()
    # The ETag was read before the rows: after a change in between, the next poll computes again.
    return revision.complete(request, json_response(await compute(), revision.headers))


async def content_response(request: Request, compute: Callable[[], Awaitable[object]]) -> Response:
    """Respond with what `compute` returns, or with 304 if the client has it.

    For answers with inputs that no watermark covers: the ETag is that of the content.
    """
    return with_content_etag(request, json_response(await compute(), _VARY))


async def refuse_unknown_parameters(
    request: Request, _: Annotated[Principal, Depends(require_key)]
) -> None:
    """Raise 422 with the nearest name for a query parameter that the route does not have.

    The key is checked first: without one a request gets no other answer than 401.
    """
    await refuse_unknown_parameters_of(request)


async def refuse_unknown_parameters_of(request: Request) -> None:
    """Raise 422 for a query parameter that the route does not have; for routes without a key."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    parameters = set(_query_names(route.dependant)) | _documented_names(route)
    for name in sorted(set(request.query_params) - parameters):
        near = difflib.get_close_matches(name, sorted(parameters), n=1)
        hint = (
            Sentence("requests.known_parameters", parameters=sorted(parameters))
            if parameters
            else Sentence("requests.leave_it_out")
        )
        if near:
            hint = Sentence("requests.did_you_mean", near=near[0])
        if name in KNOWN_AT and not near:
            hint = Sentence("requests.answers_by_now", known_then=KNOWN_THEN)
        raise invalid_parameter(name, Sentence("requests.unknown_parameter", name=name), hint)


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _query_names(dependency)


def _documented_names(route: APIRoute) -> set[str]:
    """Return the parameters that a route reads by itself, as its document lists them."""
    documents = (route.openapi_extra or {}).get("parameters", ())
    return {document["name"] for document in documents if document["in"] == "query"}
