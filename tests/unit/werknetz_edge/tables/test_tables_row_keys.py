"""Keys of rows, corrections, snapshots and files without rows."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plumbing.tables import create_table_parser, local_file, parse
from werknetz.connector.contract import SourceRecord
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.files.ledger import Ledger

ASN: dict[str, Any] = {"as": "records", "delimiter": ";"}
HEADER = "Lieferschein;Position;Material;Menge\n"


class Files:
    """Parses files one after the other, as the connector does, and notes them in a ledger."""

    def __init__(self, folder: Path, **source: Any) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.parser = create_table_parser(folder, **ASN, **source)
        self.parser.ledger = Ledger(folder / "t.ledger")
        self.facts: dict[bytes, dict[str, Any]] = {}
        self.chunks: list[Chunk] = []
        self.revisions = 0

    def read(self, name: str, rows: str, header: str = HEADER) -> list[SourceRecord]:
        path = self.folder / name
        path.write_text(header + rows)
        assert self.parser.ledger is not None
        self.chunks = list(self.parser.parse(local_file(path)))
        records = []
        for chunk in self.chunks:
            self.parser.ledger.store_all(chunk.state_updates)
            records += chunk.records
            for record in chunk.records:
                self._apply(record)
            for end in chunk.group_ends:
                self.facts = {key: row for key, row in self.facts.items() if key in end.keys}
        return records

    def _apply(self, record: SourceRecord) -> None:
        if record.deleted:
            self.facts.pop(record.key, None)
            return
        assert not (record.is_new and record.key in self.facts)
        before = self.facts.get(record.key)
        self.revisions += before is not None and before["Menge"] != record.fields["Menge"]
        self.facts[record.key] = dict(record.fields)

    def quantities(self) -> list[str]:
        return sorted(row["Menge"] for row in self.facts.values())

    def remarks(self) -> list[str]:
        return [reject.reason for chunk in self.chunks for reject in chunk.rejects]


KEY = {"key": ["Lieferschein", "Position"]}


@pytest.mark.parametrize(
    ("source", "second", "in_force", "revisions"),
    [
        (KEY, "b.csv", ["450"], 1),
        (KEY, "a.csv", ["450"], 1),
        ({}, "a.csv", ["450"], 1),
        ({}, "b.csv", ["450", "500"], 0),  # another document, for all that can be known
        ({"same_name": "add"}, "a.csv", ["450", "500"], 0),
    ],
)
def test_a_corrected_row_revises_the_first(
    tmp_path: Path, source: dict[str, Any], second: str, in_force: list[str], revisions: int
) -> None:
    files = Files(tmp_path, **source)
    files.read("a.csv", "1001;10;BOLT;500\n")
    files.read(second, "1001;10;BOLT;450\n")
    assert files.quantities() == in_force
    assert files.revisions == revisions


@pytest.mark.parametrize(
    ("rows", "in_force"),
    [
        ("1;1;A;1\n2;1;B;2\n", ["1", "2"]),  # one less
        ("1;1;A;1\n2;1;B;2\n3;1;C;3\n4;1;D;4\n", ["1", "2", "3", "4"]),
        ("0;1;Z;9\n1;1;A;1\n2;1;B;2\n3;1;C;3\n", ["1", "2", "3", "9"]),  # one before the others
        ("3;1;C;3\n", ["3"]),
        ("1;1;A;1\n1;1;A;1\n", ["1", "1"]),  # two equal rows are two rows
    ],
)
def test_a_file_of_the_same_name_replaces_its_rows(
    tmp_path: Path, rows: str, in_force: list[str]
) -> None:
    files = Files(tmp_path)
    files.read("a.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n")
    files.read("other.csv", "7;1;G;7\n")
    files.read("a.csv", rows)
    assert files.quantities() == sorted([*in_force, "7"])
    files.read("a.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n")
    assert files.quantities() == ["1", "2", "3", "7"]


def test_withdrawals_of_a_long_file_come_in_parts(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.read("a.csv", "".join(f"{n};1;A;{n}\n" for n in range(5_300)))
    records = files.read("a.csv", "0;1;A;0\n")
    assert [record.deleted for record in records] == [False] + [True] * 5_299
    assert max(len(chunk.records) for chunk in files.chunks) == 1_000
    assert files.quantities() == ["0"]


def test_an_unreadable_row_does_not_shift_the_others(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.read("a.csv", "1;1;A;1\n2;1;B\n3;1;C;3\n")
    assert files.quantities() == ["1", "3"]
    files.read("a.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n")
    assert (files.quantities(), files.revisions) == (["1", "2", "3"], 0)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1;10;BOLT;500\n1;10;PLATE;7\n", "an earlier row of the file has the same key"),
        (";;BOLT;500\n", "is empty"),
        (" ; ;BOLT;500\n", "is empty"),
        ("1;10;BOLT;500\n1;10;BOLT;500\n", ""),
        ("1;10;BOLT;500\n1;;BOLT;7\n", ""),
        ("1;10;BOLT;500\n 1 ;10;BOLT;500\n", ""),
    ],
)
def test_rows_of_one_file_with_equal_keys(tmp_path: Path, rows: str, reason: str) -> None:
    files = Files(tmp_path, **KEY)
    files.read("a.csv", rows)
    assert [reason in remark for remark in files.remarks()] == ([True] if reason else [])


@pytest.mark.parametrize(
    ("rows", "in_force", "remark"),
    [
        ("1;1;A;1\n3;1;C;3\n", ["1", "3"], ""),
        ("3;1;C;3\n1;1;A;1\n2;1;B;2\n", ["1", "2", "3"], ""),
        ("1;1;A;1\n3;1\n", ["1", "2", "3"], "rows that it lacks are not withdrawn"),
        ("1;1;A;1\n1;1;A;9\n", ["1", "2", "3"], "rows that it lacks are not withdrawn"),
        ("", ["1", "2", "3"], "set `empty: accept`"),
    ],
)
def test_a_snapshot_withdraws_what_it_lacks_and_only_when_it_is_complete(
    tmp_path: Path, rows: str, in_force: list[str], remark: str
) -> None:
    files = Files(tmp_path, snapshot=True, **KEY)
    files.read("monday.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n")
    files.read("tuesday.csv", rows)
    assert files.quantities() == in_force
    assert any(remark in text for text in files.remarks()) == bool(remark)


def test_an_empty_snapshot_withdraws_all_where_that_is_accepted(tmp_path: Path) -> None:
    files = Files(tmp_path, snapshot=True, empty="accept", **KEY)
    files.read("monday.csv", "1;1;A;1\n2;1;B;2\n")
    files.read("tuesday.csv", "", header="")  # not even a header: a failed export
    assert files.quantities() == ["1", "2"]
    files.read("wednesday.csv", "")
    assert files.quantities() == []


def test_a_large_snapshot_withdraws_nothing_and_is_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("row_keys", "row_records"):
        monkeypatch.setattr(f"werknetz_edge.tables.{module}.SNAPSHOT_ROWS_MAX", 3)
    files = Files(tmp_path, snapshot=True, **KEY)
    files.read("a.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n")
    files.read("b.csv", "1;1;A;1\n2;1;B;2\n4;1;D;4\n")  # the largest that is compared
    assert files.quantities() == ["1", "2", "4"]
    files.read("c.csv", "1;1;A;1\n2;1;B;2\n3;1;C;3\n5;1;E;5\n")
    assert files.quantities() == ["1", "2", "3", "4", "5"]
    assert "more than 3 rows" in files.remarks()[0]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", HEADER])
@pytest.mark.parametrize("kind", ["records", "readings"])
@pytest.mark.parametrize("empty", [None, "remark", "refuse", "accept"])
def test_a_file_without_rows(tmp_path: Path, content: str, kind: str, empty: str | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    source = {"as": kind} | ({} if empty is None else {"empty": empty})
    effective = empty or ("remark" if kind == "records" else "accept")
    if effective == "refuse":
        with pytest.raises(FileRefused, match="set `empty: accept`"):
            parse(path, **source)
        return
    table = parse(path, **source)
    assert not table.records
    assert not table.readings
    assert [r.item for r in table.rejects] == (
        ["the whole file a.csv"] if effective == "remark" else []
    )


def test_an_empty_file_withdraws_its_rows_only_where_that_is_accepted(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.read("a.csv", "1;1;A;1\n2;1;B;2\n")
    files.read("a.csv", "")
    assert files.quantities() == ["1", "2"]
    files.read("a.csv", "1;1;A;1\n")
    assert files.quantities() == ["1"]
    accepting = Files(tmp_path, empty="accept")
    accepting.read("b.csv", "1;1;A;1\n2;1;B;2\n")
    accepting.read("b.csv", "")
    assert accepting.quantities() == []


@pytest.mark.parametrize(
    ("source", "name", "rows", "is_remarked"),
    [
        ({}, "b.csv", 20, True),
        ({}, "a.csv", 20, False),  # a correction
        ({}, "b.csv", 19, False),  # too few
        (KEY, "b.csv", 20, False),
        ({"same_name": "add"}, "b.csv", 1_000, True),
        ({"same_name": "add"}, "a.csv", 20, True),
    ],
)
def test_a_file_that_begins_with_the_rows_of_another_is_remarked(
    tmp_path: Path, source: dict[str, Any], name: str, rows: int, *, is_remarked: bool
) -> None:
    files, lines = Files(tmp_path, **source), "".join(f"{n};1;A;{n}\n" for n in range(rows))
    files.read("a.csv", lines)
    assert files.remarks() == []
    files.read(name, f"{lines}5000;1;B;5000\n")
    assert [("same rows as a.csv" in text) for text in files.remarks()] == [True] * is_remarked


def test_keys_are_compared_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("werknetz_edge.tables.row_keys.IN_MEMORY_MAX", 50)
    rows = "".join(f"{n % 400};1;A;{n % 400}\n" for n in range(2_000))
    files = Files(tmp_path, **KEY)
    files.read("a.csv", f"{rows}7;1;A;8\n")
    assert len(files.facts) == 400
    assert len(files.remarks()) == 1
    assert not list(tmp_path.glob("*.rows"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"as": "records", "snapshot": True}, "`snapshot` needs `key`"),
        ({"as": "readings", "snapshot": True}, "are for records"),
        ({"as": "records", "key": "a", "same_name": "add"}, "`same_name` is for records without"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, source: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        create_table_parser(tmp_path, **source)


def test_a_ledger_of_version_0_1_withdraws_the_facts_of_its_rows(tmp_path: Path) -> None:
    """A correction after the upgrade does not add to the fact that version 0.1 has stored."""
    ledger = Ledger(tmp_path / "t.ledger")
    ledger.add_file(b"a file", "a.csv")
    ledger.close()
    with sqlite3.connect(tmp_path / "t.ledger") as db:
        db.execute("PRAGMA user_version = 0")  # as version 0.1 leaves it
    db.close()
    files = Files(tmp_path, **KEY)
    corrected, former = files.read("b.csv", "1001;10;BOLT;450\n")
    assert not corrected.deleted
    assert (former.deleted, former.has_former_identity) == (True, True)
    assert former.key.hex() == "34b1e9faf93793dc029612940234e311"  # as version 0.1 computed it
    new = Files(tmp_path / "new", **KEY)
    assert len(new.read("b.csv", "1001;10;BOLT;450\n")) == 1
    again = Files(tmp_path / "new", **KEY)
    assert len(again.read("c.csv", "1001;10;BOLT;451\n")) == 1
