"""Which files are whole, and what a file is called when its name is taken."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from werknetz_edge.files.config import InboxConfig
from werknetz_edge.files.inbox import LOOK_MAX, FoundFile, Settling, printable, suffixed
from werknetz_edge.files.ledger import Ledger


def _settling(*patterns: str, settle_s: float = 5.0) -> tuple[Settling, list[float]]:
    now = [100.0]
    return Settling(patterns or ("*",), settle_s, lambda: now[0]), now


def test_a_file_that_still_grows_is_left_alone() -> None:
    settling, now = _settling()
    assert settling.whole([FoundFile("a.csv", 10, 1)]) == []
    now[0] += 4
    assert settling.whole([FoundFile("a.csv", 11, 1)]) == [], "it has grown: the wait begins anew"
    now[0] += 4
    assert settling.whole([FoundFile("a.csv", 11, 2)]) == [], "its time has changed"
    now[0] += 5
    assert settling.whole([FoundFile("a.csv", 11, 2)]) == [FoundFile("a.csv", 11, 2)]


def test_a_file_that_was_taken_away_and_came_back_waits_anew() -> None:
    settling, now = _settling()
    settling.whole([FoundFile("a.csv", 10, 1)])
    settling.whole([])
    now[0] += 10
    assert settling.whole([FoundFile("a.csv", 10, 1)]) == []


@pytest.mark.parametrize(
    "name", [".a.csv", "a.csv.part", "a.csv.tmp", "a.csv.FILEPART", "~$a.csv", "x\\a.csv", "a.txt"]
)
def test_what_is_not_meant_for_us_is_not_seen(name: str) -> None:
    settling, _ = _settling("*.csv", settle_s=0)
    assert settling.whole([FoundFile(name, 1, 1)]) == []


def test_patterns_do_not_care_about_case() -> None:
    settling, _ = _settling("*.csv", settle_s=0)
    assert len(settling.whole([FoundFile("ORDERS.CSV", 1, 1)])) == 1


def test_the_oldest_come_first_and_a_flood_is_bounded() -> None:
    settling, _ = _settling(settle_s=0)
    flood = [FoundFile(f"{n}.csv", 1, 10_000 - n) for n in range(5_000)]
    whole = settling.whole(flood)
    assert len(whole) == LOOK_MAX
    assert whole[0].name == "4999.csv"
    assert len(settling._since) == LOOK_MAX


def test_names() -> None:
    assert [suffixed("a.csv", n) for n in (0, 1, 2)] == ["a.csv", "a.1.csv", "a.2.csv"]
    assert suffixed("readme", 3) == "readme.3"
    assert suffixed(".hidden", 1) == ".hidden.1"
    assert printable("gr\udcfcn.csv") == "gr\\udcfcn.csv"


def test_the_ledger_remembers_and_forgets_the_oldest(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l", digests_kept=3, keys_kept=2)
    for n in range(5):
        ledger.keep(bytes([n]), f"{n}.csv")
        ledger.remember(b"k%d" % n, b"v%d" % n)
    ledger.moved(bytes([4]))
    ledger.close()
    again = Ledger(tmp_path / "l", digests_kept=3, keys_kept=2)
    assert [again.name_of(bytes([n])) for n in range(5)] == [None, None, "2.csv", "3.csv", "4.csv"]
    assert [again.is_moved(bytes([n])) for n in (3, 4)] == [False, True]
    assert [again.seen(b"k%d" % n) for n in range(5)] == [None, None, None, b"v3", b"v4"]
    again.remember(b"k4", b"new")
    assert again.seen(b"k4") == b"new"
    again.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "give `folder` or `sftp`"),
        ({"folder": "/x", "done": "f", "failed": "f"}, "two folders"),
        ({"folder": "/x", "done": "../etc"}, "pattern"),
        ({"sftp": {"host": "h", "user": "u"}}, "password_file"),
        ({"sftp": {"host": "h", "user": "u", "password": "x", "fingerprint": "MD5:1"}}, "SHA256"),
    ],
)
def test_a_wrong_inbox_says_why(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        InboxConfig.model_validate(options)
