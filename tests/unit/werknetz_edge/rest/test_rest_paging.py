from typing import Any

import pytest
from pydantic import TypeAdapter

from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.rest.config import CursorForm, Paging
from werknetz_edge.rest.paging import Question, first_of, next_link, next_of
from werknetz_edge.rest.poll import written

BASE = Question("https://erp.example/api/orders", {"since": "1"})


def paging(**given: Any) -> Paging:
    found: Paging = TypeAdapter(Paging).validate_python(given)
    return found


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
        next_of(BASE, style, body={"next": target}, rows=1, headers={})


def test_links_may_be_relative_and_end() -> None:
    style = paging(style="link", path="links.next")
    found = next_of(BASE, style, body={"links": {"next": "?page=2"}}, rows=1, headers={})
    assert found == Question("https://erp.example/api/orders?page=2")
    for body in ({"links": {"next": None}}, {"links": {}}, [1], {"links": {"next": 7}}):
        assert next_of(BASE, style, body=body, rows=1, headers={}) is None


def test_numbers_and_offsets_go_on_until_a_page_is_short() -> None:
    page = paging(style="page", parameter="page", size_parameter="per_page", size=2)
    asked = first_of(BASE, page)
    assert asked.parameters == {"since": "1", "page": "1", "per_page": "2"}
    asked = next_of(asked, page, body=None, rows=2, headers={}) or BASE
    assert asked.parameters["page"] == "2"
    assert next_of(asked, page, body=None, rows=1, headers={}) is None
    offset = paging(style="offset", parameter="skip", size=2)
    asked = next_of(first_of(BASE, offset), offset, body=None, rows=2, headers={}) or BASE
    assert asked.parameters == {"since": "1", "skip": "2"}


def test_tokens() -> None:
    token = paging(style="token", path="meta.cursor", parameter="cursor")
    found = next_of(BASE, token, body={"meta": {"cursor": 17}}, rows=1, headers={})
    assert found == Question(BASE.url, {"since": "1", "cursor": "17"})
    for body in ({"meta": {"cursor": ""}}, {"meta": {"cursor": False}}, {}, []):
        assert next_of(BASE, token, body=body, rows=1, headers={}) is None


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "2026-11-24T06:00:00Z"),
        ({"zone": "Europe/Berlin"}, "2026-11-24T07:00:00+01:00"),
        ({"format": "unix_s"}, "1795500000"),
        ({"format": "unix_ms"}, "1795500000000"),
        ({"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}, "24.11.2026 07:00"),
    ],
)
def test_a_cursor_is_written_as_the_source_reads_it(form: dict[str, Any], text: str) -> None:
    assert written(1_795_500_000_000_000, CursorForm(**form)) == text
