"""The supplier's files read by others' parsers say what its arithmetic says; the diary keeps."""

import csv
import io
from collections import Counter
from pathlib import Path

import asyncssh
import pytest
from pydifact.parser import Parser

from werknetz_simulator.partners.foundry.edifact_writer import CHARSET
from werknetz_simulator.partners.foundry.expected import ANNOUNCED, CALLED_OFF, COUNTED, known
from werknetz_simulator.partners.foundry.feed import DONE, DONE_KEPT, Feed, files_of
from werknetz_simulator.partners.foundry.folders import Place
from werknetz_simulator.partners.foundry.message_spans import PAST_US, Diary, Span, read_diary
from werknetz_simulator.partners.foundry.stock_file import german
from werknetz_simulator.partners.foundry.timeline import SLOT_US, SupplierTruth
from werknetz_simulator.plants.plan import DAY_US, HOUR_US

NOW_US = 1_795_500_000 * 1_000_000 + 7_000_000
WEEK = Span(NOW_US - PAST_US, NOW_US, HOUR_US)
LIVE = Span(NOW_US, None, SLOT_US)


def _files(span: Span, until_us: int) -> list[tuple[str, bytes]]:
    truth = SupplierTruth()
    return [
        file
        for at_us in span.slots(until_us)
        for document in truth.documents(at_us)
        for file in files_of(document)
    ]


@pytest.mark.filterwarnings("ignore")  # pydifact misses most directories, and says so each time
@pytest.mark.parametrize("span", [WEEK, LIVE], ids=["week", "live"])
def test_the_files_say_what_the_arithmetic_says(span: Span) -> None:
    until_us = NOW_US + HOUR_US
    counts: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for name, content in _files(span, until_us):
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"):
                counts[COUNTED] += 1
                number = row["Bestand"].replace(".", "").replace(",", ".")
                totals[COUNTED] += round(float(number) * 100)
            continue
        segments = [*Parser().parse(content.decode(CHARSET))]
        (opening,) = [each for each in segments if each.tag == "BGM"]
        if opening[2] == "7":
            continue  # a duplicate by its own word
        quantities = [each for each in segments if each.tag == "QTY"]
        kind = ANNOUNCED if opening[0] == "351" else CALLED_OFF
        if b"0148" in content:
            quantities = [*quantities[:4], *quantities[8:]]  # its second line is unreadable
        counts[kind] += len(quantities)
        totals[kind] += sum(round(float(segment[0][1]) * 100) for segment in quantities)
    facts = known(SupplierTruth(), [span], until_us).facts
    assert counts == {kind: each.count for kind, each in facts.items()}
    assert totals == {kind: round(each.quantity * 100) for kind, each in facts.items()}


@pytest.mark.parametrize("day", range(8))
def test_each_week_has_one_wrong_date_and_one_message_sent_twice(day: int) -> None:
    end_us = NOW_US + day * DAY_US
    week = Span(end_us - PAST_US, end_us, HOUR_US)
    assert len(known(SupplierTruth(), [week], end_us).refused) == 1
    names = [name for name, _ in _files(week, end_us)]
    (again,) = [name for name in names if name.endswith("_2.edi")]
    assert again.replace("_2.edi", ".edi") in names
    assert len(set(names)) == len(names)


def test_the_same_seed_tells_the_same_and_another_something_else() -> None:
    (at_us, *_) = LIVE.slots(NOW_US + SLOT_US)
    assert [*SupplierTruth("a").documents(at_us)] == [*SupplierTruth("a").documents(at_us)]
    assert [*SupplierTruth("a").documents(at_us)] != [*SupplierTruth("b").documents(at_us)]
    with pytest.raises(ValueError, match="between two slots"):
        list(SupplierTruth().documents(at_us + 1))


def test_a_stop_is_told_by_the_hour_and_a_kill_goes_on_by_the_slot(tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    first = Diary(file, NOW_US)
    for at_us in first.waiting(NOW_US + 3 * SLOT_US):
        first.told(at_us)
    killed = Diary(file, NOW_US)
    waiting = [*killed.waiting(NOW_US + 5 * SLOT_US)]
    assert len(waiting) == 2
    killed.told(waiting[0])
    later_us = NOW_US + 5 * HOUR_US
    again = Diary(file, later_us)
    assert len([*again.waiting(later_us)]) == 5
    spans, told_us = read_diary(file)
    told = [at_us for span in spans for at_us in span.slots(later_us)]
    assert len(told) == len(set(told)) == 7 * 24 + 4 + 5
    assert told_us == waiting[0]


def test_a_start_that_ended_before_its_past_was_told_leaves_no_hole(tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    first = Diary(file, NOW_US)
    first.told([*first.waiting(NOW_US)][9])
    again = Diary(file, NOW_US + 60_000_000)
    waiting = [*again.waiting(NOW_US + 60_000_000)]
    spans, _ = read_diary(file)
    assert len(waiting) == 7 * 24 - 10
    assert sum(len([*span.slots(NOW_US)]) for span in spans) == 7 * 24


def test_files_appear_whole_with_their_time_and_old_ones_are_swept(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "told.json", NOW_US)
    feed = Feed(tmp_path / "partner", SupplierTruth(), diary)
    done = tmp_path / "partner" / "stock" / DONE
    done.mkdir()
    for number in range(DONE_KEPT + 3):
        (done / f"{number}.csv").write_text("")
    feed.tell(NOW_US)
    assert len([*done.iterdir()]) == DONE_KEPT
    files = [*(tmp_path / "partner").glob("*/*.*")]
    assert len(files) == len(_files(WEEK, NOW_US))
    assert {file.stat().st_mtime_ns // 1000 for file in files} <= {*WEEK.slots(NOW_US)}
    feed.tell(NOW_US)
    assert len([*(tmp_path / "partner").glob("*/*.*")]) == len(files)


def test_numbers_are_german() -> None:
    assert [german(1234567.5), german(0.25), german(999)] == ["1.234.567,50", "0,25", "999,00"]


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    place = Place(tmp_path)
    key.write_public_key(str(place.public_key))
    assert place.fingerprint() == key.get_fingerprint()
