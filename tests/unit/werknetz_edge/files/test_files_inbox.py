"""Which files are complete, and what a file is called when its name is taken."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.file_system import InboxFile
from werknetz_edge.files.inbox import add_suffix, to_printable
from werknetz_edge.files.ledger import Ledger
from werknetz_edge.files.settle import LISTED_MAX, SettleFilter


def _settle_filter(*patterns: str, settle_s: float = 5.0) -> tuple[SettleFilter, list[float]]:
    now = [100.0]
    return SettleFilter(patterns or ("*",), settle_s, lambda: now[0]), now


def test_a_growing_file_is_not_listed() -> None:
    settling, now = _settle_filter()
    assert settling.list_settled([InboxFile("a.csv", 10, 1)]) == []
    now[0] += 4
    assert settling.list_settled([InboxFile("a.csv", 11, 1)]) == [], "its size has changed"
    now[0] += 4
    assert settling.list_settled([InboxFile("a.csv", 11, 2)]) == [], "its time has changed"
    now[0] += 5
    assert settling.list_settled([InboxFile("a.csv", 11, 2)]) == [InboxFile("a.csv", 11, 2)]


def test_a_file_that_was_removed_and_came_back_waits_again() -> None:
    settling, now = _settle_filter()
    settling.list_settled([InboxFile("a.csv", 10, 1)])
    settling.list_settled([])
    now[0] += 10
    assert settling.list_settled([InboxFile("a.csv", 10, 1)]) == []


@pytest.mark.parametrize(
    "name", [".a.csv", "a.csv.part", "a.csv.tmp", "a.csv.FILEPART", "~$a.csv", "x\\a.csv", "a.txt"]
)
def test_hidden_partial_and_other_files_are_ignored(name: str) -> None:
    settling, _ = _settle_filter("*.csv", settle_s=0)
    assert settling.list_settled([InboxFile(name, 1, 1)]) == []


def test_patterns_ignore_case() -> None:
    settling, _ = _settle_filter("*.csv", settle_s=0)
    assert len(settling.list_settled([InboxFile("ORDERS.CSV", 1, 1)])) == 1


def test_the_oldest_files_come_first_and_a_listing_is_bounded() -> None:
    settling, _ = _settle_filter(settle_s=0)
    listing = [InboxFile(f"{n}.csv", 1, 10_000 - n) for n in range(5_000)]
    settled = settling.list_settled(listing)
    assert len(settled) == LISTED_MAX
    assert settled[0].name == "4999.csv"
    assert len(settling._since) == LISTED_MAX


def test_names() -> None:
    assert [add_suffix("a.csv", n) for n in (0, 1, 2)] == ["a.csv", "a.1.csv", "a.2.csv"]
    assert add_suffix("readme", 3) == "readme.3"
    assert add_suffix(".hidden", 1) == ".hidden.1"
    assert to_printable("gr\udcfcn.csv") == "gr\\udcfcn.csv"


def test_the_ledger_stores_values_and_drops_the_oldest(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l", files_max=3, state_keys_max=2)
    for n in range(5):
        ledger.add_file(bytes([n]), f"{n}.csv")
        ledger.store(b"k%d" % n, b"v%d" % n)
    ledger.mark_moved(bytes([4]))
    ledger.close()
    reopened = Ledger(tmp_path / "l", files_max=3, state_keys_max=2)
    names = [reopened.first_name_of(bytes([n])) for n in range(5)]
    assert names == [None, None, "2.csv", "3.csv", "4.csv"]
    assert [reopened.is_moved(bytes([n])) for n in (3, 4)] == [False, True]
    assert [reopened.get(b"k%d" % n) for n in range(5)] == [None, None, None, b"v3", b"v4"]
    reopened.store(b"k4", b"new")
    assert reopened.get(b"k4") == b"new"
    reopened.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "set either `folder` or `sftp`"),
        ({"folder": "/x", "done": "f", "failed": "f"}, "two folders"),
        ({"folder": "/x", "done": "../etc"}, "pattern"),
        ({"sftp": {"host": "h", "user": "u"}}, "password_file"),
        ({"sftp": {"host": "h", "user": "u", "password": "x", "fingerprint": "MD5:1"}}, "SHA256"),
    ],
)
def test_a_wrong_inbox_is_rejected_with_a_reason(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        InboxConfig.model_validate(options)
