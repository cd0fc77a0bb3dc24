"""CSV of many kinds: encodings, line ends, quotes, wrong rows, and random bytes."""

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbing.processor import slowness
from plumbing.tables import ParsedTable, create_table_parser, local_file, parse
from werknetz_edge.files.inbox import FileRefused

RECORDS = {"as": "records"}


def _parse(tmp_path: Path, content: bytes, **source: Any) -> ParsedTable:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    return parse(path, **(RECORDS | source))


def _fields(table: ParsedTable) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.fields.items() if k[0] != "_"} for r in table.records]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "auto"),
        ("utf-8-sig", "auto"),
        ("utf-16", "auto"),
        ("utf-32", "auto"),
        ("cp1252", "cp1252"),
        ("latin-1", "latin-1"),
        ("cp850", "cp850"),
    ],
)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encodings_line_ends_and_delimiters(
    tmp_path: Path, end: str, encoding: str, declared: str, delimiter: str
) -> None:
    lines = ["Größe;Maß", '1;"a ""b"""', f'2;"ü{end}x"', "3;"]
    text = end.join(lines).replace(";", delimiter)
    table = _parse(tmp_path, text.encode(encoding), encoding=declared)
    assert _fields(table) == [
        {"Größe": "1", "Maß": 'a "b"'},
        {"Größe": "2", "Maß": f"ü{end}x"},
        {"Größe": "3", "Maß": ""},
    ]
    first, second, third = [record.item for record in table.records]
    assert (first, second) == ("line 2 of t.csv", "line 3 of t.csv")
    assert third.startswith("line 5"), "the row before has two lines"


def test_a_decimal_comma_does_not_look_like_a_delimiter(tmp_path: Path) -> None:
    table = _parse(
        tmp_path, b"m;v\na;1.234,5\nb;2,5\n", numbers="v", decimal="comma", thousands="."
    )
    assert _fields(table) == [{"m": "a", "v": 1234.5}, {"m": "b", "v": 2.5}]


def test_the_sep_line_of_excel_sets_the_delimiter(tmp_path: Path) -> None:
    assert _fields(_parse(tmp_path, b"sep=;\r\na;b\r\n1,2;3\r\n")) == [{"a": "1,2", "b": "3"}]


def test_names_of_columns(tmp_path: Path) -> None:
    table = _parse(tmp_path, b"# made by x\n\na, a,,b\n1,2,3,4\n", skip_rows=2)
    assert _fields(table) == [{"a": "1", "a_2": "2", "column_3": "3", "b": "4"}]
    table = _parse(tmp_path, b"1,2\n3,4\n", columns=["x", "y"])
    assert _fields(table) == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]


def test_a_row_of_another_width_goes_to_quarantine_with_its_line(tmp_path: Path) -> None:
    table = _parse(tmp_path, b"a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    assert [r.fields["a"] for r in table.records] == ["1", "7"]
    assert [(b.item, b.raw) for b in table.rejects] == [
        ("line 3 of t.csv", b"3\n"),
        ("line 5 of t.csv", b"4,5,6\n"),
    ]
    assert table.rejects[0].reason == "it has 1 cells, the header has 2"


def test_a_quote_that_is_never_closed_loses_nothing(tmp_path: Path) -> None:
    rows = [f"{n},{n}" for n in range(40_000)]
    rows[10] = '10,"ten'
    content = "a,b\n" + "\n".join(rows) + "\n"
    table = _parse(tmp_path, content.encode())
    stored = {r.fields["a"] for r in table.records}
    lost = b"".join(b.raw for b in table.rejects).decode()
    assert len(stored) + lost.count("\n") == 40_000
    assert all(len(b.raw) <= 65_536 for b in table.rejects)
    assert table.rejects[0].item.startswith("lines 12 to ")


@pytest.mark.parametrize(
    ("content", "source", "message"),
    [
        (b"a,b\n\xfc,1\n", {}, "encoding: cp1252"),
        (b"a\n\x81\n", {"encoding": "cp1252"}, "not cp1252"),
        (b"\xff\xfea", {}, "not utf-16"),
        (b"a;b,c\n1;2,3,4\n1;2;3,4\n", {}, "set `delimiter`"),
        (b"a,b\n1,2\n", {"key": "c"}, "no column 'c'; it has: a, b"),
        (b"x" * 5_000_000, {}, "line is longer"),
        (b",".join(b"%d" % n for n in range(3000)), {}, "3000 columns"),
    ],
)
def test_an_unreadable_file_is_refused_before_its_first_row(
    tmp_path: Path, content: bytes, source: dict[str, Any], message: str
) -> None:
    with pytest.raises(FileRefused, match=message):
        _parse(tmp_path, content, **source)


def test_a_file_without_a_matching_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="under `sources`"):
        _parse(tmp_path, b"a\n1\n", pattern="other*.csv")


