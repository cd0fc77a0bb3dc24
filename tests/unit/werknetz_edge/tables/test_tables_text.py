"""Cells of tables: texts stay texts, number forms are strict, no first row is lost."""

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from plumbing.tables import ParsedTable, parse
from werknetz.connector.content.numbers import OtherForm
from werknetz_edge.files.inbox import FileRefused

AT = "2026-11-24T06:00:00Z"
AT_US = 1_795_500_000_000_000


def _csv(tmp_path: Path, text: str, **source: Any) -> ParsedTable:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return parse(path, **({"as": "readings"} | source))


def _values(table: ParsedTable) -> list[Any]:
    values = [reading.value for reading in table.readings]
    return values + [sample[1] for sample in table.samples]


@pytest.mark.parametrize("time", [None, {"column": "t"}], ids=["without time", "with time"])
@pytest.mark.parametrize(
    ("options", "cell", "expected"),
    [
        ({}, "241408E4", "241408E4"),
        ({}, "000123", "000123"),
        ({}, "1E5", "1E5"),
        ({}, "01067", "01067"),
        ({}, "12.5", 12.5),
        ({}, "1.5E3", 1500.0),
        ({}, "1e-05", 1e-05),
        ({}, "nan", "nan"),
        ({}, "1,5", "1,5"),
        ({"decimal": "comma"}, "1,5", 1.5),
        ({"decimal": "comma"}, "1.000", None),
        ({"decimal": "comma"}, "1.234,5", None),
        ({"decimal": "comma"}, "24.11.2026", "24.11.2026"),
        ({"decimal": "comma"}, "läuft", "läuft"),
        ({"decimal": "comma", "texts": "v"}, "1.000", "1.000"),
        ({"decimal": "comma", "thousands": "."}, "1.000", 1000.0),
        ({"decimal": "comma", "thousands": "."}, "1.234,5", 1234.5),
        ({"decimal": "comma", "thousands": "."}, "12.34", None),
        ({"thousands": ","}, "1,234.5", 1234.5),
        ({"thousands": ","}, "1.234,5", None),
    ],
)
def test_a_cell_is_a_number_a_text_or_refused(
    tmp_path: Path, options: dict[str, Any], cell: str, expected: Any, time: Any
) -> None:
    more = options | ({"time": time} if time else {})
    table = _csv(tmp_path, f't;v;w\n{AT};"{cell}";x\n', delimiter=";", **more)
    values = [v for v in _values(table) if v not in {"x", AT}]
    if expected is None:  # the mapping refuses it unless its rule wants a text
        (value,) = values
        assert isinstance(value, OtherForm)
        assert "is not a number" in value.reason
        assert {r.item for r in table.readings} >= {"line 2, column v of a.csv"}
    else:
        assert values == [expected]
        assert not table.rejects


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("1001;10;BOLT\n1002;20;PLATE\n", {}),
        ("BOLT;12,5\n", {"decimal": "comma", "numbers": "Menge"}),
        ("BOLT;;7\n", {}),
    ],
)
def test_a_first_row_that_looks_like_data_is_not_lost(
    tmp_path: Path, text: str, options: dict[str, Any]
) -> None:
    options = {"as": "records", "delimiter": ";"} | options
    if "numbers" not in options:
        with pytest.raises(FileRefused, match="looks like data: name its `columns`"):
            _csv(tmp_path, text, **options)
    rows = len(text.splitlines())
    named = {key: value for key, value in options.items() if key != "numbers"}
    named.pop("decimal", None)
    table = _csv(tmp_path, text, **named, header=False)
    assert len(table.records) == rows
    assert table.records[0].fields["column_1"] == text.partition(";")[0]
    assert table.records[0].item.startswith("line 1 ")
    with_header = _csv(tmp_path, text, **named, header=True)
    assert len(with_header.records) == rows - 1


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Material;2025;2026\nBOLT;1;2\n", {"key": "Material"}),
        ("Material;Menge\nBOLT;1\n", {}),
        ("Material;0815\nBOLT;1\n", {}),
    ],
)
def test_a_header_is_recognised(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    table = _csv(tmp_path, text, **({"as": "records", "delimiter": ";"} | options))
    assert len(table.records) == 1


def test_columns_and_header_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="files without a header"):
        _csv(tmp_path, "a\n", header=True, columns=["a"])


