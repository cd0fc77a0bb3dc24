"""VDA: columns written and read, dates and their codes, records and trailers."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.domain.bucket import microseconds_of
from werknetz_edge.edi.values import InvalidEdi
from werknetz_edge.edi.vda.dates import parse_day, parse_due
from werknetz_edge.edi.vda.layout import WIDTH, Column, Layout
from werknetz_edge.edi.vda.records import CALL_OFF, DESPATCH
from werknetz_edge.edi.vda.transmission import count_fault, split_records, split_transmissions

LAYOUTS = [*CALL_OFF.values(), *DESPATCH.values()]
ZONE = "Europe/Berlin"


def us(text: str) -> int:
    return microseconds_of(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def _values(column: Column) -> st.SearchStrategy[Any]:
    if column.kind == "number":
        most = 10**column.length - 1
        return st.integers(0, most).map(lambda n: n / 10**column.decimals)
    plain = st.characters(min_codepoint=33, max_codepoint=126)
    return st.text(plain, min_size=1, max_size=column.length)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.type)
@given(st.data())
def test_a_written_record_is_read_back(layout: Layout, data: st.DataObject) -> None:
    values = {name: data.draw(_values(column)) for name, column in layout.columns.items()}
    line = layout.write(values)
    assert len(line) == WIDTH
    assert line[:3] == layout.type
    for name, column in layout.columns.items():
        read = column.number(line) if column.kind == "number" else column.read(line)
        assert read == values[name]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.type)
def test_columns_do_not_overlap(layout: Layout) -> None:
    end = 5
    for column in layout.columns.values():
        assert column.start >= end
        end = column.start + column.length
    assert end <= WIDTH


def test_a_value_that_is_too_long_is_rejected() -> None:
    with pytest.raises(InvalidEdi, match="longer than 8"):
        DESPATCH["713"].write({"note": "123456789"})


def test_numbers_have_implied_decimals() -> None:
    layout = DESPATCH["714"]
    line = layout.write({"quantity": 346.5})
    assert line[52:65] == "0000000346500"
    assert layout["quantity"].number(line) == 346.5
    assert layout["quantity"].number("714".ljust(WIDTH)) is None
    with pytest.raises(InvalidEdi, match="columns 53-65"):
        layout["quantity"].number(line.replace("346", "3A6"))


def test_a_date_is_a_whole_day_in_the_zone_of_the_partner() -> None:
    span = parse_day("260329", ZONE, "date")
    assert span is not None
    assert (span.from_us, span.until_us) == (us("2026-03-29"), us("2026-03-30"))
    assert parse_day("000000", ZONE, "date") is parse_day("", ZONE, "date") is None
    for wrong in ("260148", "26011", "26O112", "²60112"):
        with pytest.raises(InvalidEdi, match="date"):
            parse_day(wrong, ZONE, "date")


def test_codes_replace_dates() -> None:
    def commitment(text: str) -> str | None:
        return parse_due(text, ZONE, "date", periods=False, week_spans=False).commitment

    assert [commitment(c) for c in ("222222", "333333", "444444", "999999")] == [
        None, "backlog", "immediate", "planning",
    ]  # fmt: skip
    with pytest.raises(InvalidEdi, match="not a valid date"):
        commitment("777777")


@pytest.mark.parametrize(
    ("text", "week_spans", "start", "end"),
    [
        ("260300", False, "2026-03-01", "2026-04-01"),
        ("260013", False, "2026-03-23", "2026-03-30"),
        ("260104", True, "2025-12-29", "2026-01-26"),
    ],
)
def test_periods_after_the_period_code(text: str, week_spans: bool, start: str, end: str) -> None:
    due = parse_due(text, ZONE, "date", periods=True, week_spans=week_spans)
    assert due.span is not None
    assert (due.span.from_us, due.span.until_us) == (us(start), us(end))
    assert due.commitment == "forecast"


@pytest.mark.parametrize(
    ("text", "week_spans"),
    [("260104", False), ("260401", True), ("261300", False), ("260054", False)],
)
def test_ambiguous_periods_are_rejected(text: str, week_spans: bool) -> None:
    with pytest.raises(InvalidEdi):
        parse_due(text, ZONE, "date", periods=True, week_spans=week_spans)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_records_with_any_line_ends_or_none(end: str) -> None:
    lines = [f"511{n:02d}".ljust(WIDTH) for n in range(4)]
    assert [record.text for record in split_records(end.join(lines))] == lines
    if end:
        assert [r.text for r in split_records(end.join(x.rstrip() for x in lines) + end)] == lines


def test_transmissions_end_at_their_trailer_or_the_next_head() -> None:
    text = "511\n512\n519\n711\n713\n511\n519\njunk\n711"
    shapes = [(sent.kind, len(sent.records), sent.is_ended) for sent in split_transmissions(text)]
    assert shapes == [
        ("VDA4905", 3, True), ("VDA4913", 2, False), ("VDA4905", 2, True), ("", 1, False),
        ("VDA4913", 1, False),
    ]  # fmt: skip


def test_every_counter_of_a_trailer_is_compared() -> None:
    trailer = CALL_OFF["519"].write({"511": 1.0, "512": 2.0, "519": 1.0})
    (sent,) = split_transmissions(f"51101\n51201\n51801\n{trailer}")
    fault = count_fault(sent)
    assert "512: '0000002', there are 1" in fault
    assert "518: '', there are 1" in fault
    assert "511" not in fault
    (cut,) = split_transmissions("51101\n51201")
    assert "missing" in count_fault(cut)
