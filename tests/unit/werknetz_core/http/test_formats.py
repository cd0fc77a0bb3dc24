"""Encoding of items, and the negotiation of the format."""

from datetime import UTC, datetime

import pytest

from werknetz_core.http.formats import CsvDialect, Format, OutputFormat, negotiate, render

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
ITEMS = [
    {"at": AT, "value": -1.5, "count": -3, "text": "plain", "open": True, "more": {"pbt_s": 1.0}},
    {"at": AT, "value": None, "count": 0, "text": '=HYPERLINK("x")', "open": False, "more": {}},
]
NAMES = ("at", "value", "count", "text", "open", "more")


def test_csv_follows_rfc_4180() -> None:
    assert render(ITEMS, NAMES, OutputFormat(Format.CSV)).decode() == (
        "at,value,count,text,open,more\r\n"
        '2026-11-20T08:00:00Z,-1.5,-3,plain,true,"{""pbt_s"":1.0}"\r\n'
        '2026-11-20T08:00:00Z,,0,"\'=HYPERLINK(""x"")",false,{}\r\n'
    )


def test_german_excel_opens_the_csv_directly() -> None:
    content = render(
        ITEMS, ("value", "count", "text"), OutputFormat(Format.CSV, CsvDialect.EXCEL_DE)
    )
    assert content.startswith(b"\xef\xbb\xbfvalue;count;text\r\n-1,5;-3;plain\r\n;0;")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_interpreted_as_a_formula(begin: str) -> None:
    for dialect in CsvDialect:
        output = OutputFormat(Format.CSV, dialect)
        cell = render([{"text": f"{begin}1+1"}], ["text"], output).decode().partition("\r\n")[2]
        assert cell.lstrip('"').startswith("'")


def test_numbers_that_are_not_finite_have_an_empty_cell() -> None:
    items = [{"value": number} for number in (float("nan"), float("inf"), 1e21, 0.1)]
    assert (
        render(items, ["value"], OutputFormat(Format.CSV))
        == b'value\r\n""\r\n""\r\n1e+21\r\n0.1\r\n'
    )


def test_ndjson_has_one_object_per_line() -> None:
    content = render(ITEMS, ("value", "text"), OutputFormat(Format.NDJSON)).decode().splitlines()
    assert content[0] == '{"value":-1.5,"text":"plain"}'
    assert len(content) == 2


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Format.JSON),
        ("*/*", Format.JSON),
        ("text/csv", Format.CSV),
        ("application/json;q=0.2, text/csv;q=0.9", Format.CSV),
        ("application/x-ndjson", Format.NDJSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format.JSON),
        ("image/png", Format.JSON),
        ("text/csv;q=rubbish, application/json;q=0.1", Format.JSON),
        ("TEXT/CSV; header=present", Format.CSV),
    ],
)
def test_accept(accept: str | None, expected: Format) -> None:
    assert negotiate(accept) is expected
