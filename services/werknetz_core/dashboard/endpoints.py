"""Serves the web page: its files for ever, the page itself at each address that no route has.

The page reads its address itself, so `/machine/nordwerk/…` gets the same file as `/`.
"""

from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.convertors import Convertor, register_url_convertor

from werknetz.runtime.http_server.security_headers import CONTENT_SECURITY_POLICY
from werknetz.texts.sentence import Sentence
from werknetz_core.access.require import no_key_needed
from werknetz_core.dashboard.files import PAGE, PageFile, page_file
from werknetz_core.http.etag import etag_matches
from werknetz_core.http.problem import Problem

# A chart that is copied as an image is drawn from a blob that the page made itself.
PAGE_POLICY: Final = (
    CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' blob:") + "; font-src 'self'"
)
REVALIDATE: Final = "no-cache"  # an upgrade is visible at once
FOR_EVER: Final = "public, max-age=31536000, immutable"  # the name of an asset has its hash
ICON: Final = "icon.svg"
NOT_BUILT: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Werknetz</title>
<h1>The dashboard is not built</h1>
<p>Run <code>make dashboard</code> in the checkout (it needs Node 20.19 or later, or installs it),
then load this page again. The wheel of <code>make release</code> has it.</p>
<p>The API runs: see <a href="/docs">its documentation</a>.</p></html>
"""
router = APIRouter(include_in_schema=False, dependencies=[Depends(no_key_needed)])


class ScreenConvertor(Convertor[str]):
    """Any path, except of what others answer: an unknown route of the API is no page."""

    regex = r"(?!(?:api|docs|assets|health|openapi\.json)(?:/|$)).*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("screen", ScreenConvertor())


@router.get("/assets/{name}")
async def show_asset(name: str, request: Request) -> Response:
    return _respond(request, _existing(f"assets/{name}"), FOR_EVER)


@router.get("/icon.svg")
async def show_icon(request: Request) -> Response:
    return _respond(request, _existing(ICON), REVALIDATE)


@router.get("/{screen:screen}")
async def show_page(screen: str, request: Request) -> Response:  # noqa: ARG001 - the page reads it
    file = page_file(PAGE)
    if file is None:
        return Response(NOT_BUILT, 503, {"Cache-Control": "no-store"}, "text/html")
    return _respond(request, file, REVALIDATE)


def _existing(name: str) -> PageFile:
    file = page_file(name)
    if file is None:
        raise Problem(
            404,
            "unknown_asset",
            Sentence("system.unknown_page_file", name=name),
            Sentence("system.load_page_again"),
        )
    return file


def _respond(request: Request, file: PageFile, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.media_type == "text/html":
        # Also with 304: its headers replace those that the browser has stored.
        headers["Content-Security-Policy"] = PAGE_POLICY
    if etag_matches(request.headers.get("if-none-match"), file.etag):
        return Response(None, 304, headers)
    content = file.content
    if file.compressed is not None and _takes_gzip(request):
        content = file.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(content, 200, headers, file.media_type)


def _takes_gzip(request: Request) -> bool:
    accepted = request.headers.get("accept-encoding", "")
    return any(part.strip().split(";")[0] == "gzip" for part in accepted.split(","))
