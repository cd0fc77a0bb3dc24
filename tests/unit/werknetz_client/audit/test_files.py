"""Exports of the audit log are verified without the server; each change of a file is found."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from werknetz_client.audit.chain import START, Expectation, Link, hash_of, verify_chain
from werknetz_client.audit.files import (
    AuditFileRejected,
    jsonb_text,
    read_links,
    write_csv,
    write_ndjson,
)
from werknetz_client.commands.shop_floor.audit_chain import parse_seal
from werknetz_client.errors import WerknetzError

# As PostgreSQL prints them: names by their length in bytes, numbers as they were given.
_CREATED = (
    '{"at": "2026-11-20T10:07:00.000000+00:00", "by": "eva", "id": 1, "after": {"a": '
    r'"x\n\u0007\"\\/ü€😀", "bb": 1000000000000000000000000000000, "ä": [1, 1.50, 0.0000001, null, '
    'true]}, "action": "created", "reason": "=1+1", "subject": "key", "subject_id": "p"}'
)
_REVOKED = (
    r'{"at": "2026-11-20T10:07:01.000000+00:00", "by": "a,\"b\"\r\n;", "id": 2, "action": "revoked"'
    ', "before": {}, "reason": "-", "subject": "key", "subject_id": "p"}'
)
ENTRIES = (_CREATED, _REVOKED)


def links() -> list[Link]:
    previous, chain = START.hash, []
    for seq, entry in enumerate(ENTRIES, start=1):
        chain.append(Link(seq, previous, hash_of(previous, entry), seq, entry))
        previous = chain[-1].hash
    return chain


WRITE = {"audit.ndjson": write_ndjson, "audit.csv": write_csv}


@pytest.fixture(params=WRITE)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    with path.open("w", encoding="utf-8", newline="") as opened:
        assert WRITE[request.param](links(), opened) == links()[-1].seal
    return path


def test_a_file_has_the_links_that_were_written(file: Path) -> None:
    limit = csv.field_size_limit()
    assert list(read_links(file)) == links()
    assert csv.field_size_limit() == limit  # other files of the process have theirs
    assert verify_chain(read_links(file), Expectation([links()[-1].seal])).broken is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("eva", "evi"),
        ("1.50", "1.5"),
        ("10:07:01", "10:07:02"),
        ("created", "changed"),
        ("=1+1", "=1+2"),
    ],
)
def test_a_changed_file_is_found(file: Path, old: str, new: str) -> None:
    text = file.read_bytes().decode()
    assert old in text
    for count in range(1, text.count(old) + 1):  # each place where it stands alone
        at = -1
        for _ in range(count):
            at = text.index(old, at + 1)
        file.write_bytes((text[:at] + new + text[at + len(old) :]).encode())
        assert verify_chain(read_links(file), Expectation(is_whole=False)).broken is not None


def test_cells_that_a_spreadsheet_would_compute_are_text() -> None:
    target = io.StringIO()
    write_csv(links(), target)
    assert ",'=1+1," in target.getvalue()
    assert ",'-," in target.getvalue()


def _spoil_number(text: str) -> str:
    return text.replace('"seq": 2', '"seq": "two"').replace("\r\n2,", "\r\ntwo,")


def _spoil_name(text: str) -> str:
    return text.replace("hash", "hush", 1)


def _spoil_hash(text: str) -> str:
    return text.replace(links()[0].hash, "ff")


def _spoil_form(text: str) -> str:
    return "seq\r\n1\r\n" if text.startswith("seq") else "[]\n"


# The second row of the CSV file ends in its fourth line: a cell of it has a line break.
@pytest.mark.parametrize(
    ("damage", "line", "csv_line", "detail"),
    [
        (_spoil_number, 2, 4, "two"),
        (_spoil_name, 1, 2, "'hash' is missing"),
        (_spoil_hash, 1, 2, "'ff' is not a hash"),
        (_spoil_form, 1, 2, ""),
    ],
)
def test_another_file_is_refused_with_its_line(
    file: Path, damage: Callable[[str], str], line: int, csv_line: int, detail: str
) -> None:
    file.write_bytes(damage(file.read_bytes().decode()).encode())
    number = csv_line if file.suffix == ".csv" else line
    with pytest.raises(AuditFileRejected, match=rf"line {number} .*{detail}") as rejected:
        list(read_links(file))
    assert "werknetz audit export" in rejected.value.hint


def test_a_quote_without_an_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "audit.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        write_csv(links(), opened)
    file.write_bytes(file.read_bytes() + b'"')
    with pytest.raises(AuditFileRejected, match="line"):
        list(read_links(file))


def test_long_documents_and_missing_entries_are_read(tmp_path: Path) -> None:
    entry = f'{{"id": 1, "after": {{"x": "{"y" * 200_000}"}}}}'
    chain = [Link(1, START.hash, hash_of(START.hash, entry), 1, entry)]
    chain.append(Link(2, chain[0].hash, "a" * 64, 0, None))
    for name, write in WRITE.items():
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as opened:
            write(chain, opened)
        assert list(read_links(tmp_path / name)) == chain


def test_an_empty_chain_has_no_last_seal() -> None:
    assert write_ndjson([], io.StringIO()) is None
    assert write_csv([], io.StringIO()) is None


def test_empty_lines_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    with file.open("w", encoding="utf-8") as opened:
        write_ndjson(links(), opened)
    file.write_text("\n" + file.read_text().replace("\n", "\n\n"))
    assert list(read_links(file)) == links()


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    with file.open("w", encoding="utf-8") as opened:
        write_ndjson(links()[:1], opened)
    file.write_text(file.read_text().replace('"by": "eva"', '"by": "max", "by": "eva"'))
    with pytest.raises(AuditFileRejected, match="'by' is there twice"):
        list(read_links(file))


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(AuditFileRejected, match="UTF-8"):
        list(read_links(file))


def test_names_are_in_the_order_of_postgresql() -> None:
    assert jsonb_text({"bb": 1, "a": [], "ä": {}}) == '{"a": [], "bb": 1, "ä": {}}'


@pytest.mark.parametrize(
    "text", ["", "1", "1:ab", f"x:{'a' * 64}", f"1:{'g' * 64}", "²:" + "a" * 64]
)
def test_a_seal_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WerknetzError, match="no seal"):
        parse_seal(text)


def test_a_seal_is_read_as_it_is_printed() -> None:
    assert parse_seal(str(links()[1].seal)) == links()[1].seal
