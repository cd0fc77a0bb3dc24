"""Refuses requests that a page of another site makes a browser send (CSRF).

Browsers say where a request comes from in Sec-Fetch-Site. Over plain HTTP on a plant's network they
do not; there Origin must name the host that is called.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_ORIGIN: Final = "same-origin"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# What a form of any page can send without asking.
_FORM_TYPES: Final = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
)


def check_cookie_request(request: Request) -> None:
    """Raise 403 for a request with a cookie that changes something and is not of our own page."""
    if request.method in SAFE_METHODS:
        return
    if not _comes_from_own_page(request, without_origin=False):
        raise _cross_site()
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in _FORM_TYPES:
        raise Problem(
            415,
            "media_type",
            Sentence("requests.media_type_with_session", content_type=content_type),
            Sentence("requests.send_json"),
        )


def check_sign_in_request(request: Request) -> None:
    """Raise 403 where a page of another site signs somebody in; programs send no Origin."""
    if not _comes_from_own_page(request, without_origin=True):
        raise _cross_site()


def _comes_from_own_page(request: Request, *, without_origin: bool) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == _SAME_ORIGIN
    origin = request.headers.get("origin")
    if origin is None:
        return without_origin
    return is_own_origin(origin, request.url.scheme, request.headers.get("host", ""))


def is_own_origin(origin: str, scheme: str, host: str) -> bool:
    """Return whether an Origin names the host that is called.

    Behind a proxy that is not trusted the scheme looks like http; an origin without TLS is never
    that of a host with TLS.
    """
    try:
        parts = urlsplit(origin)
        port, called = parts.port, urlsplit(f"//{host}")
        called_port = called.port
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or (scheme == "https" and parts.scheme != "https"):
        return False
    default = _DEFAULT_PORTS[parts.scheme]
    return parts.hostname is not None and (parts.hostname, port or default) == (
        called.hostname, called_port or default,
    )  # fmt: skip


def _cross_site() -> Problem:
    return Problem(
        403,
        "cross_site",
        Sentence("access.cross_site"),
        Sentence("access.use_page_or_key"),
    )
