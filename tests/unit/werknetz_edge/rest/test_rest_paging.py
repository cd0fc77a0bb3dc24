from typing import Any

import pytest
from pydantic import TypeAdapter

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.rest.config import CursorConfig, Paging
from werknetz_edge.rest.paging import PageRequest, first_request, next_link, next_request
from werknetz_edge.rest.poll import format_instant

BASE = PageRequest("https://erp.example/api/orders", {"since": "1"})


def paging(**options: Any) -> Paging:
    config: Paging = TypeAdapter(Paging).validate_python(options)
    return config


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a/x?page=3>; rel="next"', "https://a/x?page=3"),
        ('<https://a/1>; rel="first", </x,y?b=2>; title="a, b"; rel=next', "/x,y?b=2"),
        ('<https://a/1>; rel="prev next"', "https://a/1"),
        ('<https://a/1>; rel="last"', None),
        ('<https://a/1>; rel="nextish"', None),
        ("", None),
        ("<" * 9000, None),
    ],
)
def test_link_headers(header: str, target: str | None) -> None:
    assert next_link(header) == target


@pytest.mark.parametrize(
    "target", ["https://evil.example/x", "http://erp.example/api/x", "//evil/x"]
)
def test_a_link_to_another_server_is_refused(target: str) -> None:
    style = paging(style="link", path="next")
    with pytest.raises(ConfigurationRejected, match="another server"):
        next_request(BASE, style, body={"next": target}, rows=1, headers={})


def test_links_may_be_relative_and_may_end() -> None:
    style = paging(style="link", path="links.next")
    following = next_request(BASE, style, body={"links": {"next": "?page=2"}}, rows=1, headers={})
    assert following == PageRequest("https://erp.example/api/orders?page=2")
    for body in ({"links": {"next": None}}, {"links": {}}, [1], {"links": {"next": 7}}):
        assert next_request(BASE, style, body=body, rows=1, headers={}) is None


def test_numbers_and_offsets_continue_until_a_page_is_short() -> None:
    page = paging(style="page", parameter="page", size_parameter="per_page", size=2)
    request = first_request(BASE, page)
    assert request.parameters == {"since": "1", "page": "1", "per_page": "2"}
    request = next_request(request, page, body=None, rows=2, headers={}) or BASE
    assert request.parameters["page"] == "2"
    assert next_request(request, page, body=None, rows=1, headers={}) is None
    offset = paging(style="offset", parameter="skip", size=2)
    request = (
        next_request(first_request(BASE, offset), offset, body=None, rows=2, headers={}) or BASE
    )
    assert request.parameters == {"since": "1", "skip": "2"}


def test_tokens() -> None:
    token = paging(style="token", path="meta.cursor", parameter="cursor")
    following = next_request(BASE, token, body={"meta": {"cursor": 17}}, rows=1, headers={})
    assert following == PageRequest(BASE.url, {"since": "1", "cursor": "17"})
    for body in ({"meta": {"cursor": ""}}, {"meta": {"cursor": False}}, {}, []):
        assert next_request(BASE, token, body=body, rows=1, headers={}) is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "2026-11-24T06:00:00Z"),
        ({"zone": "Europe/Berlin"}, "2026-11-24T07:00:00+01:00"),
        ({"format": "unix_s"}, "1795500000"),
        ({"format": "unix_ms"}, "1795500000000"),
        ({"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}, "24.11.2026 07:00"),
    ],
)
def test_a_cursor_is_written_in_the_format_of_the_source(
    options: dict[str, Any], text: str
) -> None:
    assert format_instant(1_795_500_000_000_000, CursorConfig(**options)) == text
