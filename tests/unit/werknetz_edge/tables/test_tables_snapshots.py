"""A snapshot that may be cut off withdraws nothing until the next one or a person confirms it."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plumbing.tables import create_table_parser, local_file
from werknetz_edge.files.connector import key_of
from werknetz_edge.files.inbox import FileRefused
from werknetz_edge.files.ledger import Ledger
from werknetz_edge.tables.config import TableSource

SOURCE: dict[str, Any] = {"as": "records", "delimiter": ";", "key": "Teil", "snapshot": True}


class Snapshots:
    """Reads files one after the other, as the connector does; keys that are in force."""

    def __init__(self, folder: Path, **source: Any) -> None:
        self.folder = folder
        self.ledger = Ledger(folder / "t.ledger")
        self.parser = create_table_parser(folder, **(SOURCE | source))
        self.parser.ledger = self.ledger
        self.in_force: dict[bytes, str] = {}
        self.remarks: list[str] = []

    def read(self, rows: str, *, is_moved: bool = True) -> str:
        """Return why a file was refused; `is_moved`: to `failed/`, or the edge is killed first."""
        path = self.folder / "a.csv"
        path.write_text(f"Teil;Menge\n{rows}")
        file = local_file(path)
        self.remarks.clear()
        try:
            for chunk in self.parser.parse(file):
                self.in_force |= {r.key: str(r.fields["Menge"]) for r in chunk.records}
                for end in chunk.group_ends:
                    self.in_force = {k: v for k, v in self.in_force.items() if k in end.keys}
                self.remarks += [reject.reason for reject in chunk.rejects]
                self.ledger.store_all(chunk.state_updates)
        except FileRefused as error:
            if is_moved:
                self.ledger.store(b"refused:" + key_of(file, "t"), b"moved")
            return str(error)
        return ""


def rows_of(count: int, first: int = 0) -> str:
    return "".join(f"{n};{n}\n" for n in range(first, first + count))


@pytest.mark.parametrize(
    ("before", "after", "source", "is_refused"),
    [
        (40, 20, {}, False),  # just half
        (40, 19, {}, True),
        (40, 0, {"empty": "accept"}, True),
        (12, 3, {}, False),  # nine are missing
        (12, 2, {}, True),
        (40, 31, {"missing_max": 0.1}, False),  # nine are missing
        (40, 30, {"missing_max": 0.1}, True),
        (100, 90, {"missing_max": 0.1}, False),
        (100, 89, {"missing_max": 0.1}, True),
        (40, 0, {"missing_max": 1, "empty": "accept"}, False),
        (40, 400, {}, False),
    ],
)
def test_a_snapshot_that_lacks_many_rows_is_refused(
    tmp_path: Path, before: int, after: int, source: dict[str, Any], *, is_refused: bool
) -> None:
    snapshots = Snapshots(tmp_path, **source)
    assert snapshots.read(rows_of(before)) == ""
    reason = snapshots.read(rows_of(after))
    if is_refused:
        assert reason.startswith(f"it has {after} rows, the snapshot before had {before}: ")
        assert "put it back into the inbox" in reason
        assert len(snapshots.in_force) == before
    else:
        assert reason == ""
        assert len(snapshots.in_force) == after


@pytest.mark.parametrize("again", [5, 6], ids=["put back", "the next one"])
def test_a_second_one_confirms_it(tmp_path: Path, again: int) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.read(rows_of(40))
    assert snapshots.read(rows_of(5))
    assert snapshots.read(rows_of(again)) == ""
    assert len(snapshots.in_force) == again
    assert snapshots.read(rows_of(40)) == ""
    assert snapshots.read(rows_of(5)), "it is judged anew"


def test_a_complete_one_ends_the_doubt(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.read(rows_of(40))
    assert snapshots.read(rows_of(5))
    assert snapshots.read(rows_of(39)) == ""
    assert len(snapshots.in_force) == 39
    assert snapshots.read(rows_of(6)), "it is the first that lacks so many again"
    assert len(snapshots.in_force) == 39


def test_a_kill_while_it_is_read_is_no_confirmation(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.read(rows_of(40))
    for _ in range(2):
        assert snapshots.read(rows_of(5), is_moved=False)
        assert len(snapshots.in_force) == 40


def test_a_last_row_that_is_cut_off_is_no_correction(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.read("A;500\nB;7\nC;9\n")
    assert snapshots.read("A;500\nB;1") == (
        "its last row has no line end, as if it were cut off: its missing rows are not withdrawn; "
        "if it is complete, put it back into the inbox, or wait for the next snapshot"
    )
    assert snapshots.remarks == ["it is the last row and has no line end: is the file cut off?"]
    assert sorted(snapshots.in_force.values()) == ["500", "7", "9"]
    assert snapshots.read("A;500\nB;1") == "", "a person has put it back"
    assert sorted(snapshots.in_force.values()) == ["1", "500"]
    assert snapshots.read("A;501\nB;2") == "", "its writer writes no line end any more"


def test_a_source_without_line_ends_at_the_end_is_read(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    assert snapshots.read("A;500\nB;7") == ""
    assert snapshots.read("A;500") == ""
    assert sorted(snapshots.in_force.values()) == ["500"]


@pytest.mark.parametrize(
    ("rows", "remark"),
    [
        ("A;1\nEND;1\n", ""),
        ("END;0\n", ""),
        ("A;1\nEND;2\n", "it has 1 rows, its trailer names 2: is it cut off?"),
        ("A;1\nB;2\nEND;1\n", "it has 2 rows, its trailer names 1: is it cut off?"),
        ("A;1\n", "it has no trailer: is it cut off? Send the whole file"),
        ("A;1\nEN", "it has no trailer: is it cut off? Send the whole file"),
        ("A;1\nEND;1\nB;2\n", "its trailer is not its last line"),
        ("END;0\nA;1\nEND;1\n", "its trailer is not its last line"),
    ],
)
def test_a_trailer_shows_whether_a_snapshot_is_complete(
    tmp_path: Path, rows: str, remark: str
) -> None:
    snapshots = Snapshots(tmp_path, trailer="END;(?P<rows>[0-9]+)", empty="accept")
    snapshots.read("A;1\nB;2\nC;3\nEND;3\n")
    snapshots.read(rows)
    if remark:
        assert remark in snapshots.remarks
        assert len(snapshots.in_force) == 3
    else:
        assert snapshots.remarks == []
        assert len(snapshots.in_force) == rows.count("\n") - 1


def test_a_trailer_may_have_other_cells_and_no_number(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, trailer="-- end .*", snapshot=False)
    assert snapshots.read("A;1\n-- end of file; a; b\n") == ""
    assert snapshots.remarks == []
    snapshots.read("A;1\n")
    assert snapshots.remarks == ["it has no trailer: is it cut off? Send the whole file"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"missing_max": 0}, "greater than 0"),
        ({"missing_max": 1.1}, "less than or equal to 1"),
        ({"missing_max": 0.5, "snapshot": False}, "`missing_max` is for `snapshot: true`"),
        ({"trailer": "("}, "trailer is no regular expression"),
        ({"trailer": "x", "as": "readings", "key": [], "snapshot": False}, "is for records"),
    ],
)
def test_wrong_options_are_named(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TableSource.model_validate({"name": "t", **SOURCE, **source})