def test_numbers_of_machines_become_blocks(tmp_path: Path) -> None:
    table = _parse(
        tmp_path,
        b"Zeit;Linie;Maschine;Gut;Temp;Text\n"
        b"24.11.2026 06:00:00;l1;m1;10;20,5;ok\n"
        b"24.11.2026 06:00:00;l1;m2;;kaputt;007\n"
        b"48.01.2026 06:00:00;l1;m2;1;2;x\n",
        **{
            "as": "readings", "address": "mes/{Linie}/{Maschine}", "decimal": "comma",
            "texts": "Text",
            "time": {"column": "Zeit", "format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Berlin"},
        },
    )  # fmt: skip
    at_us = 1_795_496_400_000_000
    assert table.samples == [
        ("mes/l1/m1#Gut", 10.0, at_us, 0),
        ("mes/l1/m1#Temp", 20.5, at_us, 0),
    ]
    assert [(r.source, r.value, r.source_time_us) for r in table.readings] == [
        ("mes/l1/m2#Temp", "kaputt", at_us),
        ("mes/l1/m1#Text", "ok", at_us),
        ("mes/l1/m2#Text", "007", at_us),
    ]
    (bad,) = table.rejects
    assert bad.item == "line 4 of t.csv"
    assert "48.01.2026" in bad.reason


def test_without_a_time_the_mapping_gets_the_whole_row(tmp_path: Path) -> None:
    table = _parse(tmp_path, b"t,v\n5,1.5\n", **{"as": "readings"})
    assert [(r.source, r.value, r.fields) for r in table.readings] == [
        ("t#t", 5.0, {"t": "5", "v": "1.5"}),
        ("t#v", 1.5, {"t": "5", "v": "1.5"}),
    ]


def test_the_number_of_addresses_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("werknetz_edge.tables.readings.ADDRESSES_MAX", 1_500)
    rows = b"".join(b"%d,m%d,%d\n" % (n, n, n) for n in range(5_000))
    source = {"as": "readings", "address": "{m}", "time": {"column": "t", "format": "unix_s"}}
    table = _parse(tmp_path, b"t,m,v\n" + rows, **source)
    assert [(a, v) for a, v, _, _ in table.samples] == [(f"m{n}#v", float(n)) for n in range(5_000)]
    assert all(len(b.addresses) <= 1_500 for chunk in table.chunks for b in chunk.blocks)


def test_chunks_are_cut_by_rows_and_size_alone(tmp_path: Path) -> None:
    rows = b"".join(b"%d,%s\n" % (n, b"x" * (2 * n)) for n in range(2_500))
    once = _parse(tmp_path, b"n,x\n" + rows)
    again = _parse(tmp_path, b"n,x\n" + rows, key="n", columns=[])
    cut = [[r.fields["n"] for r in chunk.records] for chunk in once.chunks]
    assert cut == [[r.fields["n"] for r in chunk.records] for chunk in again.chunks]
    assert max(map(len, cut)) <= 1_000
    assert len(cut) > 3


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=3_000),
        st.text('a1,;"\n\r\t\0ü ', max_size=3_000).map(str.encode),
        st.text('a1,;"\n\r', max_size=500).map(lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    ),
    st.sampled_from(["records", "readings"]),
    st.sampled_from(["auto", "latin-1"]),
)
def test_arbitrary_bytes_are_read_or_refused(
    tmp_path: Path, content: bytes, kind: str, encoding: str
) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        parse(path, **{"as": kind, "encoding": encoding})
    except FileRefused:
        return  # a refusal is correct, too


@pytest.mark.parametrize(
    "content",
    [
        b'"' * 1_000_000,
        b'"a\n' * 333_333,
        b"," * 1_000 + b"\n" + b"," * 999_000,
        b"\r" * 1_000_000,
        b"a\n" + b"1\n" * 99_999,
        b'a,b\n1,"' + b"\n" * 1_000_000,
        b"\0" * 1_000_000,
        b"a,b\n" + b"1,2,3\n" * 166_000,
        b"-9e9,\n" * 166_000,
    ],
    ids=["quotes", "open quotes", "commas", "CR", "one column", "open", "NUL", "wide", "numbers"],
)
def test_a_malicious_megabyte_takes_little_time_and_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "evil.csv"
    path.write_bytes(content)
    for kind in ("readings", "records"):
        parser = create_table_parser(
            tmp_path, **{"as": kind, "texts" if kind == "readings" else "key": []}
        )
        before_kb, chunks = _peak_kb(), parser.parse(local_file(path))
        longest_s, chunk = 0.0, True
        while chunk:
            began_s = time.process_time()
            try:
                chunk = next(chunks, None) is not None
            except FileRefused:
                chunk = False  # a refusal is correct, too
            longest_s = max(longest_s, time.process_time() - began_s)
        assert (
            longest_s < 3.0 * slowness()
        )  # CPU time of one chunk; on an idle machine a tenth of it
        assert _peak_kb() - before_kb < 256_000


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
