"""ETags of answers about the states of machines: an unchanged answer needs one small query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from fastapi import Request, Response

from werknetz.store.shop_floor.stops import LAST_CHANGES
from werknetz_core.context.app_context import AppContext
from werknetz_core.http.etag import CACHE_CONTROL, etag_matches
from werknetz_core.http.responses import not_modified


@dataclass(frozen=True, slots=True)
class Revision:
    """What an answer depends on: elements of the equipment, changes by people, the tree."""

    etag: str | None  # None: without Redis there is none
    is_known: bool  # the client has this answer

    @classmethod
    async def of(cls, request: Request, context: AppContext, paths: Sequence[str]) -> Self:
        """`paths` are the requested equipment; the URL and format are part of the revision."""
        changes = await context.database.fetchrow(LAST_CHANGES)
        tree = await context.tree.current()
        inputs = [
            str(request.url.path), str(request.url.query), request.headers.get("accept"),
            tree.version, tuple(changes or ()),
        ]  # fmt: skip
        etag = await context.watermarks.etag_of(paths, inputs, context.now_us())
        return cls(etag, etag_matches(request.headers.get("if-none-match"), etag))

    @property
    def headers(self) -> dict[str, str]:
        if self.etag is None:
            return {"Cache-Control": CACHE_CONTROL}
        return {"ETag": self.etag, "Cache-Control": CACHE_CONTROL}

    def not_modified(self) -> Response:
        return not_modified(self.etag or "", CACHE_CONTROL)
