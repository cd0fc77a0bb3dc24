"""XLSX: values, dates and formulas; bombs are refused before anything is unpacked."""

import io
import random
import time
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from plumbing.processor import slowness
from plumbing.tables import ParsedTable, parse
from werknetz_edge.files.inbox import FileRefused


def _book(path: Path, rows: list[list[Any]], *, title: str = "Daten") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    other = book.create_sheet("Notizen")
    other.append(["x"])
    book.save(path)
    return path


def _records(path: Path, **more: Any) -> ParsedTable:
    return parse(path, **({"as": "records"} | more))


def _repack(path: Path, target: Path, parts: dict[str, bytes]) -> Path:
    """Write the same workbook with parts replaced or added."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return target


def test_values_dates_and_empty_cells(tmp_path: Path) -> None:
    at = datetime(2026, 11, 24, 6, 30)  # noqa: DTZ001  a sheet has no time zones
    path = _book(
        tmp_path / "a.xlsx",
        [["Zeit", "Menge", "Text", "Ja"], [at, 12.5, "ü", True], [], [at, 3, None, None]],
    )
    table = _records(path, time={"column": "Zeit", "zone": "Europe/Berlin"})
    first, second = table.records
    assert first.fields["Zeit"] == at
    assert (first.fields["Menge"], first.fields["Text"], first.fields["Ja"]) == (12.5, "ü", True)
    assert first.fields["_at"] == "2026-11-24T05:30:00+00:00"
    assert first.source_time_us == 1_795_498_200_000_000
    assert (second.fields["Text"], second.item) == (None, "line 4 of a.xlsx")


def test_readings_and_a_row_that_is_too_long(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["t", "m", "v"], [1, "m1", 2.5], [2, "m1", 3, 4, 5]])
    table = parse(
        path, **{"as": "readings", "address": "{m}", "time": {"column": "t", "format": "unix_s"}}
    )
    assert table.samples == [("m1#v", 2.5, 1_000_000, 0)]
    assert [reject.item for reject in table.rejects] == ["line 3 of a.xlsx"]


def test_formulas_are_read_as_their_computed_values(tmp_path: Path) -> None:
    path = _book(tmp_path / "plain.xlsx", [["a", "b"], [1, 2]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    computed = sheet.replace(b'<c r="B2" t="n"><v>2</v>', b'<c r="B2"><f>A2+41</f><v>42</v>')
    assert computed != sheet
    workbook = _repack(path, tmp_path / "f.xlsx", {"xl/worksheets/sheet1.xml": computed})
    assert _records(workbook).records[0].fields["b"] == 42


def test_the_sheet_by_name(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["a"], [1]])
    assert _records(path, sheet="Daten").records[0].fields["a"] == 1
    assert _records(path, sheet="Notizen").records == []
    with pytest.raises(FileRefused, match="it has: Daten, Notizen"):
        _records(path, sheet="Data")


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row></sheetData></worksheet>"""


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"xl/worksheets/sheet1.xml": b" " * 60_000_000}, "bomb"),
        ({"xl/sharedStrings.xml": b"<si><t>a</t></si>" * 1_000_000}, "bomb"),
        ({"xl/worksheets/sheet1.xml": LAUGHS}, "EntitiesForbidden|DTDForbidden"),
        ({"xl/styles.xml": LAUGHS}, "EntitiesForbidden|DTDForbidden"),
        ({"xl/../../etc/passwd": b"x"}, "outside"),
        ({"/etc/passwd": b"x"}, "outside"),
        ({"xl/styles.xml": b"<a>" + random.Random(1).randbytes(5_000_000)}, "more than"),
        ({"xl/worksheets/sheet1.xml": b"<worksheet><row"}, "not a readable"),
        ({"xl/workbook.xml": b"<a/>"}, "not a|no sheet|be read"),
    ],
)
def test_bombs_and_broken_books_are_refused(
    tmp_path: Path, parts: dict[str, bytes], message: str
) -> None:
    path = _book(tmp_path / "a.xlsx", [["a", "b"], ["x", "y"]])
    evil = _repack(path, tmp_path / "evil.xlsx", parts)
    began_s = time.process_time()
    with pytest.raises(FileRefused, match=message):
        _records(evil)
    assert time.process_time() - began_s < 3.0 * slowness()


def test_links_and_many_parts_are_refused(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["a"], [1]])
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("xl/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FileRefused, match="link"):
        _records(path)
    many = tmp_path / "many.xlsx"
    with zipfile.ZipFile(many, "w") as archive:
        for n in range(5_001):
            archive.writestr(f"{n}", b"")
    with pytest.raises(FileRefused, match="5001 parts"):
        _records(many)


def test_any_damage_is_read_or_refused(tmp_path: Path) -> None:
    whole = _book(tmp_path / "a.xlsx", [["a", "b"], *([n, f"text {n}"] for n in range(50))])
    content = whole.read_bytes()
    chance = random.Random(7)
    path = tmp_path / "damaged.xlsx"
    for _ in range(120):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 20)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(
            damaged[: chance.randint(1, len(damaged))] if chance.random() < 0.2 else damaged
        )
        try:
            _records(path)
        except FileRefused:
            continue  # a refusal is correct, too
    path.write_bytes(chance.randbytes(1_000_000))
    with pytest.raises(FileRefused, match="not a"):
        _records(path)


def test_damage_inside_the_sheet_is_read_or_refused(tmp_path: Path) -> None:
    whole = _book(tmp_path / "a.xlsx", [["a", "b"], *([n, f"text {n}"] for n in range(20))])
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(11)
    for _ in range(150):
        name = chance.choice(sorted(parts))
        damaged = bytearray(parts[name])
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.choice(b'<>"=/ 09azA&;')
        archive_bytes = io.BytesIO()
        with zipfile.ZipFile(archive_bytes, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in parts.items():
                archive.writestr(part, bytes(damaged) if part == name else content)
        (tmp_path / "d.xlsx").write_bytes(archive_bytes.getvalue())
        try:
            _records(tmp_path / "d.xlsx")
        except FileRefused:
            continue  # a refusal is correct, too


def test_cells_far_to_the_right_are_skipped_without_memory(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", [["a"], [1]])
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 20_000))
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>7</v></c></row>' + rows + "</sheetData></worksheet>"
    )
    far = _repack(path, tmp_path / "far.xlsx", {"xl/worksheets/sheet1.xml": sheet.encode()})
    table = _records(far)
    assert table.records == []
