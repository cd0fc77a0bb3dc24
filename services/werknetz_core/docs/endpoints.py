"""The API's documentation, without a request that leaves the machine: our own small page."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

FOLDER: Final = Path(__file__).parent
router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> Response:
    return _file("page.html", "text/html")


@router.get("/docs/page.js")
async def script() -> Response:
    return _file("page.js", "text/javascript")


@router.get("/docs/page.css")
async def style() -> Response:
    return _file("page.css", "text/css")


def _file(name: str, media_type: str) -> Response:
    content = (FOLDER / name).read_bytes()
    return Response(content, 200, {"Cache-Control": "no-cache"}, media_type)