def _book(path: Path, rows: list[list[Any]], *, mac: bool = False) -> Path:
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def _with_values(path: Path, values: dict[str, str]) -> Path:
    """Add stored values to formulas, as a spreadsheet program does."""
    target = path.with_name("calculated.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                for formula, value in values.items():
                    empty, whole = f"<f>{formula}</f><v />", f"<f>{formula}</f>{value}"
                    assert (
                        empty.encode() in content or f"<f>{formula}</f><v></v>".encode() in content
                    )
                    content = content.replace(empty.encode(), whole.encode())
                    content = content.replace(f"<f>{formula}</f><v></v>".encode(), whole.encode())
            new.writestr(name, content)
    return target


FORMULAS = [["a", "b"], [1, "=A2+1"], [2, "=A3+2"], [3, 4], [5, '=""']]


@pytest.mark.parametrize("kind", ["records", "readings"])
def test_a_formula_without_a_stored_value_is_not_an_empty_cell(tmp_path: Path, kind: str) -> None:
    values = {"A2+1": "<v>2</v>", "A3+2": "", '""': "<v></v>"}
    path = _with_values(_book(tmp_path / "a.xlsx", FORMULAS), values)
    table = parse(path, **{"as": kind})
    (reject,) = table.rejects
    assert "cell B3 has a formula without a stored value" in reject.reason
    assert reject.item == "line 3 of calculated.xlsx"
    if kind == "records":
        assert [record.fields["b"] for record in table.records] == [2, 4, None]


def test_an_uncalculated_header_is_refused_or_read(tmp_path: Path) -> None:
    path = _with_values(_book(tmp_path / "a.xlsx", [["a", "=1"], [1, 2]]), {"1": ""})
    table = parse(path, **{"as": "records"})
    assert list(table.records[0].fields)[:2] == ["a", "(formula in B1)"]


@pytest.mark.parametrize(
    ("mac", "form", "serial", "day"),
    [
        (False, "excel", 46350.25, "2026-11-24T06:00:00"),
        (False, "excel", 1, "1900-01-01T00:00:00"),
        (False, "excel", 59, "1900-02-28T00:00:00"),
        (False, "excel", 61, "1900-03-01T00:00:00"),
        (True, "excel", 44888.25, "2026-11-24T06:00:00"),
        (True, "excel_1904", 44888.25, "2026-11-24T06:00:00"),
    ],
)
def test_date_serials_of_a_sheet(
    tmp_path: Path, mac: bool, form: str, serial: float, day: str
) -> None:
    path = _book(tmp_path / "a.xlsx", [["t", "v"], [serial, 1]], mac=mac)
    table = parse(path, **{"as": "records"}, time={"column": "t", "format": form, "zone": "UTC"})
    assert not table.rejects
    assert table.records[0].fields["_at"] == f"{day}+00:00"


@pytest.mark.parametrize(
    ("form", "cell", "at_us"),
    [
        ("excel", "46350.25", AT_US), ("excel_1904", "44888.25", AT_US),
        ("excel", "0.25", None), ("excel", "-1", None), ("excel", "nan", None),
        ("excel", "1e300", None), ("excel", "heute", None),
    ],
)  # fmt: skip
def test_date_serials_of_a_csv(tmp_path: Path, form: str, cell: str, at_us: int | None) -> None:
    time = {"column": "t", "format": form, "zone": "UTC"}
    table = _csv(tmp_path, f"t,v\n{cell},1\n", time=time)
    if at_us is None:
        (reject,) = table.rejects
        assert reject.reason.startswith("time: ")
    else:
        assert [sample[2] for sample in table.samples] == [at_us]


def test_a_text_of_a_sheet_is_no_number(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["t", "v", "w"], [AT, "1001", 5], [AT, "12.5", 6]]
    path = _book(tmp_path / "a.xlsx", rows)
    table = parse(path, **{"as": "readings"}, time={"column": "t"})
    assert _values(table) == ["1001", "12.5", 5.0, 6.0]
    german = _book(tmp_path / "b.xlsx", [["t", "v"], [AT, "1.001,5"]])
    form = {"decimal": "comma", "thousands": "."}
    assert _values(parse(german, **{"as": "readings"}, time={"column": "t"}, **form)) == [1001.5]


@pytest.mark.parametrize(
    ("options", "cell", "number"),
    [
        ({"decimal": "comma"}, "1,5", 1.5),
        ({"decimal": "comma"}, "1.000", None),
        ({"decimal": "comma"}, "1.234,5", None),
        ({"decimal": "comma", "thousands": "."}, "1.234,5", 1234.5),
        ({"thousands": ","}, "1.234,5", None),
        ({"decimal": "comma"}, "viele", "viele"),
        ({"decimal": "comma"}, "", ""),
    ],
)
def test_a_record_with_a_number_in_another_form_is_refused(
    tmp_path: Path, options: dict[str, Any], cell: str, number: Any
) -> None:
    text = f"Teil;Menge\nA;1\nB;{cell}\nC;3\n"
    more = {"as": "records", "delimiter": ";", "numbers": "Menge"} | options
    table = _csv(tmp_path, text, **more)
    items = [record.item for record in table.records]
    if number is None:
        assert items == ["line 2 of a.csv", "line 4 of a.csv"]
        (reject,) = table.rejects
        assert reject.reason.startswith("Menge: ")
        assert reject.item == "line 3 of a.csv"
    else:
        assert table.records[1].fields["Menge"] == number
    assert len({record.key for record in table.records}) == len(items)
