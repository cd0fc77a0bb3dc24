"""A REST source that a test controls: rows that change, pages, ETags, and faults."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from werknetz.runtime.http_server.server import HttpServer
from werknetz_demo.embedded.process import free_port


@dataclass
class RestSource:
    """`/rows` returns the rows since `since`, `size` per page, in the paging style `style`."""

    port: int = field(default_factory=free_port)
    rows: list[dict[str, Any]] = field(default_factory=list)  # {"n", "at_us", …} by at_us
    canned_responses: list[Response] = field(
        default_factory=list
    )  # each is returned once, instead of rows
    requests: list[Request] = field(default_factory=list)
    tokens: int = 0
    drop_next: bool = False
    server: HttpServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        routes = [
            Route("/rows", self._rows),
            Route("/all", self._all),
            Route("/token", self._token, methods=["POST"]),
        ]
        self.server = HttpServer(Starlette(routes=routes), host="127.0.0.1", port=self.port)
        await self.server.start()

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.stop()
            self.server = None

    def drop_connections(self) -> None:
        """Abort every connection, and that of the next request, too."""
        self.drop_next = True
        self._abort()

    def _abort(self) -> None:
        assert self.server is not None
        for connection in list(self.server._server.server_state.connections):
            connection.transport.abort()

    async def _next_canned_response(self, request: Request) -> Response | None:
        self.requests.append(request)
        if self.drop_next:
            self.drop_next = False
            self._abort()
            await asyncio.sleep(0)
        return self.canned_responses.pop(0) if self.canned_responses else None

    async def _rows(self, request: Request) -> Response:
        if (canned := await self._next_canned_response(request)) is not None:
            return canned
        query = request.query_params
        since, size = int(query.get("since", "0")), int(query.get("size", "500"))
        style = query.get("style", "token")
        rows = [row for row in self.rows if row["at_us"] >= since]
        at = int(query.get("token") or query.get("offset") or 0)
        if style == "page":
            at = (int(query["page"]) - 1) * size
        page, has_next = rows[at : at + size], at + size < len(rows)
        body: dict[str, Any] = {
            "data": {"items": page},
            "next": str(at + size) if has_next else None,
        }
        headers = {}
        if style in {"link", "header"}:
            target = "/rows?" + urlencode({**query, "token": str(at + size)})
            body["next"] = target if has_next else None
            if style == "header" and has_next:
                headers["Link"] = f'<{self.url}/>; rel="first", <{target}>; rel="next"'
        return Response(json.dumps(body), media_type="application/json", headers=headers)

    async def _all(self, request: Request) -> Response:
        if (canned := await self._next_canned_response(request)) is not None:
            return canned
        etag = f'"{len(self.rows)}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return JSONResponse(self.rows, headers={"ETag": etag})

    async def _token(self, request: Request) -> Response:
        self.requests.append(request)
        self.tokens += 1
        return JSONResponse({"access_token": f"token-{self.tokens}", "expires_in": 3600})


@asynccontextmanager
async def rest_source() -> AsyncIterator[RestSource]:
    source = RestSource()
    await source.start()
    try:
        yield source
    finally:
        await source.stop()
