"""The API documentation at /docs: Swagger UI, served without requests to other hosts.

Swagger UI's own files come from the installed package fastapi-offline; the page and the script
that starts it are ours, because the Content-Security-Policy forbids inline scripts.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from werknetz.runtime.http_server.security_headers import CONTENT_SECURITY_POLICY
from werknetz.texts.sentence import Sentence
from werknetz_core.access.require import no_key_needed
from werknetz_core.http.etag import etag_matches
from werknetz_core.http.problem import Problem
from werknetz_core.http.responses import not_modified

OWN_FILES: Final = files("werknetz_core.docs")
SWAGGER_FILES: Final = files("fastapi_offline") / "static"
# Browsers ask each time and get 304, so an upgrade is visible at once.
CACHE_CONTROL: Final = "no-cache"
# Swagger UI's style sheet contains its icons as data: images.
DOCS_POLICY: Final = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")
PAGE: Final = "index.html"
SOURCES: Final[Mapping[str, tuple[Traversable, str]]] = {
    PAGE: (OWN_FILES, "text/html"),
    "init.js": (OWN_FILES, "text/javascript"),
    "swagger-ui-bundle.js": (SWAGGER_FILES, "text/javascript"),
    "swagger-ui.css": (SWAGGER_FILES, "text/css"),
}
ASSETS: Final = SOURCES.keys() - {PAGE}
router = APIRouter(include_in_schema=False, dependencies=[Depends(no_key_needed)])


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    etag: str


@router.get("/docs")
async def show_docs(request: Request) -> Response:
    return _respond(request, load_asset(PAGE))


@router.get("/docs/{name}")
async def show_docs_asset(name: str, request: Request) -> Response:
    if name not in ASSETS:
        raise Problem(
            404,
            "unknown_asset",
            Sentence("system.unknown_asset", name=name),
            Sentence("system.open_docs"),
        )
    return _respond(request, load_asset(name))


@cache
def load_asset(name: str) -> Asset:
    folder, media_type = SOURCES[name]
    content = (folder / name).read_bytes()
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    return Asset(content, media_type, f'"{digest}"')


def _respond(request: Request, asset: Asset) -> Response:
    if etag_matches(request.headers.get("if-none-match"), asset.etag):
        return not_modified(asset.etag, CACHE_CONTROL)
    headers = {
        "Cache-Control": CACHE_CONTROL,
        "Content-Security-Policy": DOCS_POLICY,
        "ETag": asset.etag,
    }
    return Response(asset.content, 200, headers, asset.media_type)
