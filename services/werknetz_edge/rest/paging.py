"""The request for the next page, for each style of paging. Pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from werknetz.connector.content.paths import value_at_path
from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.rest.config import LinkPaging, NumberPaging, Paging, TokenPaging

_LINK: Final = re.compile(r'<([^<>]*)>\s*((?:;[^;,"]*(?:"[^"]*")?)*)')
_NEXT: Final = re.compile(
    r';\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The request for one page: its URL and query parameters."""

    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def first_request(request: PageRequest, paging: Paging | None) -> PageRequest:
    if not isinstance(paging, NumberPaging):
        return request
    start = paging.first if paging.style == "page" else 0
    page = {paging.parameter: str(start)}
    if paging.size_parameter is not None:
        page[paging.size_parameter] = str(paging.size)
    return PageRequest(request.url, {**request.parameters, **page})


def next_request(
    request: PageRequest, paging: Paging | None, *, body: Any, rows: int, headers: Mapping[str, str]
) -> PageRequest | None:
    """Return the next request; None: it was the last page. `headers` are in lower case."""
    match paging:
        case None:
            return None
        case LinkPaging(path=None):
            return _follow_link(request, next_link(headers.get("link", "")))
        case LinkPaging(path=path):
            link = value_at_path(body, path or "") if isinstance(body, dict) else None
            return _follow_link(request, link if isinstance(link, str) else None)
        case TokenPaging():
            token = value_at_path(body, paging.path) if isinstance(body, dict) else None
            is_last = token is None or token == "" or isinstance(token, (dict, list, bool))
            value = None if is_last else str(token)
        case NumberPaging():
            step = 1 if paging.style == "page" else rows
            number = int(request.parameters[paging.parameter]) + step
            value = None if rows < paging.size else str(number)
    return None if value is None else _with_parameter(request, paging.parameter, value)


def _with_parameter(request: PageRequest, parameter: str, value: str) -> PageRequest:
    return PageRequest(request.url, {**request.parameters, parameter: value})


def next_link(header: str) -> str | None:
    """Return the target of `rel="next"` in a Link header (RFC 8288)."""
    for target, parameters in _LINK.findall(header[:8192]):
        if _NEXT.search(parameters):
            return str(target)
    return None


def _follow_link(request: PageRequest, link: str | None) -> PageRequest | None:
    if not link:
        return None
    url = urljoin(request.url, link)
    if _origin(url) != _origin(request.url):
        # Our key would be sent to any server that the response names.
        raise ConfigurationRejected(f"the next page is on another server: {url[:200]!r}")
    return PageRequest(url)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise ConfigurationRejected(
            f"the next page has an invalid address: {url[:200]!r}"
        ) from error
    return parts.scheme, parts.hostname or "", port
